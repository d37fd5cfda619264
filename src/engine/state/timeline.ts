import type { Kysely } from 'kysely';
import type { ControlStatus } from '../../controls/contract.ts';
import { PATIENCE, type Period, type Timeline } from '../../controls/period.ts';
import type { ControlAssessment } from '../../controls/status.ts';
import { ownJson } from '../own.ts';
import type { AspectItem } from '../view.ts';
import type { StateTables } from './database.ts';
import { assessEvery } from './documents.ts';

type State = Kysely<StateTables>;

/** Notes which statuses an assessment changed (before it replaces the controls), and the gap before it when the one before had stopped to speak. */
export async function timePassed(
  work: State,
  entry: number,
  statuses: readonly ControlAssessment[],
  now: number,
): Promise<void> {
  const before = await work.selectFrom('assessed').select('at').executeTakeFirst();
  const at = await toldAt(work, now);
  if (before !== undefined) {
    const silent = before.at + (await patience(work));
    if (silent < at) await work.insertInto('gap').values({ from: silent, to: at }).execute();
  }
  await work.replaceInto('assessed').values({ only: 1, at }).execute();
  const standing = await standingStatuses(work);
  const told = new Map(
    statuses.flatMap(({ control, status, aspects }) => statusesOf({ id: control.id, status, aspects })),
  );
  for (const subject of new Set([...standing.keys(), ...told.keys()])) {
    // What is not assessed any more is unknown.
    const status = told.get(subject) ?? 'unknown';
    if (standing.get(subject) === status) continue;
    await work.insertInto('status_change').values({ subject, entry, at, status }).execute();
  }
}

/** The moment from which an assessment counts: a clock that was set back doesn't undo what was told. */
export async function toldAt(work: State, now: number): Promise<number> {
  const before = await work.selectFrom('assessed').select('at').executeTakeFirst();
  return Math.max(now, before?.at ?? now);
}

/** How a control or an aspect fared until a moment, Unix seconds. */
export async function timelineOf(state: State, subject: string, until: number): Promise<Timeline> {
  const changes = await state
    .selectFrom('status_change')
    .select(['at', 'status'])
    .where('subject', '=', subject)
    .orderBy('entry')
    .execute();
  return { changes, gaps: await gapsUntil(state, until) };
}

/** When no assessment spoke, until a moment; the time after the last one that has spoken among it. */
export async function gapsUntil(state: State, until: number): Promise<readonly Period[]> {
  const gaps = await state.selectFrom('gap').selectAll().orderBy('from').execute();
  const last = await state.selectFrom('assessed').select('at').executeTakeFirst();
  const silent = last === undefined ? until : last.at + (await patience(state));
  return silent < until ? [...gaps, { from: silent, to: until }] : gaps;
}

async function standingStatuses(work: State): Promise<ReadonlyMap<string, ControlStatus>> {
  const rows = await work.selectFrom('control').select(['id', 'status', 'aspects_json']).execute();
  return new Map(
    rows.flatMap(({ id, status, aspects_json }) =>
      statusesOf({ id, status, aspects: ownJson<AspectItem[]>(aspects_json) }),
    ),
  );
}

interface Told {
  readonly id: string;
  readonly status: ControlStatus;
}

/** Of a control and its aspects. */
function statusesOf({ id, status, aspects }: Told & { readonly aspects: readonly Told[] }) {
  return [[id, status] as const, ...aspects.map((aspect) => [aspect.id, aspect.status] as const)];
}

async function patience(state: State): Promise<number> {
  return PATIENCE * (await assessEvery(state));
}
