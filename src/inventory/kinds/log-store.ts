import { z } from 'zod';
import { identifier, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'log_store',
  {
    /** The vendor's own name of it that is like no other, such as an ARN: what other records refer to it by. */
    resource: identifier,
    name: text,
    /** Empty where it lies in no one region. */
    region: text,
    /** Days; 0: kept without end. */
    retention_days: z.int().nonnegative(),
    encryption_key: text,
    bytes: z.int().nonnegative().nullable(),
    deletion_protected: z.boolean().nullable(),
  },
  { indexes: ['resource'] },
);

/** Where log events are kept. */
export type LogStoreRecord = z.infer<typeof table.schema>;

export const logStore = table.kind;
