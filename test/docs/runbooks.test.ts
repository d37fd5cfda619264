import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const alertRule = z.object({
  alert: z.string(),
  expr: z.string(),
  labels: z.object({ severity: z.string() }),
  annotations: z.object({ summary: z.string(), description: z.string(), runbook_url: z.string() }),
});
const recordingRule = z.object({ record: z.string(), expr: z.string() });
const file = z.object({
  groups: z.array(z.object({ name: z.string(), rules: z.array(z.union([alertRule, recordingRule])) })),
});

const ruleTests = z.object({
  tests: z.array(
    z.object({
      promql_expr_test: z.array(z.object({ expr: z.string(), exp_samples: z.array(z.unknown()) })),
    }),
  ),
});

const { groups } = file.parse(parse(readFileSync('deploy/prometheus/annexa.rules.yaml', 'utf8')));
const rules = groups.flatMap((group) => group.rules);
const alerts = rules.flatMap((rule) => ('alert' in rule ? [rule] : []));
const folder = 'docs/runbooks';

describe('alerts', () => {
  test('each has a page, and each page an alert', () => {
    expect(readdirSync(folder).sort()).toEqual(alerts.map(({ alert }) => `${alert}.md`).sort());
    for (const { alert, annotations } of alerts)
      expect(annotations.runbook_url).toBe(`${folder}/${alert}.md`);
  });

  test.each(alerts.map(({ alert }) => alert))(
    'the page of %s says what it means, what to look at and what helps',
    (alert) => {
      const page = readFileSync(`${folder}/${alert}.md`, 'utf8');
      const parts = page.split(/^#+ .+$/m).map((part) => part.trim());
      expect(page.match(/^#+ .+$/gm)).toEqual([
        `# ${alert}`,
        '## What it means',
        '## Likely causes',
        '## What to look at',
        '## What makes it go away',
      ]);
      for (const part of parts.slice(2)) expect(part.length).toBeGreaterThan(15);
      expect(parts[4]).toContain('```sh');
    },
  );

  test('each says how bad it is', () => {
    for (const { alert, labels } of alerts)
      expect(labels.severity.match(/\b(?:critical|warning|info)\b/g), alert).not.toBeNull();
  });

  test('each is tested: it fires, and it keeps quiet', () => {
    const asked = ['annexa.rules.test.yaml', 'annexa.rules.days.test.yaml']
      .map((name) => ruleTests.parse(parse(readFileSync(`deploy/prometheus/${name}`, 'utf8'))))
      .flatMap(({ tests }) => tests.flatMap((one) => one.promql_expr_test));
    for (const { alert } of alerts) {
      const own = asked.filter(({ expr }) => expr.includes(`alertname="${alert}"`));
      expect(
        own.some(({ exp_samples }) => exp_samples.length === 0),
        `${alert} quiet`,
      ).toBe(true);
      expect(
        own.some(({ exp_samples }) => exp_samples.length === 1),
        `${alert} fires`,
      ).toBe(true);
    }
  });
});

test('recording rules are named level:metric:operations', () => {
  const records = rules.flatMap((rule) => ('record' in rule ? [rule.record] : []));
  expect(records.length).toBeGreaterThan(0);
  for (const record of records) expect(record).toMatch(/^job(?:_[a-z]+)*:annexa_[a-z_]+:[a-z0-9]+$/);
});
