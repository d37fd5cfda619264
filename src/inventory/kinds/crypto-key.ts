import { z } from 'zod';
import { identifier, instant, text } from '../define-kind.ts';
import { tableKind, tags } from '../table-kind.ts';

const table = tableKind(
  'crypto_key',
  {
    /** The vendor's own name of it that is like no other, such as an ARN: what other records refer to it by. */
    resource: identifier,
    /** Its alias, else its id. */
    name: text,
    /** Empty where it lies in no one region. */
    region: text,
    /** `vendor`: the vendor made it for a service of its own and rotates it. */
    managed_by: z.enum(['organisation', 'vendor']),
    state: z.enum(['enabled', 'disabled', 'pending_deletion', 'pending_import', 'unavailable', 'other']),
    usage: z.enum(['encryption', 'signing', 'mac', 'agreement']),
    /** Where its material came from: `vendor`, `imported`, or a key store of the organisation's own. */
    origin: z.enum(['vendor', 'imported', 'own_store']),
    /** Whether the service can rotate it by itself. */
    rotatable: z.boolean(),
    rotation_enabled: z.boolean().nullable(),
    rotation_period_days: z.int().positive().nullable(),
    /** Last rotation, else creation. */
    rotated_at: instant.nullable(),
    created_at: instant.nullable(),
    /** When it will be destroyed; null: that isn't planned. */
    deletion_at: instant.nullable(),
    /** Whether its material was brought along and is thrown away at a set time. */
    material_expires: z.boolean(),
    material_expires_at: instant.nullable(),
    /** Who may use it by its own policy. `everyone`: a wildcard that no condition narrows to an account, an organisation or a service. */
    principals: z.array(
      z.strictObject({
        /** As the policy has it. */
        principal: identifier,
        type: z.enum(['everyone', 'account', 'principal', 'service', 'federated']),
        /** The account it belongs to; empty: none. */
        account: z.string(),
        may_decrypt: z.boolean(),
        may_administer: z.boolean(),
        /** Whether a condition narrows it. */
        conditioned: z.boolean(),
      }),
    ),
    tags,
  },
  { indexes: ['resource'] },
);

/** A key of a key management service. */
export type CryptoKeyRecord = z.infer<typeof table.schema>;

export const cryptoKey = table.kind;
