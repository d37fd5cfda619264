import {
  type EvaluationResult,
  IAMClient,
  SimulatePrincipalPolicyCommand,
  type SimulatePrincipalPolicyCommandOutput,
} from '@aws-sdk/client-iam';
import type { Work } from './dataset.ts';
import { marker, pages } from '../pages.ts';
import { listed } from '../read.ts';

const OPERATION = 'iam:SimulatePrincipalPolicy';
/** Actions of one call. */
const ACTIONS = 50;

/** What IAM's own simulation says of a permission. */
export interface Decision {
  readonly allowed: boolean;
  /** Why it is not allowed, in words. */
  readonly why: string;
  /** False: it may be otherwise, since the simulation doesn't see the conditions of an organisation's policies. */
  readonly sure: boolean;
}

/**
 * IAM's decision on each permission, as far as it has one that can be relied on: none where the caller may not simulate, where the principal can't
 * be named, or where a condition could not be evaluated. One call for fifty permissions.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
 */
export async function simulate(
  { session, account, region }: Work,
  permissions: readonly string[],
): Promise<ReadonlyMap<string, Decision>> {
  const decisions = new Map<string, Decision>();
  const principal = principalOf(session.caller, account.roleArn);
  if (principal === undefined) return decisions;
  const iam = session.client('iam', IAMClient);
  const ask = (ActionNames: string[], Marker: string | undefined) =>
    session.call(OPERATION, (options) =>
      iam.send(
        new SimulatePrincipalPolicyCommand({
          PolicySourceArn: principal,
          ActionNames,
          Marker,
          ContextEntries: [
            { ContextKeyName: 'aws:RequestedRegion', ContextKeyType: 'string', ContextKeyValues: [region] },
          ],
        }),
        options,
      ),
    );
  try {
    for (let at = 0; at < permissions.length; at += ACTIONS) {
      const actions = permissions.slice(at, at + ACTIONS);
      for await (const page of pages(
        OPERATION,
        (token) => ask(actions, token),
        (answer) => marker(OPERATION, answer),
      ))
        tell(page, decisions);
    }
  } catch (error) {
    if (session.signal.aborted) throw error;
  }
  return decisions;
}

function tell(
  { EvaluationResults }: SimulatePrincipalPolicyCommandOutput,
  decisions: Map<string, Decision>,
): void {
  for (const result of listed(OPERATION, 'EvaluationResults', EvaluationResults)) {
    const { EvalActionName: action, MissingContextValues: missing = [] } = result;
    if (action !== undefined && missing.length === 0) decisions.set(action, decisionOf(result));
  }
}

function decisionOf({
  EvalDecision: decision,
  OrganizationsDecisionDetail: organization,
  PermissionsBoundaryDecisionDetail: boundary,
}: EvaluationResult): Decision {
  if (decision === 'allowed') return { allowed: true, why: '', sure: true };
  if (organization?.AllowedByOrganizations === false)
    return { allowed: false, why: 'the organisation’s policies (SCP) do not allow it', sure: false };
  if (boundary?.AllowedByPermissionsBoundary === false)
    return { allowed: false, why: 'the permissions boundary does not allow it', sure: true };
  return decision === 'explicitDeny'
    ? { allowed: false, why: 'a statement denies it, which must go', sure: true }
    : { allowed: false, why: 'no statement allows it', sure: true };
}

/**
 * Whose policies decide: for a role's session that is the role. Undefined for the root user and for what can't be named, such as the session
 * of a role that is not configured here and may have a path.
 */
function principalOf(caller: string, roleArn: string | undefined): string | undefined {
  if (roleArn !== undefined) return roleArn;
  const session = /^arn:([^:]+):sts::(\d{12}):assumed-role\/([^/]+)\//.exec(caller);
  const principal = session === null ? caller : `arn:${session[1]}:iam::${session[2]}:role/${session[3]}`;
  return /:iam::\d{12}:(user|role)\//.test(principal) ? principal : undefined;
}
