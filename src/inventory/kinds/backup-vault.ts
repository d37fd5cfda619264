import { z } from 'zod';
import { identifier, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'backup_vault',
  {
    /** The vendor's own name of it that is like no other, such as an ARN: what other records refer to it by. */
    resource: identifier,
    name: text,
    /** Empty where it lies in no one region. */
    region: text,
    /** Whether a lock keeps backups from being deleted before their time. */
    locked: z.boolean(),
    /** Whether nobody, root included, can take that lock away any more. */
    lock_final: z.boolean(),
    /** What the lock demands; null: it demands none. */
    min_retention_days: z.int().nonnegative().nullable(),
    max_retention_days: z.int().nonnegative().nullable(),
    recovery_points: z.int().nonnegative(),
    encryption_key: text,
  },
  { indexes: ['resource', 'name'] },
);

/** Where backups are kept. */
export type BackupVaultRecord = z.infer<typeof table.schema>;

export const backupVault = table.kind;
