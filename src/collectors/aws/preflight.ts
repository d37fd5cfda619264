import {
  GetAccountAuthorizationDetailsCommand,
  GetAccountPasswordPolicyCommand,
  GetAccountSummaryCommand,
  GetCredentialReportCommand,
  ListVirtualMFADevicesCommand,
  SimulatePrincipalPolicyCommand,
} from '@aws-sdk/client-iam';
import type { PermissionReport } from '../contract.ts';
import { CollectorError } from '../error.ts';
import type { AwsAccount } from './config.ts';
import { failure, statusOf } from './failure.ts';
import { datasets } from './permissions.ts';
import { call, type Session } from './session.ts';

type Line = PermissionReport['permissions'][number];
type Finding = Pick<Line, 'held' | 'detail'>;

const ALL = [...new Set(datasets.flatMap((dataset) => dataset.permissions))];

/** Every permission of every dataset in one account: by IAM's own simulation where that may be asked, else by trying. */
export async function preflightAccount(session: Session, account: AwsAccount): Promise<readonly Line[]> {
  const simulated = await simulate(session, account);
  const findings = new Map<string, Finding>();
  for (const permission of ALL)
    findings.set(permission, simulated?.get(permission) ?? (await probe(session, permission)));
  return linesOf(account, (permission) => findings.get(permission) ?? { held: 'unknown' });
}

/** One line a permission and dataset, all with the finding that `of` gives. */
export function linesOf(account: AwsAccount, of: (permission: string) => Finding): readonly Line[] {
  return datasets.flatMap((dataset) =>
    dataset.permissions.map((permission) => ({
      dataset: dataset.name,
      permission,
      scope: account.id,
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

/** Undefined where the caller may not simulate, or the principal can't be named. */
async function simulate(
  session: Session,
  account: AwsAccount,
): Promise<ReadonlyMap<string, Finding> | undefined> {
  const { iam, signal, caller } = session;
  const principal = principalOf(caller, account);
  if (principal === undefined) return undefined;
  try {
    const { EvaluationResults } = await call('iam:SimulatePrincipalPolicy', signal, () =>
      iam.send(new SimulatePrincipalPolicyCommand({ PolicySourceArn: principal, ActionNames: ALL }), {
        abortSignal: signal,
      }),
    );
    const findings = new Map<string, Finding>();
    for (const { EvalActionName, EvalDecision } of EvaluationResults ?? []) {
      if (EvalActionName === undefined || EvalDecision === undefined) continue;
      findings.set(
        EvalActionName,
        EvalDecision === 'allowed'
          ? { held: true }
          : missing(EvalActionName, `simulated for ${principal}: ${EvalDecision}`),
      );
    }
    return findings;
  } catch (error) {
    if (signal.aborted) throw error;
    return undefined;
  }
}

const missing = (permission: string, why: string): Finding => ({
  held: false,
  detail: `${why}; allow ${permission} on *`,
});

/** Calls the operation for as little as it can give. */
async function probe({ iam, signal }: Session, permission: string): Promise<Finding> {
  const options = { abortSignal: signal };
  const attempts: Readonly<Record<string, () => Promise<unknown>>> = {
    'iam:GetCredentialReport': () => iam.send(new GetCredentialReportCommand({}), options),
    'iam:ListVirtualMFADevices': () => iam.send(new ListVirtualMFADevicesCommand({ MaxItems: 1 }), options),
    'iam:GetAccountAuthorizationDetails': () =>
      iam.send(new GetAccountAuthorizationDetailsCommand({ Filter: ['Group'], MaxItems: 1 }), options),
    'iam:GetAccountSummary': () => iam.send(new GetAccountSummaryCommand({}), options),
    'iam:GetAccountPasswordPolicy': () => iam.send(new GetAccountPasswordPolicyCommand({}), options),
  };
  const attempt = attempts[permission];
  if (attempt === undefined)
    return {
      held: 'unknown',
      detail: `trying ${permission} would have an effect; allow iam:SimulatePrincipalPolicy to know`,
    };
  try {
    await call(permission, signal, attempt);
    return { held: true };
  } catch (error) {
    return afterFailure(permission, error, signal);
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
