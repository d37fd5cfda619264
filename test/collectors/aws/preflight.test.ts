import { describe, expect, test } from 'vitest';
import type { PermissionReport } from '../../../src/collectors/contract.ts';
import { datasets } from '../../../src/collectors/aws/datasets.ts';
import { organizationEstate } from './estate/organization.ts';
import { connect, MAIN, roleOf } from './session-harness.ts';
import { type Handlers, refuse, startStub, type StubOptions } from './stub.ts';

const IAM = ['iam-identities', 'iam-account'];
const NO_POLICY = () => {
  throw refuse('NoSuchEntity', 404);
};
const iam: Handlers = {
  'iam:GetCredentialReport': () => {
    throw refuse('ReportNotPresent', 410);
  },
  'iam:ListVirtualMFADevices': () => ({ VirtualMFADevices: [], IsTruncated: false }),
  'iam:GetAccountAuthorizationDetails': () => ({ IsTruncated: false }),
  'iam:GetAccountSummary': () => ({ SummaryMap: { Users: 1 } }),
  'iam:GetAccountPasswordPolicy': NO_POLICY,
};

type Decide = (action: string) => { readonly decision: string; readonly more?: object };

/** IAM's simulation in pages of `size`, and what it was asked. */
function simulating(decide: Decide, size = 1000) {
  const asked: string[][] = [];
  const handler = ({ ActionNames, Marker = '0' }: { ActionNames: string[]; Marker?: string }) => {
    const from = Number(Marker);
    if (from === 0) asked.push(ActionNames);
    const results = ActionNames.slice(from, from + size).map((action) => {
      const { decision, more } = decide(action);
      return { EvalActionName: action, EvalDecision: decision, ...more };
    });
    const IsTruncated = from + size < ActionNames.length;
    const next = IsTruncated ? { Marker: String(from + size) } : {};
    return { EvaluationResults: results, IsTruncated, ...next };
  };
  return { asked, handlers: { 'iam:SimulatePrincipalPolicy': handler } satisfies Handlers };
}

const allowed: Decide = () => ({ decision: 'allowed' });

async function examine(
  handlers: Handlers,
  settings: object = {},
  chosen: readonly string[] = IAM,
  options: StubOptions & { readonly signal?: AbortSignal } = {},
) {
  await using stub = await startStub(handlers, options);
  await using aws = connect(stub.endpoint, { requestTimeout: 1, maxAttempts: 1, ...settings });
  const report = await aws.source.preflight(options.signal ?? new AbortController().signal, chosen);
  return { report, calls: stub.calls };
}

const held = ({ permissions }: PermissionReport, scope = MAIN) =>
  Object.fromEntries(
    permissions
      .filter((line) => line.scope === scope)
      .map(({ dataset, permission, held: answer }) => [`${dataset} ${permission}`, answer]),
  );
const lineOf = ({ permissions }: PermissionReport, wanted: string, scope = MAIN) =>
  permissions.find(({ permission, scope: place }) => permission === wanted && place === scope);
const named = <C extends { readonly operation: string }>(calls: readonly C[], operation: string) =>
  calls.filter((call) => call.operation === operation);

