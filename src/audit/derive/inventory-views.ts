import type { CheckQuery } from '../../inventory/query-contract.ts';

/** `check_<name>` or `population_<name>`; names of checks have `-` where SQL would rather have `_`. */
export function viewName(prefix: 'check' | 'population', check: string): string {
  return `${prefix}_${check.replaceAll('-', '_')}`;
}

/**
 * A view of the records that fail (v is 1) or can't be judged (v is NULL), with the reason, at a moment in Unix seconds. The query must
 * compile: its text goes into the view as it is, parameters written out.
 */
export function checkView(query: CheckQuery, now: number): string {
  const v = inlined(verdict(query), query, now);
  const reason = inlined(query.reason, query, now);
  return `CREATE VIEW "${viewName('check', query.name)}" AS
SELECT it.id AS id, CASE (${v}) IS NULL WHEN 0 THEN 1 END AS v,
  CASE (${v}) IS NULL WHEN 0 THEN coalesce(nullif(substr((\n${reason}\n), 1, 1000), ''), 'fails the check') ELSE 'not known' END AS reason
FROM "${query.kind}" AS it WHERE (${v}) IS NOT FALSE`;
}

/** A view of the whole population: v is 0 for what passes. A record that can't be said to belong to it is there too, v NULL. */
export function populationView(query: CheckQuery, now: number): string {
  const where = query.where === undefined ? '1' : inlined(query.where, query, now);
  const fails = inlined(query.fails, query, now);
  return `CREATE VIEW "${viewName('population', query.name)}" AS
SELECT it.id AS id, CASE NOT (\n${where}\n) WHEN 0 THEN CASE NOT (\n${fails}\n) WHEN 0 THEN 1 WHEN 1 THEN 0 END END AS v
FROM "${query.kind}" AS it WHERE (\n${where}\n) IS NOT FALSE`;
}

/** As the agent evaluates it: an undecided \`where\` is NULL, never "not in the population". */
function verdict({ where, fails }: CheckQuery): string {
  return where === undefined
    ? `(\n${fails}\n)`
    : `CASE NOT (\n${where}\n) WHEN 0 THEN (\n${fails}\n) WHEN 1 THEN 0 END`;
}

const CLOSING: Readonly<Record<string, string>> = { "'": "'", '"': '"', '`': '`', '[': ']' };

/** Text outside quotes and quoted text, in turns; the text has no comments (compiling it refuses them). */
function* pieces(sql: string): Generator<{ readonly text: string; readonly quoted: boolean }> {
  let start = 0;
  for (let at = 0; at < sql.length; at++) {
    const close = CLOSING[sql[at] ?? ''];
    if (close === undefined) continue;
    yield { text: sql.slice(start, at), quoted: false };
    const end = sql.indexOf(close, at + 1);
    start = end < 0 ? sql.length : end + 1;
    yield { text: sql.slice(at, start), quoted: true };
    at = start - 1;
  }
  yield { text: sql.slice(start), quoted: false };
}

function inlined(sql: string, { params }: CheckQuery, now: number): string {
  const values: Readonly<Record<string, string>> = {
    now: String(now),
    ...Object.fromEntries(Object.entries(params).map(([name, value]) => [name, literal(value)])),
  };
  return [...pieces(sql)]
    .map(({ text, quoted }) =>
      quoted ? text : text.replace(/:([A-Za-z][A-Za-z0-9_]*)/g, (all, name: string) => values[name] ?? all),
    )
    .join('');
}

/** Lists are JSON, for json_each. A number that isn't whole is written so that SQLite reads the same one back. */
function literal(value: CheckQuery['params'][string]): string {
  if (value === null) return 'NULL';
  if (typeof value === 'number') return value < 0 ? `(${value})` : String(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // SQL text can't hold NUL.
  if (text.includes('\0')) return `CAST(x'${Buffer.from(text).toString('hex')}' AS TEXT)`;
  return `'${text.replaceAll("'", "''")}'`;
}

/** The version of SQLite that a check needs when 3.40 doesn't know all that it uses; undefined when it does. */
export function sqliteNeeded({ where = '', fails, reason }: CheckQuery): string | undefined {
  const bare = [where, fails, reason]
    .flatMap((sql) => [...pieces(sql)])
    .map(({ text, quoted }) => (quoted ? "''" : text))
    .join('')
    .toLowerCase();
  if (/(?<![a-z0-9_])\d+_\d/.test(bare)) return '3.46';
  if (hasShortIif(bare)) return '3.48';
  return /\b(?:concat|concat_ws|string_agg)\s*\(/.test(bare) ? '3.44' : undefined;
}

/** `iif` with two arguments. */
function hasShortIif(sql: string): boolean {
  return [...sql.matchAll(/\biif\s*\(/g)].some((match) => {
    let [depth, commas] = [1, 0];
    for (let at = match.index + match[0].length; at < sql.length && depth > 0; at++) {
      if (sql[at] === '(') depth += 1;
      if (sql[at] === ')') depth -= 1;
      if (sql[at] === ',' && depth === 1) commas += 1;
    }
    return commas < 2;
  });
}
