import { Gauge, Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { fakeView, moment, snapshot } from './fake-view.ts';
import { parseExposition, seriesOf, valueOf } from './exposition.ts';
import { problemIn, send, serve } from './harness.ts';
import { exposeMetrics } from '../../src/server/metrics.ts';
import type { MetricsSnapshot } from '../../src/engine/view.ts';

async function scrape(replaced: Partial<MetricsSnapshot> = {}) {
  const view = fakeView({ metrics: () => Promise.resolve({ ...snapshot, ...replaced }) });
  return parseExposition((await exposeMetrics(view)).text);
}

const expected: Readonly<Record<string, readonly [type: string, labels: readonly string[]]>> = {
  annexa_build_info: ['gauge', ['version', 'revision', 'node']],
  annexa_control_info: ['gauge', ['control', 'title', 'theme', 'owner']],
  annexa_control_status: ['gauge', ['control', 'status']],
  annexa_control_last_assessed_timestamp_seconds: ['gauge', ['control']],
  annexa_check_status: ['gauge', ['check', 'status']],
  annexa_deviations: ['gauge', ['check', 'severity']],
  annexa_deviations_overdue: ['gauge', ['check']],
  annexa_exceptions: ['gauge', ['control']],
  annexa_exception_expiry_timestamp_seconds: ['gauge', ['exception']],
  annexa_attestation_expiry_timestamp_seconds: ['gauge', ['attestation']],
  annexa_evidence_as_of_timestamp_seconds: ['gauge', ['collector', 'dataset']],
  annexa_evidence_log_size: ['gauge', []],
  annexa_evidence_checkpoint_timestamp_seconds: ['gauge', []],
  annexa_evidence_key_timestamp_seconds: ['gauge', ['use']],
  annexa_evidence_verify_failures_total: ['counter', []],
  annexa_evidence_last_token_timestamp_seconds: ['gauge', []],
  annexa_evidence_witnessed_size: ['gauge', ['witness']],
  annexa_evidence_witness_failures_total: ['counter', ['witness']],
  annexa_evidence_witness_refusals_total: ['counter', ['witness']],
  annexa_timestamp_failures_total: ['counter', ['authority']],
  annexa_collector_runs_total: ['counter', ['collector']],
  annexa_collector_run_failures_total: ['counter', ['collector', 'reason']],
  annexa_collector_run_duration_seconds: ['gauge', ['collector']],
  annexa_collector_api_requests_total: ['counter', ['collector']],
  annexa_collector_api_throttled_total: ['counter', ['collector']],
  annexa_collector_records: ['gauge', ['collector', 'dataset']],
};

describe('/metrics', () => {
  test('is the Prometheus text format', async () => {
    const answer = await send(await serve(), '/metrics');
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    // Those of who is let in (access.test.ts) are beside the engine's.
    const families = [...parseExposition(answer.text).keys()];
    expect(families.filter((name) => !name.startsWith('annexa_access_'))).toHaveLength(
      Object.keys(expected).length,
    );
  });

  test('has exactly the families of the design, each with its type, its labels and a help text', async () => {
    const families = await scrape();
    expect([...families.keys()].sort()).toEqual(Object.keys(expected).sort());
    for (const [name, { type, help, series }] of families) {
      expect(type, name).toBe(expected[name]?.[0]);
      expect(help, name).toMatch(/^\S.+\.$/);
      expect(series.length, name).toBeGreaterThan(0);
      for (const { labels } of series) {
        expect(Object.keys(labels).sort(), name).toEqual([...(expected[name]?.[1] ?? [])].sort());
      }
    }
  });

  test('names follow the conventions: counters end in _total and nothing else does, no abbreviated units', async () => {
    for (const [name, { type }] of await scrape()) {
      expect(name).toMatch(/^annexa_[a-z]+(?:_[a-z]+)*$/);
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
      expect(name).not.toMatch(/_(?:ms|millis|milliseconds|minutes|hours|days|age|percent)\b/);
    }
  });

  test('every control has six status series of which one is 1, every check four', async () => {
    const families = await scrape();
    for (const { id, status } of snapshot.controls) {
      const series = seriesOf(families, 'annexa_control_status', { control: id });
      expect(series).toHaveLength(6);
      const held = series.filter((one) => one.value === 1).map((one) => one.labels['status']);
      expect(held).toEqual([status]);
      expect(series.filter((one) => one.value === 0)).toHaveLength(5);
    }
    const checks = seriesOf(families, 'annexa_check_status', { check: 'leaver-access' });
    expect(Object.fromEntries(checks.map((one) => [one.labels['status'], one.value]))).toEqual({
      pass: 0,
      fail: 1,
      unknown: 0,
      not_applicable: 0,
    });
  });

  test('counters and counts start at zero; times that are not there are absent', async () => {
    const families = await scrape();
    const hr = { collector: 'hr' };
    expect(valueOf(families, 'annexa_collector_runs_total', hr)).toBe(0);
    expect(valueOf(families, 'annexa_collector_api_requests_total', hr)).toBe(0);
    expect(valueOf(families, 'annexa_collector_api_throttled_total', hr)).toBe(0);
    expect(seriesOf(families, 'annexa_collector_run_failures_total', hr)).toHaveLength(3);
    expect(valueOf(families, 'annexa_evidence_verify_failures_total')).toBe(0);
    expect(valueOf(families, 'annexa_timestamp_failures_total', { authority: 'own' })).toBe(0);
    expect(valueOf(families, 'annexa_exceptions', { control: 'A.5.1' })).toBe(0);
    expect(valueOf(families, 'annexa_collector_run_duration_seconds', hr)).toBeUndefined();
    expect(
      valueOf(families, 'annexa_control_last_assessed_timestamp_seconds', { control: 'A.5.1' }),
    ).toBeUndefined();
  });

  test('values are those of the engine', async () => {
    const families = await scrape();
    const dataset = { collector: 'aws', dataset: 'iam-identities' };
    const aws = { collector: 'aws' };
    expect(valueOf(families, 'annexa_evidence_last_token_timestamp_seconds')).toBe(1_780_000_100);
    expect(valueOf(families, 'annexa_timestamp_failures_total', { authority: 'freetsa' })).toBe(2);
    const values = {
      asOf: valueOf(families, 'annexa_evidence_as_of_timestamp_seconds', dataset),
      records: valueOf(families, 'annexa_collector_records', dataset),
      denied: valueOf(families, 'annexa_collector_run_failures_total', { ...aws, reason: 'denied' }),
      duration: valueOf(families, 'annexa_collector_run_duration_seconds', aws),
      requests: valueOf(families, 'annexa_collector_api_requests_total', aws),
      throttled: valueOf(families, 'annexa_collector_api_throttled_total', aws),
      runs: valueOf(families, 'annexa_collector_runs_total', aws),
      open: valueOf(families, 'annexa_deviations', { check: 'leaver-access', severity: 'high' }),
      overdue: valueOf(families, 'annexa_deviations_overdue', { check: 'leaver-access' }),
      size: valueOf(families, 'annexa_evidence_log_size'),
      checkpoint: valueOf(families, 'annexa_evidence_checkpoint_timestamp_seconds'),
      key: valueOf(families, 'annexa_evidence_key_timestamp_seconds', { use: 'checkpoint' }),
      exception: valueOf(families, 'annexa_exception_expiry_timestamp_seconds', { exception: 'break-glass' }),
      attestation: valueOf(families, 'annexa_attestation_expiry_timestamp_seconds', {
        attestation: 'review-minutes',
      }),
    };
    expect(values).toEqual({
      asOf: moment - 60,
      records: 2003,
      denied: 1,
      duration: 3.25,
      requests: 96,
      throttled: 2,
      runs: 4,
      open: 2,
      overdue: 1,
      size: 5,
      checkpoint: moment + 4,
      key: moment - 200,
      exception: moment + 86_400,
      attestation: moment + 172_800,
    });
  });

  test('labels survive quotes, backslashes and line ends', async () => {
    const [first] = snapshot.controls;
    if (first === undefined) throw new Error('no control');
    const title = 'a "b" \\ c\nd {e="f"} # g';
    const families = await scrape({ controls: [{ ...first, title }] });
    expect(seriesOf(families, 'annexa_control_info', { control: first.id })[0]?.labels['title']).toBe(title);
  });

  test('series of what is gone go with it', async () => {
    let collectors = snapshot.collectors;
    const server = await serve({ metrics: () => Promise.resolve({ ...snapshot, collectors }) });
    const before = parseExposition((await send(server, '/metrics')).text);
    collectors = collectors.slice(1);
    const after = parseExposition((await send(server, '/metrics')).text);
    const aws = { collector: 'aws' };
    expect(valueOf(before, 'annexa_collector_runs_total', aws)).toBe(4);
    expect(valueOf(after, 'annexa_collector_runs_total', aws)).toBeUndefined();
  });

  test('two scrapes of the same state are the same bytes', async () => {
    const server = await serve();
    expect((await send(server, '/metrics')).text).toBe((await send(server, '/metrics')).text);
  });

  test('the number of series does not grow with the records', async () => {
    const count = async (records: number) => {
      const families = await scrape({
        checks: snapshot.checks.map((check) => ({ ...check, open: records, overdue: records })),
        evidence: snapshot.evidence.map((one) => ({ ...one, records })),
      });
      return [...families.values()].reduce((sum, { series }) => sum + series.length, 0);
    };
    expect(await count(1_000_000)).toBe(await count(1));
  });

  test('an agent that has nothing yet has every family', async () => {
    const families = await scrape({
      controls: [],
      checks: [],
      exceptions: [],
      attestations: [],
      evidence: [],
      collectors: [],
    });
    expect([...families.keys()].sort()).toEqual(Object.keys(expected).sort());
  });

  test('metrics of the process can follow', async () => {
    const registry = new Registry();
    new Gauge({ name: 'extra_things', help: 'More.', registers: [registry] }).set(3);
    const server = await serve({}, { registry });
    const families = parseExposition((await send(server, '/metrics')).text);
    expect(valueOf(families, 'extra_things')).toBe(3);
    expect(valueOf(families, 'annexa_evidence_log_size')).toBe(5);
  });

  test('an engine that fails is a failed scrape, not an empty one', async () => {
    const server = await serve({ metrics: () => Promise.reject(new Error('broken')) });
    expect(problemIn(await send(server, '/metrics')).status).toBe(500);
  });
});
