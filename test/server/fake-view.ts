import type { Period } from '../../src/controls/period.ts';
import { EngineError } from '../../src/engine/error.ts';
import type {
  AgentView,
  AttestationItem,
  CheckDetail,
  CheckItem,
  ControlDetail,
  ControlItem,
  EvidenceItem,
  MetricsSnapshot,
  Page,
  PageQuery,
  PeriodItem,
  RunItem,
} from '../../src/engine/view.ts';

/** 2026-11-22T04:33:00Z */
export const moment = 1_795_321_980;

const digest = 'ab'.repeat(32);

export const controls: readonly ControlDetail[] = Array.from({ length: 37 }, (_, at) => ({
  id: `A.5.${at + 1}`,
  title: `Control ${at + 1} "quoted" \\ back`,
  theme: 'organizational',
  owner: at % 2 === 0 ? 'IT operations' : null,
  status: at === 17 ? 'ineffective' : 'unknown',
  why: 'nothing covers it',
  lastAssessedAt: at === 17 ? moment : null,
  description: 'What it asks.',
  period: null,
  aspects: [
    {
      id: `A.5.${at + 1}/removal`,
      title: 'Removal',
      basis: at === 17 ? 'live' : null,
      status: 'unknown',
      why: 'no check',
      checks: ['leaver-access'],
      attestations: [],
    },
  ],
}));

const counts = { table: 10, population: 8, filtered: 1, failing: 2, unknown: 1 };

const checks: readonly CheckDetail[] = [
  {
    name: 'leaver-access',
    title: "Leavers' access is closed",
    aspects: ['A.5.18/removal'],
    severity: 'high',
    outcome: 'fail',
    why: '2 of 8 fail',
    counts,
    scopes: [
      {
        collector: 'aws',
        dataset: 'iam-identities',
        scope: '111122223333',
        outcome: 'fail',
        why: '2 of 8 fail',
        counts,
      },
    ],
    assessedAt: moment,
    evidence: 7,
    rationale: 'Why.',
    remediation: 'Close it.',
    sql: { kind: 'identity', where: null, fails: 'it.active', reason: "'x'" },
    params: { maxAgeDays: 90, groups: ['a', 'b'] },
    records: [
      {
        id: 'aws:111122223333:AIDA1',
        source: 'aws/iam-identities/111122223333',
        outcome: 'fail',
        reason: 'left',
      },
    ],
  },
];

const run: RunItem = {
  id: 'aws-1795321980-0a1b',
  collector: 'aws',
  startedAt: moment,
  finishedAt: moment + 4,
  outcome: 'failed',
  evidence: 3,
  datasets: [
    {
      dataset: 'iam-identities',
      scope: '111122223333',
      outcome: 'failed',
      reason: 'denied',
      detail: 'iam:GetCredentialReport is denied',
      records: null,
      apiCalls: 4,
      throttled: 1,
    },
  ],
};

const entries: readonly EvidenceItem[] = Array.from({ length: 5 }, (_, index) => ({
  index,
  leafHash: digest,
  predicateType: 'https://annexa.dev/snapshot/v1',
  stream: 'snapshot/aws/iam-identities/111122223333',
  seq: index,
  runId: run.id,
  sealedAt: moment + index,
  subjects: [{ name: 'records', sha256: digest }],
}));

const reviewed: AttestationItem = {
  name: 'review-minutes',
  source: 'configuration',
  aspects: ['A.5.18/review'],
  by: 'isms@example.com',
  at: moment,
  expiresAt: moment + 172_800,
  valid: true,
  state: 'valid',
  sealedAt: null,
  evidence: null,
  leafHash: null,
  withdrawn: null,
};

const visited: AttestationItem = {
  ...reviewed,
  name: 'site-visit',
  source: 'api',
  by: 'token:maria',
  sealedAt: moment,
  evidence: 4,
  leafHash: digest,
};

