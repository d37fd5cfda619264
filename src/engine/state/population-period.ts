import { type Kysely, sql } from 'kysely';
import type { Period } from '../../controls/period.ts';
import { firstSpoken, type PopulationCounts, wholeness } from '../../controls/population.ts';
import type { PopulationItem } from '../view.ts';
import type { StateTables } from './database.ts';
import { gapsUntil } from './timeline.ts';

type State = Kysely<StateTables>;

const nothing = { judged: null, came: null, passed: null, failed: null, unknown: null, corrected: null };

/** The population of an event check over a period. */
export async function populationItem(state: State, check: string, period: Period): Promise<PopulationItem> {
  const gaps = await gapsUntil(state, period.to);
  const changes = await state
    .selectFrom('population_change')
    .select(['at', 'state as status'])
    .where('check_name', '=', check)
    .orderBy('entry')
    .execute();
  const { known, whole, why } = wholeness({ changes, gaps }, period);
  const counts = known ? await countRecords(state, check, period, firstSpoken({ gaps }, period)) : nothing;
  // That there were none is known only of a whole population.
  return { check, ...(whole || counts.judged !== 0 ? counts : nothing), whole, why };
}

/** Each record that stood in the population at some moment from `begin` on, once, by the last row of it before the period's end. */
async function countRecords(
  state: State,
  check: string,
  { from, to }: Period,
  begin: number,
): Promise<PopulationCounts> {
  const { rows } = await sql<PopulationCounts>`
    WITH span AS (
      SELECT record, entry, at, outcome, lead(at) OVER (PARTITION BY record ORDER BY entry) AS until
      FROM event_change WHERE check_name = ${check} AND at < ${to}
    ), present AS (
      SELECT record, entry, outcome, at < ${from} AND (until IS NULL OR until >= ${from}) AS stood,
        until IS NULL OR until > ${begin} OR at >= ${begin} AS told
      FROM span WHERE outcome <> 'absent'
    ), latest AS (
      SELECT *, row_number() OVER (PARTITION BY record ORDER BY told DESC, entry DESC) AS back FROM present
    ), event AS (
      SELECT max(CASE back WHEN 1 THEN outcome END) AS last, max(told AND outcome = 'fail') AS failed, NOT max(stood) AS came
      FROM latest GROUP BY record HAVING max(told)
    )
    SELECT count(*) AS judged, coalesce(sum(came), 0) AS came, count(*) FILTER (WHERE last = 'pass') AS passed,
      count(*) FILTER (WHERE last = 'fail') AS failed, count(*) FILTER (WHERE last = 'unknown') AS unknown,
      count(*) FILTER (WHERE last = 'pass' AND failed) AS corrected
    FROM event`.execute(state);
  return rows[0] ?? { judged: 0, came: 0, passed: 0, failed: 0, unknown: 0, corrected: 0 };
}
