import type { Kysely } from 'kysely';
import type { Population } from '../../controls/contract.ts';
import { moves, type PopulationState, populationState, type Standing } from '../../controls/population.ts';
import type { StateTables } from './database.ts';
import type { Judged } from './documents.ts';
import type { NamedRecords } from './verdict-records.ts';

type Work = Kysely<StateTables>;

/** Of one statement. */
const ROWS = 200;

/** Which assessment, and the moment from which it counts, Unix seconds. */
export interface Moment {
  readonly entry: number;
  readonly at: number;
}

/** Takes over what a verdict on an event check says of its population: a row for what changed, none for what stays. */
export async function movePopulation(
  work: Work,
  check: string,
  { population, records, erased }: NamedRecords & { readonly population: Population | undefined },
  moment: Moment,
): Promise<void> {
  const state = populationState(population, erased === undefined ? undefined : { erased });
  await becomes(work, check, state, moment);
  await move(work, check, moves(await standingRecords(work, check), state, records), moment);
}

/** Of an event check that left, or that is none any more, no record is in the population. */
export async function leavePopulations(work: Work, checks: Judged['checks'], moment: Moment): Promise<void> {
  const known = await work.selectFrom('population_change').select('check_name').distinct().execute();
  for (const { check_name: check } of known) {
    if (checks.get(check)?.spec.nature === 'event' || (await stateOf(work, check)) === 'none') continue;
    await becomes(work, check, 'none', moment);
    await move(work, check, moves(await standingRecords(work, check), 'none', []), moment);
  }
}

async function stateOf(work: Work, check: string): Promise<PopulationState | undefined> {
  const row = await work
    .selectFrom('population_change')
    .select('state')
    .where('check_name', '=', check)
    .orderBy('entry', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.state;
}

async function becomes(
  work: Work,
  check: string,
  state: PopulationState,
  { entry, at }: Moment,
): Promise<void> {
  if ((await stateOf(work, check)) === state) return;
  await work.insertInto('population_change').values({ check_name: check, entry, at, state }).execute();
}

async function move(
  work: Work,
  check: string,
  moved: Iterable<readonly [record: string, outcome: Standing]>,
  { entry, at }: Moment,
): Promise<void> {
  const rows = Array.from(moved, ([record, outcome]) => ({ check_name: check, record, entry, at, outcome }));
  for (let first = 0; first < rows.length; first += ROWS)
    await work
      .insertInto('event_change')
      .values(rows.slice(first, first + ROWS))
      .execute();
}

/** How each record stands: SQLite takes `outcome` from the row that has the greatest entry. */
async function standingRecords(work: Work, check: string): Promise<ReadonlyMap<string, Standing>> {
  const rows = await work
    .selectFrom('event_change')
    .select(['record', 'outcome', (e) => e.fn.max('entry').as('entry')])
    .where('check_name', '=', check)
    .groupBy('record')
    .execute();
  return new Map(rows.map(({ record, outcome }) => [record, outcome]));
}
