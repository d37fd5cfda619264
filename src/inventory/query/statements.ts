import type { CheckQuery } from '../query-contract.ts';

/**
 * The verdict of a record: 1 fails, 0 passes or is not in the population, NULL can't be said. An undecided `where` is NULL, never
 * "not in the population".
 */
function verdict(query: CheckQuery): string {
  if (query.where === undefined) return `(\n${query.fails}\n)`;
  return `CASE NOT (\n${query.where}\n) WHEN 0 THEN (\n${query.fails}\n) WHEN 1 THEN 0 END`;
}

/**
 * One scan: id, number of the source, and the reason as text for each record that fails, or, for each that can't be judged, a number whose
 * bits say which of the nullable columns the source left unsaid. Sorted by source and the bytes of the id.
 */
export function scanStatement(query: CheckQuery, nullable: readonly string[]): string {
  const v = verdict(query);
  const unsaid = nullable.map((column, bit) => `((it."${column}" IS NULL) << ${bit})`).join(' | ');
  return `SELECT it.id, it._source, CASE (${v}) IS NULL
      WHEN 0 THEN coalesce(nullif(substr((\n${query.reason}\n), 1, 1000), ''), 'fails the check')
      ELSE ${unsaid === '' ? '0' : unsaid} END
    FROM "${query.kind}" AS it WHERE (${v}) IS NOT FALSE ORDER BY it._source, it.id`;
}

/** Rows of the kind, population and undecided rows by source; `where` is evaluated once a row. */
export function tallyStatement(query: CheckQuery): string {
  const sum =
    query.where === undefined
      ? 'count(*)'
      : `sum(CASE NOT (\n${query.where}\n) WHEN 0 THEN 1 WHEN 1 THEN 0 ELSE 4294967296 END)`;
  return `SELECT t.number, s.source, t.size, t.sums & 4294967295, t.sums >> 32
    FROM (SELECT it._source AS number, count(*) AS size, ${sum} AS sums FROM "${query.kind}" AS it GROUP BY it._source) AS t
    JOIN _source AS s ON s.number = t.number`;
}

/** Where each of the ids (a JSON list, `:_ids`) stands. */
export function standingStatement(query: CheckQuery): string {
  const judged = `CASE NOT (\n${query.fails}\n) WHEN 0 THEN 'failing' WHEN 1 THEN 'passed' ELSE 'unknown' END`;
  const standing =
    query.where === undefined
      ? judged
      : `CASE NOT (\n${query.where}\n) WHEN 0 THEN ${judged} WHEN 1 THEN 'out_of_population' ELSE 'unknown' END`;
  return `SELECT asked.value, CASE WHEN it.id IS NULL THEN 'gone' ELSE ${standing} END
    FROM json_each(:_ids) AS asked LEFT JOIN "${query.kind}" AS it ON it.id = asked.value`;
}
