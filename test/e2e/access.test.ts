import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { readStore } from '../../src/evidence/reader.ts';
import { annexa, type Running } from './process.ts';

/** The agent with access configured, as a user runs it; then attacked; then stopped, and what it sealed of it verified. */

let directory: string;
let agent: Running;
let url: string;
const tokens: Record<string, { secret: string; entry: string }> = {};

const agentManifest = (access: string, listen = '127.0.0.1:0') => `
apiVersion: annexa.dev/v1alpha1
kind: Agent
metadata: { name: test }
spec:
  organisation: Test
  domain: test.example
  data: ${JSON.stringify(join(directory, 'data'))}
  listen: ${listen}
  commitWindow: 1s
${access}`;

const collector = (name: string, every: string) => `
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: ${name} }
spec:
  plugin: hr
  datasets: { people: { schedule: every ${every} } }
  settings:
    scope: ${name}
    file: people.csv
    asOf: { column: asof }
    columns: { personId: id, workEmail: email, lastDay: last }
`;

const accessOf = (...names: string[]) =>
  `  access:\n    tokens:\n${names.map((name) => (tokens[name]?.entry ?? '').replaceAll(/^/gm, '      ')).join('\n')}\n`;

const write = (file: string, text: string) => writeFile(join(directory, 'config', file), text);

async function make(name: string, role: string): Promise<void> {
  const { code, out, err } = await annexa(['token', name, '--role', role, '--expires', '1d']).ended;
  expect(code, err).toBe(0);
  const [secret = '', ...entry] = out.trimEnd().split('\n');
  tokens[name] = { secret, entry: entry.join('\n') };
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'annexa-access-'));
  await mkdir(join(directory, 'config'));
  await Promise.all([
    make('prometheus', 'viewer'),
    make('kim', 'auditor'),
    make('ops', 'operator'),
    make('maria', 'isms'),
  ]);
  await write('people.csv', 'id,email,last,asof\n1,ann@test.example,,2026-06-01\n');
  await write('collector.yaml', collector('people', '1s'));
  await write('seldom.yaml', collector('seldom', '1d'));
  await write('agent.yaml', agentManifest(accessOf('prometheus', 'kim', 'ops', 'maria')));
  agent = annexa(['run', '--config', join(directory, 'config')]);
  url = /listens on (\S+)/.exec(await agent.said('Ctrl-C'))?.[1] ?? '';
});

afterAll(async () => {
  agent.child.kill('SIGKILL');
  await agent.ended;
  await rm(directory, { recursive: true, force: true });
});

function get(path: string, name?: string): Promise<Response> {
  const headers = name === undefined ? {} : { authorization: `Bearer ${tokens[name]?.secret}` };
  return fetch(url + path, { headers });
}

const status = async (path: string, name?: string) => (await get(path, name)).status;

const control = z.object({
  aspects: z.array(z.object({ id: z.string(), status: z.string(), why: z.string() })),
});
const items = z.object({ items: z.array(z.unknown()) });

const runsTotal = async () =>
  Number(
    /^annexa_collector_runs_total\{collector="people"\} (\d+)$/m.exec(
      await (await get('/metrics', 'prometheus')).text(),
    )?.[1],
  );

/** A connection that sends nothing, or half a request; `closed` is called when the agent has had enough. */
function held(speaks: boolean, closed: () => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = connect(Number(new URL(url).port), '127.0.0.1', () => {
    if (speaks) socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
    resolve();
  });
  socket.on('error', () => resolve());
  socket.on('close', closed);
  socket.resume();
  return promise;
}

