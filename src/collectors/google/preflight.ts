import type { CollectorContext, PermissionReport } from '../contract.ts';
import { UNRECORDED } from '../unrecorded.ts';
import type { GoogleConfig } from './config.ts';
import type { GoogleDataset } from './dataset.ts';
import { datasets as every } from './datasets.ts';
import { failure } from './failure.ts';
import { openSession } from './session.ts';

type Line = PermissionReport['permissions'][number];
type Finding = Pick<Line, 'held' | 'detail'>;

/** While looking, whoever waits is a person: seconds, and attempts. */
const TIMEOUT = 10;
const ATTEMPTS = 2;

/** Each OAuth scope of each dataset: a token for it alone, and the smallest call that it permits. Each is tried once. */
export async function preflight(
  configured: GoogleConfig,
  context: CollectorContext,
  signal: AbortSignal,
  chosen?: readonly string[],
): Promise<PermissionReport> {
  const config: GoogleConfig = {
    ...configured,
    requestTimeout: Math.min(configured.requestTimeout, TIMEOUT),
    maxAttempts: Math.min(configured.maxAttempts, ATTEMPTS),
  };
  const datasets = every.filter(({ name, needs }) =>
    chosen === undefined ? needs === undefined || config.oauthGrants !== undefined : chosen.includes(name),
  );
  const callers = new Set<string>();
  const findings = new Map<string, Finding>();
  for (const dataset of datasets)
    for (const permission of dataset.permissions)
      if (!findings.has(permission))
        findings.set(permission, await examine({ config, context, signal, callers }, dataset, permission));
  const permissions = datasets.flatMap((dataset) =>
    dataset.permissions.map((permission): Line => ({
      dataset: dataset.name,
      permission,
      scope: config.scope,
      ...findings.get(permission)!,
    })),
  );
  return { caller: [...callers].join(', '), permissions };
}

interface Examination {
  readonly config: GoogleConfig;
  readonly context: CollectorContext;
  readonly signal: AbortSignal;
  readonly callers: Set<string>;
}

async function examine(
  { config, context, signal, callers }: Examination,
  { load, privileges }: GoogleDataset,
  permission: string,
): Promise<Finding> {
  if (signal.aborted) return { held: 'unknown', detail: 'not examined in time' };
  const provenance = { ...UNRECORDED, setCaller: (caller: string) => void callers.add(caller) };
  using session = openSession(config, context, { provenance, signal, scopes: [permission] });
  try {
    await (await load()).probes[permission]?.({ session, config });
    return { held: true };
  } catch (error) {
    const { code, message } = failure('preflight', error, signal);
    if (code === 'denied')
      return { held: false, detail: `${message}; add ${remedy(permission, privileges)}` };
    return { held: 'unknown', detail: message };
  }
}

function remedy(permission: string, privileges: readonly string[]): string {
  return `${permission} to the domain-wide delegation, and to the subject's administrator role: ${privileges.join(', ')}`;
}
