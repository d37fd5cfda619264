import { describe, expect, test } from 'vitest';
import { coveredOf, detectionEstate, scannerState, weaknessOf } from './estate/detection.ts';
import { ago, collected, DAY, fails, NOW, pass, REGION, verdicts } from './logging-harness.ts';
import { MAIN } from './session-harness.ts';
import { type Asked, type Handlers, startStub } from './stub.ts';

const SCOPE = `${MAIN}:${REGION}`;
const healthy = detectionEstate({ now: NOW });
const OFF = { status: 'DISABLED', errorCode: 'SUCCESS', errorMessage: '' };
const state = (of: object, more: object = {}): Handlers => ({
  'inspector2:BatchGetAccountStatus': () => scannerState(MAIN, of, more),
});
const covering = (...planted: readonly object[]): Handlers => ({
  'inspector2:ListCoverage': () => ({
    coveredResources: planted.map((more, index) => coveredOf(MAIN, index, NOW, more)),
  }),
});
const finding = (...planted: readonly object[]): Handlers => ({
  'inspector2:ListFindings': () => ({
    findings: planted.map((more, index) => weaknessOf(MAIN, REGION, index, NOW, more)),
  }),
});
const machine = (index: number): string => `i-${String(index).padStart(17, '0')}`;
const hash = (index: number): string => String(index).padStart(32, '0');
const tell = async (more: Handlers) => (await collected({ ...healthy, ...more }, 'inspector', SCOPE)).records;

