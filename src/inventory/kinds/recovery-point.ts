import { z } from 'zod';
import { identifier, instant, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'recovery_point',
  {
    /** The `resource` that it is a backup of. */
    resource: identifier,
    /** The vendor's own name of the recovery point itself. */
    point: identifier,
    /** Empty where it lies in no one region. */
    region: text,
    type: z.enum(['backup', 'snapshot', 'continuous']),
    /** The `resource` of the vault; empty: it lies in none. */
    vault: text,
    /** `partial`: made, but not whole. */
    status: z.enum(['completed', 'partial', 'creating', 'expired', 'deleting', 'failed', 'other']),
    /** Whether it is whole and can be restored from. */
    usable: z.boolean(),
    /** The point in time whose state it holds: when it was begun. */
    taken_at: instant,
    /** When it will be deleted by itself; null: never, or not told. */
    expires_at: instant.nullable(),
    encrypted: z.boolean().nullable(),
    encryption_key: text,
    /** Whether everybody may restore from it. */
    public: z.boolean().nullable(),
    /** Other accounts that may restore from it. */
    shares: z.array(identifier),
    /** Whether the source told those: otherwise none listed says nothing. */
    shares_told: z.boolean(),
  },
  { indexes: [['resource', 'usable', 'taken_at'], 'point', 'vault'] },
);

/** A backup or snapshot that something can be restored from. */
export type RecoveryPointRecord = z.infer<typeof table.schema>;

export const recoveryPoint = table.kind;