describe('without a simulation', () => {
  test('what may be tried is tried, no report is made, and what to add is told as a statement', async () => {
    const { report, calls } = await examine(iam, {}, IAM, {
      faults: {
        'iam:ListVirtualMFADevices': { kind: 'denied' },
        'iam:GetAccountAuthorizationDetails': { kind: 'denied' },
      },
    });
    expect(report.caller).toBe(`arn:aws:sts::${MAIN}:assumed-role/annexa/annexa`);
    expect(held(report)).toEqual({
      'iam-identities iam:GenerateCredentialReport': 'unknown',
      'iam-identities iam:GetCredentialReport': true,
      'iam-identities iam:ListVirtualMFADevices': false,
      'iam-identities iam:GetAccountAuthorizationDetails': false,
      'iam-identities iam:GetAccountSummary': true,
      'iam-account iam:GetAccountSummary': true,
      'iam-account iam:GetAccountPasswordPolicy': true,
    });
    expect(lineOf(report, 'iam:ListVirtualMFADevices')?.detail).toBe(
      'refused with AccessDenied; add {"Effect":"Allow","Action":["iam:GetAccountAuthorizationDetails","iam:ListVirtualMFADevices"],"Resource":"*"}',
    );
    expect(lineOf(report, 'iam:GenerateCredentialReport')?.detail).toContain(
      'add {"Effect":"Allow","Action":["iam:SimulatePrincipalPolicy"],"Resource":"*"}',
    );
    expect(named(calls, 'iam:GenerateCredentialReport')).toEqual([]);
    expect(named(calls, 'iam:GetAccountSummary')).toHaveLength(1);
  });

  test('each regional permission is tried in one region an account', async () => {
    const { report, calls } = await examine(
      { 'ec2:DescribeSnapshots': () => ({ Snapshots: [] }) },
      { accounts: [{ id: MAIN, regions: ['eu-west-1', 'eu-north-1', 'us-west-2'] }] },
      ['ebs-snapshots'],
    );
    expect(report.permissions).toEqual(
      ['eu-west-1', 'eu-north-1', 'us-west-2'].map((region) => ({
        dataset: 'ebs-snapshots',
        permission: 'ec2:DescribeSnapshots',
        scope: `${MAIN}:${region}`,
        held: true,
      })),
    );
    expect(named(calls, 'ec2:DescribeSnapshots').map(({ region }) => region)).toEqual(['eu-west-1']);
  });

  test('a region that does not answer is passed over for the next one', async () => {
    const { report, calls } = await examine(
      { 'ec2:DescribeSnapshots': () => ({ Snapshots: [] }) },
      { accounts: [{ id: MAIN, regions: ['eu-west-1', 'eu-north-1'] }] },
      ['ebs-snapshots'],
      { faults: { 'ec2:DescribeSnapshots': { kind: 'hang', region: 'eu-west-1' } } },
    );
    expect(report.permissions.map(({ held: answer }) => answer)).toEqual([true, true]);
    expect(named(calls, 'ec2:DescribeSnapshots').map(({ region }) => region)).toEqual([
      'eu-west-1',
      'eu-north-1',
    ]);
  });

  test('an explicit deny is told with whose it is', async () => {
    const { report } = await examine({
      ...iam,
      'iam:GetAccountSummary': () => {
        throw refuse(
          'AccessDenied',
          403,
          'not authorized, with an explicit deny in a service control policy',
        );
      },
    });
    expect(lineOf(report, 'iam:GetAccountSummary')).toMatchObject({
      held: false,
      detail: expect.stringMatching(
        /^refused with AccessDenied, by a deny in the service control policy; add \{/,
      ),
    });
  });
});

describe('with IAM’s simulation', () => {
  test('nothing is tried, and it is asked once an account for everything, fifty actions a call, all pages', async () => {
    const { asked, handlers } = simulating(allowed, 7);
    const { report, calls } = await examine(
      { ...organizationEstate({ now: Date.now() }), ...handlers },
      { organization: { account: MAIN }, regions: ['eu-west-1', 'eu-north-1'] },
      datasets.map(({ name }) => name),
    );
    const permissions = new Set(
      datasets.filter(({ per }) => per !== 'identity-center').flatMap((dataset) => dataset.permissions),
    );
    expect(asked.flat().sort()).toEqual([...permissions].sort());
    expect(asked.every((actions) => actions.length <= 50)).toBe(true);
    expect(new Set(report.permissions.map(({ held: answer }) => answer))).toEqual(new Set([true]));
    expect(new Set(report.permissions.map(({ scope }) => scope))).toEqual(
      new Set([MAIN, `${MAIN}:eu-west-1`, `${MAIN}:eu-north-1`]),
    );
    expect(new Set(calls.map(({ operation }) => operation))).toEqual(
      new Set(['sts:GetCallerIdentity', 'iam:SimulatePrincipalPolicy']),
    );
  });

  test.each([
    ['no statement allows it', 'implicitDeny', {}],
    ['a statement denies it, which must go', 'explicitDeny', {}],
    [
      'the permissions boundary does not allow it',
      'implicitDeny',
      { PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: false } },
    ],
  ])('a permission is missing: %s', async (why, decision, more) => {
    const { handlers } = simulating((action) =>
      action === 'iam:GenerateCredentialReport' ? { decision, more } : { decision: 'allowed' },
    );
    const { report, calls } = await examine({ ...iam, ...handlers });
    expect(lineOf(report, 'iam:GenerateCredentialReport')).toMatchObject({
      held: false,
      detail: `${why}; add {"Effect":"Allow","Action":["iam:GenerateCredentialReport"],"Resource":"*"}`,
    });
    expect(report.permissions.filter((line) => line.held !== true)).toHaveLength(1);
    expect(named(calls, 'iam:GetAccountSummary')).toEqual([]);
  });

  test('what an organisation’s policies are said to refuse is tried, since their conditions aren’t simulated', async () => {
    const { handlers } = simulating(() => ({
      decision: 'implicitDeny',
      more: { OrganizationsDecisionDetail: { AllowedByOrganizations: false } },
    }));
    const { report } = await examine({ ...iam, ...handlers });
    expect(held(report)).toMatchObject({
      'iam-identities iam:GenerateCredentialReport': false,
      'iam-account iam:GetAccountSummary': true,
    });
    expect(lineOf(report, 'iam:GenerateCredentialReport')?.detail).toContain(
      'the organisation’s policies (SCP) do not allow it',
    );
  });

  test('a decision that lacks the value of a condition is none', async () => {
    const { handlers } = simulating(() => ({
      decision: 'implicitDeny',
      more: { MissingContextValues: ['aws:SourceIp'] },
    }));
    const { report } = await examine({ ...iam, ...handlers });
    expect(held(report)).toMatchObject({
      'iam-identities iam:GenerateCredentialReport': 'unknown',
      'iam-account iam:GetAccountSummary': true,
    });
  });

  test('a simulation that breaks off is made good by trying', async () => {
    const { report } = await examine({ ...iam, ...simulating(allowed, 3).handlers }, {}, IAM, {
      faults: { 'iam:SimulatePrincipalPolicy': { kind: 'no-token' } },
    });
    expect(held(report)['iam-account iam:GetAccountPasswordPolicy']).toBe(true);
  });
});

