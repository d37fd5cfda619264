import type { MetricsSnapshot } from '../../src/engine/view.ts';
import { exposeMetrics } from '../../src/server/metrics.ts';
import { fakeView, snapshot } from '../server/fake-view.ts';

const DAY = 86_400;

type Control = MetricsSnapshot['controls'][number];

function control(id: string, changes: Partial<Control>, now: number): Control {
  const base = { title: `Control ${id}`, theme: 'organizational', owner: 'IT operations', why: '' };
  const times = { lastAssessedAt: now - 60, statusSince: now - DAY, lastKnownAt: now - 60 };
  return { id, ...base, ...times, status: 'effective', exceptions: 0, ...changes };
}

/** An agent with which everything is well. `now`: Unix seconds. */
export function well(now: number): MetricsSnapshot {
  const [aws] = snapshot.collectors;
  const [check] = snapshot.checks;
  const [dataset] = snapshot.datasets;
  if (aws === undefined || check === undefined || dataset === undefined)
    throw new Error('the fixture is empty');
  return {
    ...snapshot,
    controls: [control('A.5.18', {}, now), control('A.8.2', {}, now), control('A.8.5', {}, now)],
    checks: [{ ...check, severity: 'critical', overdue: 0 }],
    exceptions: [{ name: 'break-glass', expiresAt: now + 90 * DAY, controls: ['A.8.5'], accepts: 1 }],
    attestations: [{ name: 'review-minutes', expiresAt: now + 90 * DAY, controls: ['A.5.18'] }],
    evidence: [{ collector: 'aws', dataset: 'iam-identities', asOf: now - 60, records: 2003 }],
    datasets: [{ ...dataset, scopes: { fresh: 3, stale: 0, missing: 0 }, failing: 0 }],
    log: { size: 1000, checkpointAt: now - 60 },
    keys: [{ use: 'envelope', since: now - 30 * DAY }],
    timestamps: { lastTokenAt: now - 3600, failures: { own: 0 } },
    witnesses: [{ name: 'east', size: 1000, failures: 0, refusals: 0 }],
    collectors: [{ ...aws, apiRequests: 1000, apiThrottled: 0 }],
  };
}

/** The same with everything wrong at once; `scrapes` so far, for what only grows. */
export function troubled(now: number, scrapes: number): MetricsSnapshot {
  const fine = well(now);
  const [aws] = fine.collectors;
  if (aws === undefined) throw new Error('the fixture is empty');
  const stalled = now - 5 * 3600;
  return {
    ...fine,
    controls: [
      control('A.5.18', { status: 'ineffective', lastAssessedAt: stalled }, now),
      control('A.8.2', { status: 'unknown', lastKnownAt: now - 3 * DAY, lastAssessedAt: stalled }, now),
      control('A.8.5', { status: 'accepted', lastAssessedAt: stalled }, now),
    ],
    checks: fine.checks.map((check) => ({ ...check, overdue: 2 })),
    exceptions: fine.exceptions.map((one) => ({ ...one, expiresAt: now + DAY })),
    attestations: fine.attestations.map((one) => ({ ...one, expiresAt: now - DAY })),
    configuration: {
      changes: 4,
      lastAt: now,
      documents: { evidenced: 7, not_evidenced: 2 + scrapes },
    },
    evidence: fine.evidence.map((one) => ({ ...one, asOf: now - 3 * DAY })),
    datasets: fine.datasets.map((one) => ({
      ...one,
      scopes: { fresh: 1, stale: 1, missing: 1 },
      failing: 1,
    })),
    log: { size: 900, checkpointAt: stalled },
    keys: [{ use: 'envelope', since: now - 500 * DAY }],
    verifyFailures: 1,
    timestamps: { lastTokenAt: now - 2 * DAY, failures: { own: scrapes } },
    witnesses: [{ name: 'east', size: 900, failures: scrapes, refusals: 1 }],
    collectors: [{ ...aws, apiRequests: 1000 + 100 * scrapes, apiThrottled: 50 * scrapes }],
  };
}

const storeFull = { condition: 'store-full', detail: 'no room', since: 0, unready: true } as const;

/** What such an agent answers. `startedAt`: its process, Unix seconds. */
export async function exposed(state: MetricsSnapshot, startedAt: number, rest: Rest): Promise<string> {
  const view = fakeView({
    metrics: () => Promise.resolve(state),
    readiness: () => ({
      ready: rest.condition === 0,
      reasons: [],
      conditions: rest.condition === 0 ? [] : [storeFull],
    }),
  });
  const { text } = await exposeMetrics(view);
  return text.replace(/^(process_start_time_seconds) .*$/m, `$1 ${startedAt}`) + gate(rest);
}

/** What the agent tells of the world around it. */
interface Rest {
  readonly condition: number;
  readonly denied: number;
  readonly unsealed: number;
  /** Unix seconds. */
  readonly expires: number;
}

/** Families that don't follow from the state. */
function gate({ denied, unsealed, expires }: Rest): string {
  const lines = [
    `annexa_access_denied_total{reason="invalid"} ${denied}`,
    `annexa_access_unsealed_records ${unsealed}`,
    `annexa_access_token_expiry_timestamp_seconds{token="ci"} ${expires}`,
    `annexa_tls_certificate_expiry_timestamp_seconds ${expires}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** As the outside is while all is well, and while nothing is. */
export function around(now: number, bad: boolean, scrapes: number): Rest {
  return bad
    ? { condition: 1, denied: 50 * scrapes, unsealed: 3, expires: now + DAY }
    : { condition: 0, denied: 0, unsealed: 0, expires: now + 60 * DAY };
}
