import { findAspect, findControl } from '../controls/catalogue.ts';
import type { ControlStatus } from '../controls/contract.ts';
import type { AgentView, AspectItem } from '../engine/view.ts';
import { printable, table } from './output.ts';

const ORDER: readonly ControlStatus[] = [
  'ineffective',
  'unknown',
  'correcting',
  'accepted',
  'effective',
  'not_applicable',
];

/** Aspects that a check answers, worst first; what nothing covers is counted, not listed. */
const NAMED: readonly ControlStatus[] = ['ineffective', 'correcting', 'unknown'];
const NAMED_AT_MOST = 12;

/** Controls by status and the reasons of the worst, a line each, for a person. */
export async function summary(view: AgentView): Promise<readonly string[]> {
  const { items } = await view.controls({ limit: 1000 });
  const annexA = items.filter((item) => item.id.startsWith('A.'));
  const by = Map.groupBy(annexA, (item) => item.status);
  const details = await Promise.all(
    annexA.filter(({ status }) => status !== 'not_applicable').map(({ id }) => view.control(id)),
  );
  const aspects = details.flatMap((detail) => detail?.aspects ?? []);
  const bare = aspects.filter((aspect) => aspect.checks.length + aspect.attestations.length === 0);
  const worst = NAMED.flatMap((status) =>
    aspects.filter((aspect) => aspect.status === status && !bare.includes(aspect)),
  );
  return [
    ...table(
      [{ title: 'Controls of Annex A' }, { title: '', align: 'right' }],
      ORDER.map((status) => [status, by.get(status)?.length ?? 0]),
    ),
    '',
    ...worst.slice(0, NAMED_AT_MOST).flatMap(lines),
    ...(worst.length > NAMED_AT_MOST ? [`... and ${worst.length - NAMED_AT_MOST} more aspects`] : []),
    `${bare.length} of ${aspects.length} aspects are unknown because no check and no attestation covers them yet.`,
  ];
}

function lines({ id, status, why }: AspectItem): readonly string[] {
  const title = findControl(findAspect(id)?.control ?? '')?.title ?? '';
  return [`${status}  ${id}  ${title}`, `    ${printable(why)}`];
}
