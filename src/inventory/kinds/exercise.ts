import { z } from 'zod';
import { instant, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind('exercise', {
  /** What was exercised: the incident plan, continuity of business, recovery of systems, leaving a building. */
  type: z.enum(['incident', 'continuity', 'recovery', 'evacuation']),
  status: z.enum(['planned', 'performed', 'cancelled']),
  /** Null, here and below: the register doesn't tell, or it was not performed. */
  planned_at: instant.nullable(),
  performed_at: instant.nullable(),
  next_at: instant.nullable(),
  succeeded: z.boolean().nullable(),
  /** When it was written down what was learned. */
  lessons_at: instant.nullable(),
  /** The report's own number; empty: none. */
  report: text,
});

/** An exercise of a plan. */
export const exercise = table.kind;