/** Effective throughout. */
function fared({ from, to }: Period): PeriodItem {
  const none = { correcting: 0, accepted: 0, ineffective: 0, unknown: 0, not_applicable: 0 };
  const shares = { seconds: { ...none, effective: to - from }, longestGap: null, longestUnknown: null };
  const closed = { passed: 0, gone: 0, out_of_population: 0, check_removed: 0 };
  const deviations = { opened: 0, closed, inTime: 0, late: 0, open: 0, overdue: 0 };
  const events = [
    {
      check: 'leaver-access',
      judged: 5,
      came: 2,
      passed: 3,
      failed: 1,
      unknown: 1,
      corrected: 1,
      whole: false,
      why: 'No assessment spoke for 1h, the first time at 2026-06-01T00:00:00Z.',
    },
  ];
  return { from, to, ...shares, aspects: [{ id: 'A.5.1/removal', ...shares }], deviations, events };
}

function detailToItem(control: ControlDetail): ControlItem {
  const { description: _description, aspects: _aspects, period: _period, ...item } = control;
  return item;
}

function checkToItem(check: CheckDetail): CheckItem {
  const {
    rationale: _rationale,
    remediation: _remediation,
    sql: _sql,
    params: _params,
    records: _records,
    ...item
  } = check;
  return item;
}

/** Cursors are `after-<n>`. */
function slice<T>(all: readonly T[], { limit, cursor }: PageQuery): Promise<Page<T>> {
  const start = cursor === undefined ? 0 : Number(/^after-(\d+)$/.exec(cursor)?.[1]);
  if (Number.isNaN(start)) return Promise.reject(new EngineError('cursor', 'not a cursor of this list'));
  const end = start + limit;
  return Promise.resolve({ items: all.slice(start, end), next: end < all.length ? `after-${end}` : null });
}

const reasons = ['denied', 'throttled', 'timeout'];

export const snapshot: MetricsSnapshot = {
  controls: controls.map((control) => ({
    ...detailToItem(control),
    exceptions: 0,
    statusSince: control.lastAssessedAt,
    lastKnownAt: control.status === 'unknown' ? null : moment,
  })),
  checks: [
    {
      name: 'leaver-access',
      title: "Leavers' access is closed",
      severity: 'high',
      outcome: 'fail',
      controls: ['A.5.18', 'A.8.2'],
      open: 4,
      accepted: 1,
      overdue: 1,
      oldestAt: moment - 90_000,
    },
  ],
  ages: [
    { severity: 'high', age: 'under 1d', open: 0 },
    { severity: 'high', age: '1d to 7d', open: 4 },
  ],
  exceptions: [{ name: 'break-glass', expiresAt: moment + 86_400, controls: ['A.8.5'], accepts: 1 }],
  attestations: [{ name: 'review-minutes', expiresAt: moment + 172_800, controls: ['A.5.18'] }],
  assessEvery: 900,
  configuration: { changes: 3, lastAt: moment - 500, documents: { evidenced: 7, not_evidenced: 2 } },
  datasets: [
    {
      collector: 'aws',
      dataset: 'iam-identities',
      freshness: 43_200,
      scopes: { fresh: 2, stale: 1, missing: 0 },
      failing: 1,
    },
    {
      collector: 'hr',
      dataset: 'people',
      freshness: 172_800,
      scopes: { fresh: 0, stale: 0, missing: 1 },
      failing: 0,
    },
  ],
  evidence: [{ collector: 'aws', dataset: 'iam-identities', asOf: moment - 60, records: 2003 }],
  log: { size: 5, checkpointAt: moment + 4 },
  keys: [
    { use: 'envelope', since: moment - 100 },
    { use: 'checkpoint', since: moment - 200 },
  ],
  verifyFailures: 0,
  witnesses: [{ name: 'east', size: 4, failures: 3, refusals: 1 }],
  timestamps: { lastTokenAt: 1_780_000_100, failures: { freetsa: 2, own: 0 } },
  collectors: [
    {
      name: 'aws',
      type: 'aws',
      runs: 4,
      failures: { ...Object.fromEntries(reasons.map((reason) => [reason, 0])), denied: 1 },
      apiRequests: 96,
      apiThrottled: 2,
      lastDurationSeconds: 3.25,
      lastRunAt: moment - 30,
      lastSuccessAt: moment - 4000,
    },
    {
      name: 'hr',
      type: 'hr',
      runs: 0,
      failures: Object.fromEntries(reasons.map((reason) => [reason, 0])),
      apiRequests: 0,
      apiThrottled: 0,
      lastDurationSeconds: null,
      lastRunAt: null,
      lastSuccessAt: null,
    },
  ],
};

