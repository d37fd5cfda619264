import type { CheckQuery } from '../query-contract.ts';

/**
 * The verdict of a record: 1 fails, 0 passes or is not in the population, NULL can't be said. An undecided `where` is NULL, never
 * "not in the population".
 */
function verdict(query: CheckQuery): string {
  if (query.where === undefined) return `(\n${query.fails}\n)`;
  return `CASE NOT (\n${query.where}\n) WHEN 0 THEN (\n${query.fails}\n) WHEN 1 THEN 0 END`;
}

/** What is told of a record: the reason of a failure as text, or a number whose bits say which of the nullable columns the source left unsaid. */
function tellings({ reason }: CheckQuery, nullable: readonly string[]) {
  const unsaid = nullable.map((column, bit) => `((it."${column}" IS NULL) << ${bit})`).join(' | ');
  return {
    failing: `coalesce(nullif(substr((\n${reason}\n), 1, 1000), ''), 'fails the check')`,
    undecided: unsaid === '' ? '0' : unsaid,
  };
}

/** One scan: id, number of the source, and what is told of each record that fails or can't be judged. Sorted by source and the bytes of the id. */
export function scanStatement(query: CheckQuery, nullable: readonly string[]): string {
  const v = verdict(query);
  const { failing, undecided } = tellings(query, nullable);
  return `SELECT it.id, it._source, CASE (${v}) IS NULL WHEN 0 THEN ${failing} ELSE ${undecided} END
    FROM "${query.kind}" AS it WHERE (${v}) IS NOT FALSE ORDER BY it._source, it.id`;
}

/** The same of the whole population: of a record that passes NULL is told. */
export function populationStatement(query: CheckQuery, nullable: readonly string[]): string {
  const { failing, undecided } = tellings(query, nullable);
  const where = query.where === undefined ? '' : `WHERE (\n${query.where}\n) IS NOT FALSE`;
  return `SELECT it.id, it._source, CASE NOT (${verdict(query)}) WHEN 0 THEN ${failing} WHEN 1 THEN NULL ELSE ${undecided} END
    FROM "${query.kind}" AS it ${where} ORDER BY it._source, it.id`;
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