describe('what can’t be reached', () => {
  test('is unknown alone: an account whose role may not be assumed, with what to add', async () => {
    const ids = Array.from({ length: 10 }, (_, index) => String(300_000_000_000 + index));
    const denied = ids[4]!;
    const { report } = await examine(
      { ...iam, ...simulating(allowed).handlers },
      { accounts: ids.map(roleOf) },
      IAM,
      { faults: { 'sts:AssumeRole': { kind: 'denied', account: denied } } },
    );
    const unknown = report.permissions.filter((line) => line.held !== true);
    expect(new Set(unknown.map(({ scope }) => scope))).toEqual(new Set([denied]));
    expect(unknown).toHaveLength(7);
    expect(unknown[0]).toMatchObject({
      held: 'unknown',
      detail: expect.stringMatching(
        /^sts:AssumeRole: AccessDenied.*needs \{"Effect":"Allow","Action":\["sts:AssumeRole"\],"Resource":"arn:aws:iam::300000000004:role\/annexa"\}/,
      ),
    });
  });

  test('is unknown: everything, when the credentials are refused', async () => {
    const { report } = await examine(iam, {}, IAM, {
      faults: { 'sts:GetCallerIdentity': { kind: 'denied' } },
    });
    expect(report.caller).toBe('');
    expect(new Set(Object.values(held(report)))).toEqual(new Set(['unknown']));
  });

  test('is unknown: what a signal leaves', async () => {
    const { report } = await examine(iam, {}, IAM, { signal: AbortSignal.abort(new Error('late')) });
    expect(new Set(Object.values(held(report)))).toEqual(new Set(['unknown']));
  });

  test('leaves the configured accounts examined, when the organisation can’t be listed', async () => {
    const { report } = await examine(
      { ...iam, ...organizationEstate({ now: Date.now() }) },
      { organization: { account: MAIN, role: 'annexa' } },
      [...IAM, 'organization-accounts'],
      { faults: { 'organizations:ListAccounts': { kind: 'denied' } } },
    );
    expect(lineOf(report, 'organizations:ListAccounts', '*')).toMatchObject({
      held: 'unknown',
      detail: expect.stringContaining('no member of the organisation is examined'),
    });
    expect(lineOf(report, 'organizations:ListAccounts')?.held).toBe(false);
    expect(lineOf(report, 'iam:GetAccountSummary')?.held).toBe(true);
  });
});

test('the members of an organisation are examined as their role', async () => {
  const { report } = await examine(
    { ...iam, ...organizationEstate({ now: Date.now(), size: 3 }), ...simulating(allowed).handlers },
    { organization: { account: MAIN, role: 'annexa' } },
  );
  expect(report.caller.split(', ')).toHaveLength(4);
  expect(lineOf(report, 'iam:GetAccountSummary', '200000000002')?.held).toBe(true);
});
