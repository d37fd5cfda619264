import { z } from 'zod';
import { identifier, instant, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'asset',
  {
    /** The register's own number or name, by which other registers refer to it. */
    reference: identifier,
    name: text,
    type: z.enum([
      'information',
      'system',
      'service',
      'data_store',
      'repository',
      'device',
      'media',
      'site',
      'other',
    ]),
    status: z.enum(['in_use', 'stored', 'disposed']),
    /** Whoever answers for it; empty: nobody is named. */
    owner: text,
    /** The class in the organisation's words; empty: none was set. */
    classification: text,
    /** Whether its stored data have to go before it leaves; null, here and below: the register doesn't tell. */
    holds_data: z.boolean().nullable(),
    /** Whether it must have a runbook, and restores of it be tested: what matters to the business. */
    important: z.boolean().nullable(),
    reviewed_at: instant.nullable(),
    disposed_at: instant.nullable(),
    /** By which a source knows it, such as an ARN; empty: no source does. */
    resource: text,
  },
  { indexes: ['reference', 'resource'], names: { owner: 'person' } },
);

/** Something of value that the organisation has, as its register tells. */
export const asset = table.kind;