describe('an agent that asks who its callers are', () => {
  test('does not start on an address of the network without access, says what to configure, and makes nothing', async () => {
    const other = await mkdtemp(join(tmpdir(), 'annexa-closed-'));
    await writeFile(join(other, 'agent.yaml'), agentManifest('', '0.0.0.0:0').replace('/data', '/none'));
    const { code, err } = await annexa(['run', '--config', other]).ended;
    await rm(other, { recursive: true });
    expect(code).toBe(2);
    expect(err).toMatch(/refuses to listen on 0\.0\.0\.0:0.+spec\.access of the Agent manifest/);
    await expect(rm(join(directory, 'none'), { recursive: true })).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('lets in whom the manifest names, by the tokens that were made', async () => {
    expect(tokens['kim']?.secret).toMatch(/^annexa_[\w-]{43}$/);
    expect(await status('/livez')).toBe(200);
    expect(await status('/readyz')).toBe(200);
    expect(await status('/metrics')).toBe(401);
    expect(await status('/metrics', 'prometheus')).toBe(200);
    expect(await status('/api/v1/evidence', 'prometheus')).toBe(403);
    expect(await status('/api/v1/evidence', 'kim')).toBe(200);
  });

  test('collects at once when an operator asks, and for nobody else', async () => {
    const runs = async () => {
      const found: unknown = await (await get('/api/v1/runs?collector=seldom', 'prometheus')).json();
      return items.parse(found).items.length;
    };
    await expect.poll(runs, { timeout: 30_000, interval: 200 }).toBe(1);
    const start = (name: string) =>
      fetch(`${url}/api/v1/collectors/seldom/runs`, {
        method: 'POST',
        headers: { authorization: `Bearer ${tokens[name]?.secret}` },
      });
    expect((await start('kim')).status).toBe(403);
    expect((await start('ops')).status).toBe(202);
    await expect.poll(runs, { timeout: 30_000, interval: 200 }).toBe(2);
  }, 90_000);

  test('takes what somebody attests as theirs, counts it within seconds, and lets nobody else attest', async () => {
    const content = {
      name: 'site-visit',
      aspects: ['A.7.1/inspected'],
      statement: 'Every outer door closed and locked.',
      at: new Date(Date.now() - 60_000).toISOString(),
      expires: new Date(Date.now() + 86_400_000).toISOString(),
    };
    const post = (name: string, path: string, body: object) =>
      fetch(`${url}/api/v1/attestations${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${tokens[name]?.secret}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const inspected = async () => {
      const { aspects } = control.parse(await (await get('/api/v1/controls/A.7.1', 'maria')).json());
      return aspects.find(({ id }) => id === 'A.7.1/inspected');
    };
    expect((await inspected())?.status).toBe('unknown');
    expect((await post('kim', '', content)).status).toBe(403);
    const given = await post('maria', '', content);
    expect(given.status).toBe(201);
    expect(await given.json()).toMatchObject({ by: 'token:maria', state: 'valid' });
    await expect.poll(inspected, { timeout: 30_000, interval: 200 }).toMatchObject({
      status: 'effective',
      why: expect.stringContaining('attested by token:maria (authenticated)'),
    });
    expect((await get(given.headers.get('location') ?? '', 'maria')).status).toBe(200);
    expect((await post('maria', '/site-visit/withdrawal', { reason: 'The wrong site.' })).status).toBe(201);
    await expect.poll(inspected, { timeout: 30_000, interval: 200 }).toMatchObject({ status: 'unknown' });
  }, 90_000);

  test('goes on collecting and answering under 2,000 connections that say nothing or stop halfway', async () => {
    const connections = { opened: 0, closed: 0 };
    while (connections.opened < 2000) {
      const batch = Array.from({ length: 250 }, (_, at) =>
        held(at % 2 === 0, () => (connections.closed += 1)),
      );
      await Promise.all(batch);
      connections.opened += batch.length;
      // Answered after those before it were taken: the system's own queue is shorter than all of them.
      expect(await status('/livez')).toBe(200);
    }
    const before = await runsTotal();
    const huge = [
      fetch(url, { headers: { 'x-huge': 'x'.repeat(60_000) } }),
      fetch(`${url}/livez`, { method: 'POST', body: 'x'.repeat(5_000_000) }).catch(() => undefined),
      get(`/api/v1/evidence?stream=${'x'.repeat(12_000)}`, 'kim'),
      get('/api/v1/evidence/..%2F..%2F..%2Fetc%2Fpasswd', 'kim'),
    ];
    const [headers, body, query, path] = await Promise.all(huge);
    expect(headers?.status).toBe(431);
    // Refused before it is read: who still writes may see the connection cut.
    expect(body?.status ?? 405).toBe(405);
    expect([query?.status, path?.status]).toEqual([400, 400]);
    let answered = 0;
    while (connections.closed < connections.opened) {
      expect(await status('/readyz')).toBe(200);
      expect(await status('/api/v1/controls?limit=1', 'prometheus')).toBe(200);
      answered += 1;
      // Below what one caller may ask.
      await pause(50);
    }
    expect(answered).toBeGreaterThan(10);
    expect(await runsTotal()).toBeGreaterThan(before);
  }, 90_000);

  test('refuses a token from the reload on that takes it away', async () => {
    await write('agent.yaml', agentManifest(accessOf('prometheus')));
    await expect.poll(() => status('/metrics', 'kim'), { timeout: 30_000, interval: 200 }).toBe(401);
    expect(await status('/metrics', 'prometheus')).toBe(200);
  });

  test('has sealed who looked, and at what, when it is stopped', async () => {
    agent.child.kill('SIGTERM');
    const { code } = await agent.ended;
    expect(code).toBe(0);
    const evidence = join(directory, 'data/evidence');
    const { code: verified, out } = await annexa(['verify', evidence]).ended;
    expect(verified, out).toBe(0);
    const reader = await readStore(evidence);
    const seen: unknown[] = [];
    for await (const { predicate, subjects } of reader.entries())
      if (predicate === 'access')
        for await (const line of reader.body(subjects[0]?.sha256 ?? ''))
          seen.push([line['who'], line['operation'], line['status']]);
    expect(seen).toEqual([
      ['token:kim', 'GET /api/v1/evidence', 200],
      ['token:ops', 'POST /api/v1/collectors/:name/runs', 202],
      ['token:maria', 'POST /api/v1/attestations', 201],
      ['token:maria', 'POST /api/v1/attestations/:name/withdrawal', 201],
      ['token:kim', 'GET /api/v1/evidence', 400],
      ['token:kim', 'GET /api/v1/evidence/:index', 400],
    ]);
  }, 60_000);
});
