import type { PermissionReport } from '../contract.ts';
import { UNRECORDED } from '../unrecorded.ts';
import { openAccess } from './client.ts';
import type { Connection } from './collect.ts';
import type { GithubConfig } from './config.ts';
import type { GithubDataset, Work } from './dataset.ts';
import { datasets as every } from './datasets.ts';
import { failure } from './failure.ts';
import { openOrganization } from './opening.ts';
import { openSession } from './session.ts';

type Line = PermissionReport['permissions'][number];

/** A probe is answered within a few seconds, or not at all. */
const TIMEOUT = 5;

/**
 * Each permission of each dataset in each organisation, by asking for as little as shows that it is held. What can't be reached, and what is
 * left when the signal fires, is `unknown`.
 */
export async function preflight(
  { config: configured, context }: Connection,
  signal: AbortSignal,
  chosen: readonly string[] = every.map(({ name }) => name),
): Promise<PermissionReport> {
  const config: GithubConfig = {
    ...configured,
    requestTimeout: Math.min(configured.requestTimeout, TIMEOUT),
    maxAttempts: 1,
  };
  const datasets = every.filter(({ name }) => chosen.includes(name));
  const access = openAccess(config, context);
  const callers = new Set<string>();
  const permissions: Line[] = [];
  for (const login of config.organizations) {
    const scope = login.toLowerCase();
    try {
      using session = await openSession(config, access, { provenance: UNRECORDED, signal });
      const organization = await openOrganization(session, login);
      callers.add(organization.caller);
      const work: Work = { session, organization, scope, config, context, provenance: UNRECORDED };
      for (const dataset of datasets) permissions.push(...(await examine(dataset, work)));
    } catch (error) {
      const { code, message } = failure('preflight', error, signal);
      const held = code === 'denied' ? false : 'unknown';
      permissions.push(
        ...datasets.flatMap((dataset) => linesOf(dataset, scope, () => ({ held, detail: message }))),
      );
    }
  }
  return { caller: [...callers].sort().join(', '), permissions };
}

interface Finding {
  readonly held: Line['held'];
  readonly detail?: string;
}

async function examine(dataset: GithubDataset, work: Work): Promise<readonly Line[]> {
  const { probes } = await dataset.load();
  const findings = new Map<string, Finding>();
  for (const permission of dataset.permissions)
    findings.set(permission, await probe(permission, probes[permission], work));
  return linesOf(
    dataset,
    work.scope,
    (permission) => findings.get(permission) ?? { held: 'unknown', detail: 'not examined' },
  );
}

async function probe(
  permission: string,
  attempt: ((work: Work) => Promise<unknown>) | undefined,
  work: Work,
): Promise<Finding> {
  if (attempt === undefined) return { held: 'unknown', detail: 'nothing shows whether it is held' };
  try {
    return (await attempt(work)) === 'untold'
      ? { held: 'unknown', detail: 'there is nothing yet that could show it' }
      : { held: true };
  } catch (error) {
    const { code, message } = failure(permission, error, work.session.signal);
    if (code !== 'denied') return { held: 'unknown', detail: message };
    return { held: false, detail: `${message}; add "${permission}"` };
  }
}

const linesOf = (
  { name, permissions }: GithubDataset,
  scope: string,
  finding: (permission: string) => Finding,
): readonly Line[] =>
  permissions.map((permission) => ({ dataset: name, permission, scope, ...finding(permission) }));