/** An agent at one moment; any part may be replaced. */
export function fakeView(replaced: Partial<AgentView> = {}): AgentView {
  let revision = 0;
  return {
    // What a test replaces may change at any time.
    revision: () => (revision += 1),
    build: { version: '0.1.0', revision: 'abc1234', node: '24.21.0' },
    readiness: () => ({ ready: true, reasons: [], conditions: [] }),
    controls: ({ status, theme, owner, ...query }) =>
      slice(
        controls
          .filter((item) => status === undefined || item.status === status)
          .filter((item) => theme === undefined || item.theme === theme)
          .filter((item) => owner === undefined || item.owner === owner)
          .map(detailToItem),
        query,
      ),
    control: (id, period) => {
      const found = controls.find((item) => item.id === id);
      return Promise.resolve(found && { ...found, period: period === undefined ? null : fared(period) });
    },
    checks: (query) => slice(checks.map(checkToItem), query),
    check: (name) => Promise.resolve(checks.find((item) => item.name === name)),
    deviations: (query) =>
      slice(
        [
          {
            id: '0'.repeat(32),
            check: 'leaver-access',
            record: 'aws:111122223333:AIDA1',
            severity: 'high' as const,
            reason: 'left on 2026-11-01',
            firstSeenAt: moment,
            dueAt: moment + 86_400,
            overdue: false,
            exception: null,
            closedAt: null,
            closedBy: null,
          },
        ],
        query,
      ),
    collectors: (query) =>
      slice(
        [
          {
            name: 'aws',
            type: 'aws',
            lastRunAt: moment,
            lastRunOutcome: 'failed' as const,
            datasets: [
              {
                dataset: 'iam-identities',
                scope: '111122223333',
                state: 'stale' as const,
                detail: 'older than 12 h',
                asOf: moment - 90_000,
                records: 2003,
                snapshot: 2,
              },
            ],
          },
        ],
        query,
      ),
    collect: (name) =>
      Promise.resolve(name === 'aws' ? [{ dataset: 'iam-identities', state: 'due' as const }] : undefined),
    runs: (query) => slice([run], query),
    run: (id) => Promise.resolve(id === run.id ? run : undefined),
    evidence: (query) => slice(entries, query),
    entry: (index) => {
      const item = entries[index];
      return Promise.resolve(
        item && { ...item, envelope: { payload: 'e30=' }, statement: { any: ['thing'] } },
      );
    },
    exceptions: (query) =>
      slice(
        [
          {
            name: 'break-glass',
            check: 'second-factor',
            reason: 'emergency account',
            risk: 'low',
            approver: 'ciso@example.com',
            validFrom: moment,
            expiresAt: moment + 86_400,
            valid: true,
            accepts: 1,
          },
        ],
        query,
      ),
    attestations: (query) => slice([reviewed, visited], query),
    attestation: (name) => {
      const item = [reviewed, visited].find((one) => one.name === name);
      return Promise.resolve(item && { ...item, statement: 'All of it.', documents: [] });
    },
    attest: ({ name, aspects, at, expires }, by) =>
      Promise.resolve({ ...visited, name, aspects, by, at, expiresAt: expires }),
    withdraw: (name, reason, by) =>
      Promise.resolve(
        name === visited.name
          ? {
              ...visited,
              valid: false,
              state: 'withdrawn' as const,
              withdrawn: { at: moment, by, reason, evidence: 5 },
            }
          : undefined,
      ),
    soa: () =>
      Promise.resolve({
        version: '3',
        approver: 'ciso@example.com',
        items: [
          {
            control: 'A.5.1',
            title: 'Policies',
            applicable: true,
            justification: 'clause 6',
            implementation: 'done',
            owner: null,
            status: 'unknown' as const,
          },
        ],
      }),
    scope: () => Promise.resolve({ statement: { entities: ['Acme'] }, sources: ['aws/111122223333'] }),
    checkpoint: () =>
      Promise.resolve({ origin: '0123.acme.example', size: 5, root: digest, note: 'origin\n5\nroot\n' }),
    metrics: () => Promise.resolve(snapshot),
    ...replaced,
  };
}
