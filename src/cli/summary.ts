import type { ControlStatus } from '../controls/contract.ts';
import type { AgentView, ControlItem } from '../engine/view.ts';

const ORDER: readonly ControlStatus[] = [
  'ineffective',
  'unknown',
  'correcting',
  'accepted',
  'effective',
  'not_applicable',
];

const NAMED_STATUSES: readonly ControlStatus[] = ['ineffective', 'correcting', 'unknown'];

/** Worst first: how many of each status to name. */
const NAMED = 12;

/** Controls by status and the reasons of the worst, a line each, for a person. */
export async function summary(view: AgentView): Promise<readonly string[]> {
  const { items } = await view.controls({ limit: 1000 });
  const annexA = items.filter((item) => item.id.startsWith('A.'));
  const covered = await coveredControls(view);
  const by = Map.groupBy(annexA, (item) => item.status);
  const counts = ORDER.map(
    (status) => `  ${status.padEnd(15)}${String(by.get(status)?.length ?? 0).padStart(4)}`,
  );
  const worst = NAMED_STATUSES.flatMap((status) =>
    (by.get(status) ?? []).filter((item) => covered.has(item.id)),
  ).slice(0, NAMED);
  return [
    'Controls of Annex A by status',
    ...counts,
    ...(worst.length === 0 ? [] : ['', 'What needs attention first', ...worst.map(line)]),
  ];
}

async function coveredControls(view: AgentView): Promise<ReadonlySet<string>> {
  const { items } = await view.checks({ limit: 1000 });
  return new Set(items.flatMap((check) => check.aspects.map((aspect) => aspect.split('/')[0] ?? aspect)));
}

function line({ id, title, status, why }: ControlItem): string {
  return `  ${id.padEnd(8)}${title} (${status})\n          ${why}`;
}
