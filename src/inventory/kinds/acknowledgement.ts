import { identifier, instant, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'acknowledgement',
  {
    /** Whoever was asked: an address, a login or the HR register's id. */
    person: identifier,
    /** The `reference` of the document. */
    reference: identifier,
    /** Of the document; empty: the register doesn't tell. */
    version: text,
    /** Null: not acknowledged. */
    acknowledged_at: instant.nullable(),
  },
  {
    indexes: ['reference'],
    names: { person: 'person' },
    generated: { acknowledged_at_or_0: 'ifnull(acknowledged_at, 0)' },
  },
);

/** One person's word that they have read a document and will keep to it. */
export const acknowledgement = table.kind;
