import { IAMClient, SimulatePrincipalPolicyCommand } from '@aws-sdk/client-iam';
import type { PermissionReport } from '../contract.ts';
import { CollectorError } from '../error.ts';
import { UNRECORDED } from './access.ts';
import type { Connection } from './collect.ts';
import type { AwsAccount } from './config.ts';
import type { AwsDataset, AwsWorker, Work } from './dataset.ts';
import { datasets } from './datasets.ts';
import { failure, statusOf } from './failure.ts';
import { partsOf, scopesOf } from './scopes.ts';

type Line = PermissionReport['permissions'][number];
type Finding = Pick<Line, 'held' | 'detail'>;

/** Each permission of each dataset in each scope; a scope that can't be reached is `unknown` alone. */
export async function preflight(
  { config, context, access, directory }: Connection,
  signal: AbortSignal,
): Promise<PermissionReport> {
  const callers = new Set<string>();
  const permissions: Line[] = [];
  const accounts = await directory.accounts(signal);
  for (const scope of scopesOf(config, accounts)) {
    const here = datasets.filter(({ name }) => scope.datasets?.includes(name) ?? true);
    const { account: id, region = config.region } = partsOf(scope.id);
    const account = accounts.find((candidate) => candidate.id === id);
    if (account === undefined) continue;
    try {
      using session = await access.session(account, region, { provenance: UNRECORDED, signal });
      callers.add(session.caller);
      const work: Work = {
        session,
        account,
        region,
        scope: scope.id,
        config,
        context,
        provenance: UNRECORDED,
      };
      permissions.push(...(await examine(work, here)));
    } catch (error) {
      const { message } = failure('preflight', error, signal);
      signal.throwIfAborted();
      permissions.push(...linesOf(scope.id, here, () => ({ held: 'unknown', detail: message })));
    }
  }
  return { caller: [...callers].join(', '), permissions };
}

/** Every permission of the datasets in one scope: by IAM's own simulation where that may be asked, else by trying. */
async function examine(work: Work, here: readonly AwsDataset[]): Promise<readonly Line[]> {
  const all = [...new Set(here.flatMap((dataset) => dataset.permissions))];
  const findings = new Map(await simulate(work, all));
  for (const dataset of here) {
    const untold = dataset.permissions.filter((permission) => !findings.has(permission));
    if (untold.length === 0) continue;
    const { probes } = await dataset.load();
    for (const permission of untold) findings.set(permission, await probe(work, permission, probes));
  }
  return linesOf(work.scope, here, (permission) => findings.get(permission) ?? { held: 'unknown' });
}

/** One line a permission and dataset, all with the finding that `of` gives. */
function linesOf(
  scope: string,
  here: readonly AwsDataset[],
  of: (permission: string) => Finding,
): readonly Line[] {
  return here.flatMap((dataset) =>
    dataset.permissions.map((permission) => ({
      dataset: dataset.name,
      permission,
      scope,
      ...of(permission),
    })),
  );
}

/**
 * Whose policies decide: for a role's session that is the role. Undefined for the root user and for what can't be named, such as the session
 * of a role that is not configured here and may have a path.
 */
function principalOf(caller: string, account: AwsAccount): string | undefined {
  if (account.roleArn !== undefined) return account.roleArn;
  const session = /^arn:([^:]+):sts::(\d{12}):assumed-role\/([^/]+)\//.exec(caller);
  const principal = session === null ? caller : `arn:${session[1]}:iam::${session[2]}:role/${session[3]}`;
  return /:iam::\d{12}:(user|role)\//.test(principal) ? principal : undefined;
}

/** None where the caller may not simulate, or the principal can't be named. */
async function simulate(
  { session, account }: Work,
  permissions: readonly string[],
): Promise<readonly (readonly [string, Finding])[]> {
  const principal = principalOf(session.caller, account);
  if (principal === undefined) return [];
  const iam = session.client('iam', IAMClient);
  try {
    const { EvaluationResults } = await session.call('iam:SimulatePrincipalPolicy', (options) =>
      iam.send(
        new SimulatePrincipalPolicyCommand({ PolicySourceArn: principal, ActionNames: [...permissions] }),
        options,
      ),
    );
    return (EvaluationResults ?? []).flatMap(({ EvalActionName: action, EvalDecision: decision }) => {
      if (action === undefined || decision === undefined) return [];
      const held: Finding = { held: true };
      return [
        [
          action,
          decision === 'allowed' ? held : missing(action, `simulated for ${principal}: ${decision}`),
        ] as const,
      ];
    });
  } catch (error) {
    if (session.signal.aborted) throw error;
    return [];
  }
}

const missing = (permission: string, why: string): Finding => ({
  held: false,
  detail: `${why}; allow ${permission} on *`,
});

/** Calls the operation for as little as it can give. */
async function probe(work: Work, permission: string, probes: AwsWorker['probes']): Promise<Finding> {
  const attempt = probes[permission];
  if (attempt === undefined)
    return {
      held: 'unknown',
      detail: `trying ${permission} would have an effect; allow iam:SimulatePrincipalPolicy to know`,
    };
  try {
    await work.session.call(permission, () => attempt(work));
    return { held: true };
  } catch (error) {
    return afterFailure(permission, error, work.session.signal);
  }
}

/** An answer such as "no report yet" or "no password policy" is given only to those who may ask. */
function afterFailure(permission: string, error: unknown, signal: AbortSignal): Finding {
  if (signal.aborted) throw error;
  const known = error instanceof CollectorError ? error : failure(permission, error);
  if (known.code === 'denied') return missing(permission, known.message);
  const status = statusOf(known.cause);
  return status === 404 || status === 410 ? { held: true } : { held: 'unknown', detail: known.message };
}