describe('inspector', () => {
  test('tells the scanner, what it covers, and what it found', async () => {
    const records = await tell({ ...covering({}), ...finding({}) });
    expect([...records.keys()]).toEqual(['inspector', `${machine(0)}/PACKAGE`, hash(0)]);
    expect(records.get('inspector')).toMatchObject({
      type: 'vulnerability',
      enabled: true,
      complete: true,
      features: ['machines', 'images', 'functions', 'function-code'].map((name) => ({ name, enabled: true })),
    });
    expect(records.get(`${machine(0)}/PACKAGE`)).toEqual({
      id: `aws:${SCOPE}:${machine(0)}/PACKAGE`,
      kind: 'scan_coverage',
      source: 'aws',
      scope: SCOPE,
      resource: `arn:aws:ec2:${REGION}:${MAIN}:instance/${machine(0)}`,
      name: machine(0),
      resource_type: 'AWS_EC2_INSTANCE',
      region: REGION,
      scan_type: 'package',
      active: true,
      stopped: false,
      cause: '',
      last_scanned_at: ago(DAY),
    });
    expect(records.get(hash(0))).toEqual({
      id: `aws:${SCOPE}:${hash(0)}`,
      kind: 'vulnerability',
      source: 'aws',
      scope: SCOPE,
      name: 'CVE-2026-1000',
      region: REGION,
      resource: `arn:aws:ec2:${REGION}:${MAIN}:instance/${machine(0)}`,
      resource_type: 'AWS_EC2_INSTANCE',
      severity: 'low',
      status: 'open',
      first_seen_at: ago(2 * DAY),
      last_seen_at: ago(DAY),
      fix_available: true,
      exploit_known: false,
    });
  });

  test('pages are as long as they may be, and of the own account alone', async () => {
    const asked: object[] = [];
    const estate = detectionEstate({ now: NOW, size: 250, pageSize: 500 });
    const watched = (operation: string): Handlers => ({
      [operation]: (input, request) => {
        asked.push(input);
        return estate[operation]!(input, request);
      },
    });
    const more = { ...watched('inspector2:ListCoverage'), ...watched('inspector2:ListFindings') };
    const { records } = await collected({ ...estate, ...more }, 'inspector', SCOPE);
    expect(records.size).toBe(1 + 250 + 250);
    const own = [{ comparison: 'EQUALS', value: MAIN }];
    const coverage = { maxResults: 200, filterCriteria: { accountId: own } };
    const findings = { maxResults: 100, filterCriteria: { awsAccountId: own } };
    expect(asked).toEqual([
      coverage,
      { ...coverage, nextToken: '1' },
      findings,
      { ...findings, nextToken: '1' },
      { ...findings, nextToken: '2' },
    ]);
  });

  test.each(['DISABLED', 'SUSPENDED', 'ENABLING', 'DISABLING'])(
    'one that is %s is asked nothing more',
    async (status) => {
      const { records, calls } = await collected({ ...healthy, ...state({ status }) }, 'inspector', SCOPE);
      expect([...records.values()]).toMatchObject([{ kind: 'detector', enabled: false, complete: false }]);
      expect(calls).toEqual([`inspector2:BatchGetAccountStatus ${REGION}`]);
    },
  );

  test('a target that is off leaves the scanner incomplete', async () => {
    const records = await tell(state({}, { lambda: OFF }));
    expect(records.get('inspector')).toMatchObject({
      enabled: true,
      complete: false,
      features: expect.arrayContaining([{ name: 'functions', enabled: false }]),
    });
  });

  const image = `arn:aws:ecr:${REGION}:${MAIN}:repository/app/sha256:${'a'.repeat(64)}`;
  test.each<[string, object, object]>([
    [
      'an image',
      { resourceType: 'AWS_ECR_CONTAINER_IMAGE', resourceId: image },
      { resource: image, scan_type: 'package', name: `sha256:${'a'.repeat(64)}` },
    ],
    [
      'a repository, whose images are what is scanned',
      { resourceType: 'AWS_ECR_REPOSITORY' },
      { scan_type: 'other' },
    ],
    ['the code of a function', { scanType: 'CODE' }, { scan_type: 'code' }],
    [
      'the network of a machine',
      { scanType: 'NETWORK', lastScannedAt: undefined },
      { scan_type: 'network', last_scanned_at: null },
    ],
    ['something new', { scanType: 'CODE' }, { active: true }],
    [
      'a machine that nothing manages',
      { scanStatus: { statusCode: 'INACTIVE', reason: 'UNMANAGED_EC2_INSTANCE' } },
      { active: false, stopped: false, cause: 'UNMANAGED_EC2_INSTANCE' },
    ],
    [
      'a machine that stands still',
      { scanStatus: { statusCode: 'INACTIVE', reason: 'EC2_INSTANCE_STOPPED' } },
      { active: false, stopped: true },
    ],
    [
      'what nothing is said of',
      { scanStatus: undefined },
      { active: false, stopped: false, cause: 'untold' },
    ],
  ])('coverage of %s', async (_, more, expected) => {
    const records = await tell({ ...covering(more), ...finding() });
    expect([...records.values()].find(({ kind }) => kind === 'scan_coverage')).toMatchObject(expected);
  });

  test('what was terminated is covered no more', async () => {
    const gone = { scanStatus: { statusCode: 'INACTIVE', reason: 'RESOURCE_TERMINATED' } };
    const records = await tell({ ...covering(gone), ...finding() });
    expect([...records.values()].map(({ kind }) => kind)).toEqual(['detector']);
  });

  const code = { type: 'CODE_VULNERABILITY', packageVulnerabilityDetails: undefined };
  test.each<[string, object, object]>([
    ['critical', { severity: 'CRITICAL' }, { severity: 'critical' }],
    ['of no weight', { severity: 'INFORMATIONAL' }, { severity: 'none' }],
    ['not rated', { severity: 'UNTRIAGED' }, { severity: 'untriaged' }],
    ['suppressed', { status: 'SUPPRESSED' }, { status: 'suppressed' }],
    ['closed', { status: 'CLOSED' }, { status: 'closed' }],
    ['mended in part', { fixAvailable: 'PARTIAL' }, { fix_available: true }],
    ['not mended', { fixAvailable: 'NO' }, { fix_available: false }],
    [
      'of unknown remedy',
      { fixAvailable: undefined, exploitAvailable: undefined },
      { fix_available: null, exploit_known: null },
    ],
    ['exploited', { exploitAvailable: 'YES' }, { exploit_known: true }],
    [
      'in code',
      {
        ...code,
        codeVulnerabilityDetails: {
          detectorId: 'py/sql',
          detectorName: 'x',
          cwes: [],
          filePath: { fileName: 'a', filePath: 'a', startLine: 1, endLine: 1 },
        },
      },
      { name: 'py/sql' },
    ],
    [
      'of the network',
      {
        ...code,
        type: 'NETWORK_REACHABILITY',
        networkReachabilityDetails: {
          protocol: 'TCP',
          openPortRange: { begin: 22, end: 22 },
          networkPath: {},
        },
      },
      { name: 'reachable TCP 22-22' },
    ],
    ['of no details', code, { name: 'CODE_VULNERABILITY' }],
  ])('a weakness that is %s', async (_, more, expected) => {
    const records = await tell(finding(more));
    expect(records.get(hash(0))).toMatchObject(expected);
    expect(JSON.stringify(records.get(hash(0)))).not.toContain('anything');
  });

  const other = '222222222222';
  test.each<[string, Handlers, string]>([
    [
      'a scanner of another account',
      { 'inspector2:BatchGetAccountStatus': () => scannerState(other) },
      'incomplete',
    ],
    ["another account's resource", covering({ accountId: other }), 'malformed'],
    ["another account's weakness", finding({ awsAccountId: other }), 'malformed'],
    ['a weakness of no resource', finding({ resources: [] }), 'malformed'],
  ])('%s is refused', async (_, more, code) => {
    await expect(tell(more)).rejects.toMatchObject({ code });
  });
});

