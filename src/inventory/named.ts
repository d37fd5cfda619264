import type { DatabaseSync } from 'node:sqlite';
import type { Kind, Named } from './kind.ts';
import { IDENTITY_NAMED } from './named-identity.ts';
import { PERSON_NAMED } from './named-person.ts';

/** How what is named is found: an SQL expression over the row `t`, in whose column it is written; '' when it isn't exactly one. */
export interface Matching {
  /** A common table expression that `find` reads, made once for all rows of a part. */
  readonly once?: string;
  readonly find: (column: string) => string;
  /** The tables that the answer rests on. */
  readonly from: readonly string[];
}

const MATCHING: Readonly<Record<Named, Matching>> = { person: PERSON_NAMED, identity: IDENTITY_NAMED };

/** The tables that the computed column of something named rests on. */
export const NAMED_FROM: Readonly<Record<Named, readonly string[]>> = {
  person: PERSON_NAMED.from,
  identity: IDENTITY_NAMED.from,
};

/**
 * Computes `<column>_<what>` of each column that names such a thing, of one source's rows or of all, from what the tables hold: the order of
 * loading doesn't matter.
 */
export function computeNamed(
  db: DatabaseSync,
  { name: kind, names = {} }: Kind,
  source: number | null,
  what: Named,
): void {
  for (const [column, named] of Object.entries(names)) {
    if (named === what) computeColumn(db, kind, column, named, source);
  }
}

/** In parts by id, so that what SQLite keeps of the rows to change doesn't grow with the register. */
function computeColumn(
  db: DatabaseSync,
  kind: string,
  column: string,
  named: Named,
  source: number | null,
): void {
  const last = db.prepare(
    `SELECT max(id) AS id FROM (SELECT id FROM "${kind}" WHERE id > :from AND (:source IS NULL OR _source = :source) ORDER BY id LIMIT ${PART})`,
  );
  const { once, find } = MATCHING[named];
  const compute = db.prepare(`
    ${once === undefined ? '' : `WITH ${once}`}
    UPDATE "${kind}" SET "${column}_${named}" = r.found
      FROM (
        SELECT t._source AS number, t.id AS id, ${find(`t."${column}"`)} AS found
          FROM "${kind}" AS t
          WHERE t.id > :from AND t.id <= :to AND (:source IS NULL OR t._source = :source)
      ) AS r
      WHERE "${kind}"._source = r.number AND "${kind}".id = r.id AND "${kind}"."${column}_${named}" <> r.found`);
  let from = '';
  for (;;) {
    const to = last.get({ from, source })?.['id'];
    if (typeof to !== 'string') return;
    compute.run({ from, to, source });
    from = to;
  }
}

const PART = 5_000;
