import { z } from 'zod';
import { identifier, instant, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'restore_job',
  {
    /** The `resource` whose backup it was; empty: the source doesn't tell. */
    resource: text,
    /** The recovery point that it restored from. */
    point: identifier,
    resource_type: text,
    /** Empty where it lies in no one region. */
    region: text,
    status: z.enum(['pending', 'running', 'completed', 'failed', 'aborted']),
    /** Whether it ended well, and its validation too where there was one. */
    succeeded: z.boolean(),
    ended: z.boolean(),
    /** `none`: nobody looked at what was restored. */
    validation: z.enum(['none', 'running', 'successful', 'failed', 'timed_out']),
    /** Whether a testing plan started it. */
    tested: z.boolean(),
    started_at: instant,
    ended_at: instant.nullable(),
    /** From start to end; null: not ended. */
    duration_seconds: z.int().nonnegative().nullable(),
    /** What was made; empty: nothing. */
    created: text,
  },
  { indexes: [['resource', 'succeeded', 'started_at'], 'point'] },
);

/** One attempt to restore something from a backup, with its outcome. */
export type RestoreJobRecord = z.infer<typeof table.schema>;

export const restoreJob = table.kind;
