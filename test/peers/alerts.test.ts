import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { dashboards } from '../../deploy/grafana/dashboards.ts';
import { emptyInSample, filled, readDashboard } from '../grafana/dashboard.ts';
import { freePort, type Prometheus, startAlertmanager, startPrometheus } from './prometheus.ts';
import { quicken } from './quicken.ts';
import { around, exposed, troubled, well } from './troubled.ts';

/**
 * From the metrics of an agent, through Prometheus and Alertmanager, to whoever is told: the rules as they are deployed, their time
 * quickened.
 */

const rules = readFileSync('deploy/prometheus/annexa.rules.yaml', 'utf8');
const groups = z.object({ groups: z.array(z.object({ rules: z.array(z.looseObject({})) })) });
const names = groups
  .parse(parse(rules))
  .groups.flatMap((group) => group.rules.flatMap(({ alert }) => (typeof alert === 'string' ? [alert] : [])));
const whileUp = names.filter((name) => name !== 'AnnexaAgentDown');

const notification = z.object({
  alerts: z.array(
    z.object({
      status: z.enum(['firing', 'resolved']),
      labels: z.record(z.string(), z.string()),
      annotations: z.record(z.string(), z.string()),
    }),
  ),
});
type Alert = z.infer<typeof notification>['alerts'][number];

/** What Alertmanager told, the newest word on each alert. */
const told = new Map<string, Alert>();
let heard = Promise.withResolvers<void>();

const receiver = createServer((request, response) => {
  void receive(request).finally(() => response.end());
});

async function receive(request: IncomingMessage): Promise<void> {
  for (const alert of notification.parse(JSON.parse(await text(request))).alerts)
    told.set(JSON.stringify(alert.labels), alert);
  heard.resolve();
  heard = Promise.withResolvers();
}

/** Waits, notification by notification, until of the alerts of all names some are firing, or none. */
async function until(status: 'firing' | 'resolved', all: readonly string[]): Promise<void> {
  const open = (): ReadonlySet<string | undefined> =>
    new Set(
      [...told.values()].flatMap((alert) => (alert.status === 'firing' ? [alert.labels['alertname']] : [])),
    );
  while (!all.every((name) => open().has(name) === (status === 'firing'))) await heard.promise;
}

const agent = { bad: false, scrapes: 0 };
const startedAt = Math.floor(Date.now() / 1000);

function makeExporter(): Server {
  return createServer((_request, response) => {
    agent.scrapes += 1;
    const now = Math.floor(Date.now() / 1000);
    const state = agent.bad ? troubled(now, agent.scrapes) : well(now);
    const started = agent.bad ? startedAt + agent.scrapes : startedAt;
    const answer = exposed(state, started, around(now, agent.bad, agent.scrapes));
    response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8');
    void answer.then((body) => response.end(body));
  });
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
}

const cleanup = new AsyncDisposableStack();
let prometheus: Prometheus;
let exporter = makeExporter();
let port: number;

beforeAll(async () => {
  const receiverPort = await freePort();
  await listen(receiver, receiverPort);
  cleanup.defer(() => void receiver.close());
  port = await freePort();
  await listen(exporter, port);
  const alertmanager = cleanup.use(await startAlertmanager(`http://127.0.0.1:${receiverPort}/`));
  prometheus = cleanup.use(
    await startPrometheus({
      targets: { annexa: `127.0.0.1:${port}` },
      rules: quicken(rules),
      alertmanager: alertmanager.address,
    }),
  );
});

afterAll(async () => {
  exporter.closeAllConnections();
  exporter.close();
  await cleanup.disposeAsync();
});

test('while all is well nobody is told anything, once the agent was seen', async () => {
  const seen = agent.scrapes;
  while (agent.scrapes < seen + 6) await once(exporter, 'request');
  await until('resolved', names);
  const heardOf = new Set([...told.values()].map(({ labels }) => labels['alertname']));
  expect([...heardOf].filter((name) => name !== 'AnnexaAgentDown')).toEqual([]);
});

test('each alert fires, and says how bad it is, what it means and which page helps', async () => {
  agent.bad = true;
  await until('firing', whileUp);
  for (const { labels, annotations } of told.values()) {
    expect(['critical', 'warning', 'info']).toContain(labels['severity']);
    expect(annotations['summary']).toMatch(/^[A-Z]/);
    expect(annotations['description']).not.toMatch(/<no value>|%!/);
    expect(existsSync(annotations['runbook_url'] ?? ''), annotations['runbook_url']).toBe(true);
  }
});

test('what concerns a control names its owner, and what is critical is told as critical', () => {
  const labels = (name: string) =>
    [...told.values()].map((one) => one.labels).find((one) => one['alertname'] === name);
  for (const name of [
    'AnnexaControlIneffective',
    'AnnexaControlUnknown',
    'AnnexaDeviationsOverdue',
    'AnnexaExceptionExpiring',
    'AnnexaAttestationExpiring',
  ])
    expect(labels(name)?.['owner'], name).toBe('IT operations');
  expect(labels('AnnexaDeviationsOverdue')).toMatchObject({ severity: 'critical', check: 'leaver-access' });
});

test('meanwhile every panel that the sample has nothing for shows something', async () => {
  for (const [file, source] of Object.entries(dashboards())) {
    const { queries } = readDashboard(source);
    const silent = queries.filter(({ panel, refId, title }) =>
      emptyInSample[file]?.includes(`${panel}${refId} ${title}`),
    );
    for (const { expression, title } of silent)
      expect(await prometheus.query(filled(expression)), title).not.toEqual([]);
  }
});

test('each alert resolves when all is well again', async () => {
  agent.bad = false;
  await until('resolved', names);
  expect([...told.values()].filter(({ status }) => status === 'firing')).toEqual([]);
});

test('an agent that does not answer is down, which is all that is told, until it answers again', async () => {
  exporter.closeAllConnections();
  exporter.close();
  await until('firing', ['AnnexaAgentDown']);
  const firing = [...told.values()].filter(({ status }) => status === 'firing');
  expect(new Set(firing.map(({ labels }) => labels['alertname']))).toEqual(new Set(['AnnexaAgentDown']));
  exporter = makeExporter();
  await listen(exporter, port);
  await until('resolved', names);
});
