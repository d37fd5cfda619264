import { z } from 'zod';
import { identifier, instant, text } from '../define-kind.ts';
import { ENDLESS, tableKind } from '../table-kind.ts';

const table = tableKind(
  'media_disposal',
  {
    /** The `reference` of what was disposed of, as the asset register has it. */
    reference: identifier,
    /** What was done with the data. */
    method: z.enum(['wiped', 'keys_destroyed', 'degaussed', 'destroyed', 'none']),
    /** Null: the register doesn't tell. */
    disposed_at: instant.nullable(),
    /** The certificate's or protocol's own number; empty: none. */
    certificate: text,
  },
  {
    indexes: ['reference'],
    generated: { disposed_at_or_max: `ifnull(disposed_at, ${ENDLESS})` },
  },
);

/** A medium or device that left, and what was done with its data before. */
export const mediaDisposal = table.kind;
