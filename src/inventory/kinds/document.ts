import { z } from 'zod';
import { identifier, instant, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'document',
  {
    /** The document's own number or name, by which other registers refer to it. */
    reference: identifier,
    title: text,
    /** `policy`: the top-level policy and those of a topic; `rules`: what staff has to keep to, such as acceptable use. */
    type: z.enum(['policy', 'rules', 'procedure', 'runbook', 'plan', 'scheme', 'template', 'other']),
    version: text,
    status: z.enum(['draft', 'in_force', 'withdrawn']),
    /** Whoever keeps it; empty: nobody is named. */
    owner: text,
    /** Whoever approved the version in force; empty: nobody is named. */
    approver: text,
    /** Of the version in force; null, here and below: the register doesn't tell. */
    approved_at: instant.nullable(),
    reviewed_at: instant.nullable(),
    next_review_at: instant.nullable(),
    /** Whether everybody employed has to acknowledge it. */
    for_everyone: z.boolean(),
    /** What it is about, in the organisation's words, such as `access-control`. */
    topics: z.array(identifier),
    /** The systems or assets that it is for, such as those of a runbook. */
    subjects: z.array(identifier),
  },
  {
    indexes: ['reference', ['for_everyone', 'status', 'type']],
    names: { owner: 'person', approver: 'person' },
    generated: { approved_at_or_0: 'ifnull(approved_at, 0)' },
  },
);

/** A document that the ISMS controls, in its present version. */
export const document = table.kind;
