import { z } from 'zod';
import { identifier, instant, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const seconds = z.int().nonnegative().nullable();

const table = tableKind(
  'restore_test',
  {
    /** What was restored, as the asset register names it. */
    system: identifier,
    /** `failover`: another site or zone took over. */
    type: z.enum(['restore', 'failover']),
    performed_at: instant,
    /** Whether what came back was looked at and was right. */
    succeeded: z.boolean(),
    /** How long it took, and how long it may take; null, here and below: the register doesn't tell. */
    restored_within_seconds: seconds,
    time_objective_seconds: seconds,
    /** How old the newest data were that came back, and how old they may be. */
    data_age_seconds: seconds,
    data_objective_seconds: seconds,
    /** The report's own number; empty: none. */
    report: text,
  },
  {
    indexes: [['system', 'type', 'succeeded', 'performed_at']],
    generated: {
      /** Whether it is told, and so, that it succeeded within both objectives. */
      objectives_met: `succeeded AND ifnull(restored_within_seconds <= time_objective_seconds, 0)
        AND ifnull(data_age_seconds <= data_objective_seconds, 0)`,
    },
  },
);

/** A test of getting a system back, as somebody wrote it down. */
export const restoreTest = table.kind;
