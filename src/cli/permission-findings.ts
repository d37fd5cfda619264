import type { PermissionReport } from '../collectors/contract.ts';
import type { Finding } from './finding.ts';

type Line = PermissionReport['permissions'][number];

/** What a collector's preflight found, one finding a permission and scope: for machines. */
export function everyPermission(subject: string, lines: readonly Line[]): readonly Finding[] {
  return lines.map(({ dataset, permission, scope, held, detail }) => ({
    subject: `${subject} ${dataset} ${scope} ${permission}`,
    state: stateOf(held),
    detail: detail ?? '',
  }));
}

/**
 * The same, for people: what is held is one finding a dataset, what is missing one a dataset and reason, what isn't known one a reason, however many
 * scopes it is about.
 */
export function groupedPermissions(subject: string, lines: readonly Line[]): readonly Finding[] {
  const groups = Map.groupBy(lines, ({ dataset, held, detail }) =>
    JSON.stringify([held, held === 'unknown' ? '' : dataset, held === true ? '' : detail]),
  );
  return [...groups.values()].map((group): Finding => {
    const [{ held, detail = '', dataset } = { held: 'unknown', dataset: '' } as const] = group;
    const state = stateOf(held);
    const permissions = several(group.map((line) => line.permission));
    const scopes = several(group.map((line) => line.scope));
    if (state === 'ok')
      return { subject: `${subject} ${dataset}`, state, detail: `${permissions} in ${scopes}` };
    const datasets = several(group.map((line) => line.dataset));
    return { subject: `${subject} ${datasets}`, state, detail: `${permissions} in ${scopes}: ${detail}` };
  });
}

const stateOf = (held: Line['held']): Finding['state'] =>
  held === true ? 'ok' : held === false ? 'missing' : 'unknown';

/** Names that are told before the rest is counted. */
const TOLD = 3;

function several(names: readonly string[]): string {
  const all = [...new Set(names)];
  const rest = all.length - TOLD;
  return rest > 1 ? `${all.slice(0, TOLD).join(', ')} and ${rest} more` : all.join(', ');
}
