import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { dashboards } from '../../deploy/grafana/dashboards.ts';
import { annexa, type Running } from '../e2e/process.ts';
import { emptyInSample, filled, readDashboard } from '../grafana/dashboard.ts';
import { quicken } from './quicken.ts';
import { type Prometheus, startPrometheus, tool } from './prometheus.ts';

const RULES = 'deploy/prometheus/annexa.rules.yaml';

describe('promtool', () => {
  test('finds the rules well-formed', async () => {
    const { ok, output } = await tool('promtool', ['check', 'rules', RULES]);
    expect(output).toContain('SUCCESS');
    expect(ok).toBe(true);
  });

  test('finds that each alert fires, keeps quiet and resolves as its tests say', async () => {
    const { ok, output } = await tool('promtool', [
      'test',
      'rules',
      'deploy/prometheus/annexa.rules.test.yaml',
    ]);
    expect(output).toContain('SUCCESS');
    expect(ok, output).toBe(true);
  });
});

describe('Prometheus beside the running sample', () => {
  let directory: string;
  let agent: Running;
  let target: string;
  let prometheus: Prometheus;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'annexa-metrics-'));
    agent = annexa(['run', '--config', 'examples/acme'], {
      ANNEXA_DATA: join(directory, 'data'),
      ANNEXA_LISTEN: '127.0.0.1:0',
    });
    target = /listens on http:\/\/(\S+)/.exec(await agent.said('Ctrl-C'))?.[1] ?? '';
    prometheus = await startPrometheus({
      targets: { annexa: target },
      rules: quicken(readFileSync(RULES, 'utf8')),
    });
    await vi.waitFor(
      async () => {
        const [scraped] = await prometheus.query('min(count_over_time(annexa_config_changes_total[1m]))');
        if ((scraped?.value ?? 0) < 4) throw new Error('it has not been scraped four times');
      },
      { timeout: 60_000, interval: 250 },
    );
  });

  afterAll(async () => {
    agent.child.kill('SIGKILL');
    await agent.ended;
    await prometheus[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  test('promtool finds nothing to say about what is scraped', async () => {
    const text = await (await fetch(`http://${target}/metrics`)).text();
    expect(await tool('promtool', ['check', 'metrics'], text)).toEqual({ ok: true, output: '' });
  });

  test.each(Object.entries(dashboards()))('%s: each variable has values', async (_file, text) => {
    for (const { name, label, selector } of readDashboard(text).variables) {
      expect(await prometheus.labelValues(label, filled(selector)), name).not.toEqual([]);
    }
  });

  test.each(Object.entries(dashboards()))('%s: each query has data', async (file, text) => {
    const silent: string[] = [];
    for (const { panel, title, refId, expression } of readDashboard(text).queries) {
      const found = await prometheus.query(filled(expression));
      if (found.length === 0) silent.push(`${panel}${refId} ${title}`);
      for (const { value, metric } of found)
        expect(value, `${title} ${JSON.stringify(metric)}`).toBeGreaterThanOrEqual(0);
    }
    expect(silent).toEqual(emptyInSample[file]);
  });

  test('an agent that is killed is down', async () => {
    expect(await prometheus.query('ALERTS{alertname="AnnexaAgentDown"}')).toEqual([]);
    agent.child.kill('SIGKILL');
    await agent.ended;
    await vi.waitFor(
      async () => {
        const fired = await prometheus.query('ALERTS{alertname="AnnexaAgentDown", alertstate="firing"}');
        expect(fired.map(({ metric }) => metric['severity'])).toContain('critical');
      },
      { timeout: 30_000, interval: 250 },
    );
  });
});
