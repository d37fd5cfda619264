import { z } from 'zod';
import { identifier, instant, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'backup_job',
  {
    /** The `resource` that was to be backed up. */
    resource: identifier,
    resource_type: text,
    /** Empty where it lies in no one region. */
    region: text,
    status: z.enum(['pending', 'running', 'completed', 'partial', 'failed', 'aborted', 'expired']),
    /** Whether it made a whole backup. */
    succeeded: z.boolean(),
    /** Whether it has ended, well or not. */
    ended: z.boolean(),
    started_at: instant,
    ended_at: instant.nullable(),
    bytes: z.int().nonnegative().nullable(),
    /** The `resource` of the vault; empty: not told. */
    vault: text,
    /** The `resource` of the plan; empty: somebody started it. */
    plan: text,
    /** The recovery point that it made or wrote into; empty: none, or not told. */
    point: text,
    /** The source's own word for what went wrong; empty: nothing. No free text, which may hold anything. */
    cause: text,
  },
  { indexes: [['resource', 'succeeded', 'started_at'], 'plan'] },
);

/** One attempt to back something up, with its outcome. */
export type BackupJobRecord = z.infer<typeof table.schema>;

export const backupJob = table.kind;
