import { z } from 'zod';
import { instant, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind('threat_item', {
  /** Where it came from, as the list of sources of threat intelligence has it; empty: not told. */
  feed: text,
  received_at: instant,
  /** `dismissed`: analysed, and of no concern. `relevant`: analysed, and something has to be done. */
  status: z.enum(['received', 'dismissed', 'relevant', 'done']),
  /** Null, here and below: it has not come to that, or the register doesn't tell. */
  analysed_at: instant.nullable(),
  action_due_at: instant.nullable(),
  action_done_at: instant.nullable(),
  /** The ticket, risk or change that came out of it; empty: none. */
  action: text,
});

/** A piece of threat intelligence, and what became of it. */
export const threatItem = table.kind;
