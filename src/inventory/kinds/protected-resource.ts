import { z } from 'zod';
import { identifier, instant, text } from '../define-kind.ts';
import { tableKind, tags } from '../table-kind.ts';

const table = tableKind(
  'protected_resource',
  {
    /** The vendor's own name of it that is like no other, such as an ARN: what other records refer to it by. */
    resource: identifier,
    name: text,
    type: z.enum([
      'bucket',
      'volume',
      'instance',
      'database',
      'database_cluster',
      'table',
      'file_system',
      'other',
    ]),
    /** Empty where it lies in no one region. */
    region: text,
    created_at: instant.nullable(),
    /** Whether its past can be restored to any point in time. */
    continuous: z.boolean().nullable(),
    /** The latest point in time that it can be restored to, by its own service's word; null: none, or not told. */
    restorable_until: instant.nullable(),
    /** Days for which its own service keeps automatic backups; 0: it makes none. */
    retention_days: z.int().nonnegative().nullable(),
    tags,
  },
  { indexes: ['resource'] },
);

/** Something that can be backed up, whether or not it is: whether it must be is the organisation's rule. */
export type ProtectedResourceRecord = z.infer<typeof table.schema>;

export const protectedResource = table.kind;
