import type { ClosedBy } from '../../controls/deviations.ts';
import { type Period, statusShares } from '../../controls/period.ts';
import type { AspectItem, PeriodItem, PopulationItem } from '../view.ts';
import type { StateDatabase } from './database.ts';
import { populationItem } from './population-period.ts';
import { timelineOf } from './timeline.ts';

/** How a control with these aspects and checks fared over a period. */
export async function periodItem(
  state: StateDatabase,
  control: {
    readonly id: string;
    readonly aspects: readonly AspectItem[];
    readonly checks: readonly string[];
    /** Of those checks, the ones that judge events. */
    readonly events: readonly string[];
  },
  { from, to }: Period,
): Promise<PeriodItem> {
  const shares = async (id: string) => statusShares(await timelineOf(state, id, to), { from, to });
  const aspects: PeriodItem['aspects'][number][] = [];
  for (const { id } of control.aspects) aspects.push({ id, ...(await shares(id)) });
  const events: PopulationItem[] = [];
  for (const check of control.events) events.push(await populationItem(state, check, { from, to }));
  return {
    from,
    to,
    ...(await shares(control.id)),
    aspects,
    deviations: await deviationsOver(state, control.checks, { from, to }),
    events,
  };
}

async function deviationsOver(
  state: StateDatabase,
  checks: readonly string[],
  { from, to }: Period,
): Promise<PeriodItem['deviations']> {
  const rows = await state
    .selectFrom('deviation')
    .select(['first_seen_at as seen', 'due_at as due', 'closed_at as closed', 'closed_by as by'])
    .where('check_name', 'in', checks)
    .where('first_seen_at', '<', to)
    .where((e) => e.or([e('closed_at', 'is', null), e('closed_at', '>=', from)]))
    .execute();
  const open = rows.filter(({ closed }) => closed === null || closed >= to);
  const closed = rows.flatMap((row) =>
    row.closed === null || row.closed >= to ? [] : [{ ...row, closed: row.closed }],
  );
  const late = closed.filter((row) => row.closed > row.due).length;
  const by = (reason: ClosedBy) => closed.filter((row) => row.by === reason).length;
  return {
    opened: rows.filter(({ seen }) => seen >= from).length,
    closed: {
      passed: by('passed'),
      gone: by('gone'),
      out_of_population: by('out_of_population'),
      check_removed: by('check_removed'),
    },
    inTime: closed.length - late,
    late,
    open: open.length,
    overdue: open.filter(({ due }) => due < to).length,
  };
}
