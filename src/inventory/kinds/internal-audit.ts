import { z } from 'zod';
import { identifier, instant, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'internal_audit',
  {
    /** Of the audit: one that several audited is a record for each of them. */
    audit: identifier,
    /** `review`: an independent review of how security is managed, which need not be an audit. */
    type: z.enum(['audit', 'review']),
    status: z.enum(['planned', 'performed', 'cancelled']),
    auditor: identifier,
    /** Whether the auditor is from outside, so that HR doesn't know them. */
    external: z.boolean(),
    /** Null, here and below: the register doesn't tell, or it was not performed. */
    planned_at: instant.nullable(),
    performed_at: instant.nullable(),
    /** The report's own number; empty: none. */
    report: text,
    /** What was audited, as `area_owner` and other registers name it. */
    areas: z.array(identifier),
  },
  { indexes: ['audit'], names: { auditor: 'person' } },
);

/** One auditor's part in one audit of the programme. */
export const internalAudit = table.kind;