const CHECKS = [
  'scanner-on',
  'resources-scanned',
  'scans-recent',
  'vulnerabilities-closed-in-time',
  'vulnerabilities-not-hidden',
];
async function judged(more: Handlers, regions: readonly string[] = [REGION]) {
  await using stub = await startStub({ ...healthy, ...more });
  return await verdicts(stub.endpoint, CHECKS, { datasets: ['inspector'], regions });
}
const since = (days: number) => ({ firstObservedAt: new Date(NOW - days * DAY * 1000) });

describe('what the checks find', () => {
  test('a scanner that covers everything, and weaknesses that are young or of little weight', async () => {
    const found = await judged(
      finding(
        { severity: 'CRITICAL', ...since(6) },
        { severity: 'MEDIUM', ...since(89) },
        { severity: 'INFORMATIONAL', ...since(900) },
        { severity: 'CRITICAL', ...since(400), status: 'CLOSED' },
        { severity: 'LOW', ...since(400), status: 'SUPPRESSED' },
      ),
    );
    expect(found).toEqual(Object.fromEntries(CHECKS.map((check) => [check, pass])));
  });

  test('no open weakness, since none was found', async () => {
    const none = { outcome: 'not_applicable', failing: [], unknown: [] };
    expect(await judged(finding())).toEqual({
      'scanner-on': pass,
      'resources-scanned': pass,
      'scans-recent': pass,
      'vulnerabilities-closed-in-time': none,
      'vulnerabilities-not-hidden': none,
    });
  });

  test('no open weakness, since nothing looks', async () => {
    const found = await judged(state(OFF));
    expect(found['scanner-on']).toEqual(fails(`${SCOPE}:inspector`));
    expect(found['resources-scanned']?.outcome).toBe('unknown');
    expect(found['scans-recent']?.outcome).toBe('unknown');
  });

  test('one region of two where nothing looks', async () => {
    const found = await judged(
      {
        ...finding({ severity: 'HIGH' }),
        'inspector2:BatchGetAccountStatus': (_: object, { region }: Asked) =>
          scannerState(MAIN, region === REGION ? {} : OFF),
      },
      [REGION, 'eu-west-1'],
    );
    expect(found).toEqual({
      ...Object.fromEntries(CHECKS.map((check) => [check, pass])),
      'scanner-on': fails(`${MAIN}:eu-west-1:inspector`),
    });
  });

  test('weaknesses that wait for too long, by their severity', async () => {
    const late = [
      ['CRITICAL', 7.1],
      ['HIGH', 30.1],
      ['MEDIUM', 90.1],
      ['LOW', 180.1],
      ['UNTRIAGED', 30.1],
    ] as const;
    const found = await judged(
      finding(...late.map(([severity, days]) => ({ severity, ...since(days) })), {
        severity: 'HIGH',
        ...since(29),
      }),
    );
    expect(found['vulnerabilities-closed-in-time']).toEqual(
      fails(...late.map((_, index) => `${SCOPE}:${hash(index)}`)),
    );
  });

  test('weaknesses that a rule hides', async () => {
    const found = await judged(finding({ severity: 'HIGH', status: 'SUPPRESSED' }, { severity: 'HIGH' }));
    expect(found['vulnerabilities-not-hidden']).toEqual(fails(`${SCOPE}:${hash(0)}`));
  });

  test('resources that are passed over, or were not looked at for long', async () => {
    const found = await judged(
      covering(
        {},
        { scanStatus: { statusCode: 'INACTIVE', reason: 'EXCLUDED_BY_TAG' } },
        { scanStatus: { statusCode: 'INACTIVE', reason: 'EC2_INSTANCE_STOPPED' } },
        { lastScannedAt: new Date(NOW - 31 * DAY * 1000) },
      ),
    );
    expect(found['resources-scanned']).toEqual(fails(`${SCOPE}:${machine(1)}/PACKAGE`));
    expect(found['scans-recent']).toEqual(fails(`${SCOPE}:${machine(3)}/PACKAGE`));
  });
});
