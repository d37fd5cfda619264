import { z } from 'zod';
import { identifier, instant } from '../define-kind.ts';
import { ENDLESS, tableKind } from '../table-kind.ts';

const table = tableKind(
  'agreement',
  {
    /** With whom, or about whom: an address, a login or the HR register's id. */
    person: identifier,
    /**
     * `exit_duties`: the talk or letter that reminds a leaver of what still binds them. `assets_returned`: the list of what a leaver gave
     * back, signed.
     */
    type: z.enum(['screening', 'contract', 'confidentiality', 'exit_duties', 'assets_returned']),
    /** When it was finished or signed; null: not yet. */
    done_at: instant.nullable(),
  },
  { names: { person: 'person' }, generated: { done_at_or_max: `ifnull(done_at, ${ENDLESS})` } },
);

/** What HR settles with one person: a screening, a contract, an agreement on confidentiality, what is due on leaving. */
export const agreement = table.kind;
