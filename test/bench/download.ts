import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { saveJob, zipPath } from '../../src/audit/jobs/folder.ts';
import { type Running, watched } from '../e2e/process.ts';
import { type Measure, round } from './measure.ts';
import { watchFamily } from './resident.ts';

const root = join(import.meta.dirname, '../..');
const MEGABYTE = 1_048_576;
const ZIP = 300 * MEGABYTE;
const ID = 'a'.repeat(32);
/** Below what one caller may ask at once. */
const REQUESTS = 200;
const EVERY_MS = 20;

/** A token for each time that requests are timed, and one that downloads. */
const tokens = ['auditor', ...Array.from({ length: 4 }, (_, at) => `viewer-${at}`)].map((name) => ({
  name,
  secret: `annexa_${randomBytes(32).toString('base64url')}`,
}));

/** A large ZIP downloaded by several clients, fast and slow, while others ask for controls; then a bundle made beside. */
export async function download(): Promise<readonly Measure[]> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-bench-download-'));
  const agent = await started(directory);
  try {
    const url = /listens on (\S+)/.exec(await agent.said('Ctrl-C'))?.[1] ?? '';
    return [...(await downloads(agent, url)), ...(await making(agent, url))];
  } finally {
    agent.child.kill('SIGKILL');
    await agent.ended;
    await rm(directory, { recursive: true, force: true });
  }
}

async function downloads(agent: Running, url: string): Promise<readonly Measure[]> {
  await timed(url, 1);
  const alone = await timed(url, 2);
  const peak = watch(agent);
  const before = resident(agent);
  const stopping = new AbortController();
  // Four times 100 MB/s at most, and two as fast as they can.
  const clients = ['100M', '100M', '100M', '100M', '10G', '10G'].map((rate) =>
    downloadAgain(url, rate, stopping.signal),
  );
  const beside = await timed(url, 3);
  await pause(5000);
  stopping.abort();
  const given = (await Promise.all(clients)).reduce((sum, bytes) => sum + bytes, 0);
  const growth = peak() - before;
  return [
    { name: 'download-memory-growth', value: growth, unit: 'MB', goal: 32 },
    {
      name: 'download-requests-beside',
      value: round(beside),
      unit: '/s',
      goal: 0.1,
      least: true,
      baseline: round(alone),
    },
    { name: 'download-given', value: Math.round(given / MEGABYTE), unit: 'MB', goal: 300, least: true },
  ];
}

async function making(agent: Running, url: string): Promise<readonly Measure[]> {
  const before = resident(agent);
  const [alone, family] = [watch(agent), watchFamily(agent.child.pid ?? 0)];
  const day = new Date().toISOString().slice(0, 10);
  const headers = { ...as(0), 'content-type': 'application/json' };
  const body = JSON.stringify({ from: '2026-01-01', to: day });
  const asked = await fetch(`${url}/api/v1/bundles`, { method: 'POST', headers, body });
  const job = z.looseObject({ id: z.string(), state: z.string() });
  let { id, state } = job.parse(await asked.json());
  while (state === 'queued' || state === 'running') {
    await pause(100);
    ({ id, state } = job.parse(await (await fetch(`${url}/api/v1/bundles/${id}`, { headers })).json()));
  }
  if (state !== 'done') throw new Error(`the bundle is ${state}`);
  return [
    { name: 'making-memory-growth', value: alone() - before, unit: 'MB', goal: 32 },
    { name: 'making-peak-memory', value: family(), unit: 'MB', goal: 900 },
  ];
}

async function started(directory: string): Promise<Running> {
  const entries = tokens.map(({ name, secret }) => {
    const sha256 = createHash('sha256').update(secret).digest('hex');
    return `{ name: ${name}, sha256: ${sha256}, roles: [${name.split('-')[0]}], expires: 2099-01-01T00:00:00Z }`;
  });
  const config = join(directory, 'config');
  await mkdir(config);
  await writeFile(
    join(config, 'agent.yaml'),
    `{ apiVersion: annexa.dev/v1alpha1, kind: Agent, metadata: { name: bench }, spec: { organisation: Bench, domain: bench.example,
      data: "${directory}/data", listen: "127.0.0.1:0", access: { tokens: [${entries.join(', ')}] } } }`,
  );
  await keepZip(join(directory, 'data/bundles'));
  // As the image runs it, from source.
  const args = [
    '--max-semi-space-size=4',
    '--no-parallel-scavenge',
    '--optimize-for-size',
    'src/main.ts',
    'run',
    '--config',
    config,
  ];
  const env = { ...process.env, MALLOC_ARENA_MAX: '1' };
  return watched(spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] }));
}

async function keepZip(directory: string): Promise<void> {
  const now = Math.floor(Date.now() / 1000);
  const sha256 = 'ab'.repeat(32);
  await saveJob(directory, {
    id: ID,
    state: 'done',
    why: null,
    question: { from: now - 86_400, to: now, controls: null, collectors: null, at: 1 },
    made: { bytes: ZIP, sha256, manifest: sha256, entries: 1, bodies: 1 },
    by: 'bench',
    createdAt: now,
    expiresAt: now + 86_400,
    links: [],
  });
  await using file = await open(zipPath(directory, ID), 'wx');
  for (let written = 0; written < ZIP; written += MEGABYTE) await file.writeFile(randomBytes(MEGABYTE));
}

function as(caller: number): { authorization: string } {
  return { authorization: `Bearer ${tokens[caller]?.secret}` };
}

/** Requests a second. */
async function timed(url: string, caller: number): Promise<number> {
  const began = performance.now();
  for (let at = 0; at < REQUESTS; at += 1) {
    const answer = await fetch(`${url}/api/v1/controls`, { headers: as(caller) });
    await answer.arrayBuffer();
    if (answer.status !== 200) throw new Error(`answered ${answer.status}`);
  }
  return (REQUESTS * 1000) / (performance.now() - began);
}

/** Downloads again and again until it is stopped, in processes of its own: the bytes that it was given. */
async function downloadAgain(url: string, rate: string, signal: AbortSignal): Promise<number> {
  const header = `authorization: ${as(0).authorization}`;
  const limits = ['--limit-rate', rate, '--max-time', '10'];
  const told = ['--silent', '--output', '/dev/null', '--write-out', '%{size_download}'];
  let bytes = 0;
  while (!signal.aborted) {
    const args = [...limits, ...told, '--header', header, `${url}/api/v1/bundles/${ID}/content`];
    const child = spawn('curl', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let size = '';
    child.stdout.on('data', (piece: Buffer) => (size += piece.toString()));
    await once(child, 'close');
    bytes += Number(size);
  }
  return bytes;
}

/** Megabytes, of the agent alone. */
function resident({ child }: Running): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'latin1');
  return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024);
}

function watch(agent: Running): () => number {
  let peak = 0;
  const timer = setInterval(() => (peak = Math.max(peak, resident(agent))), EVERY_MS);
  return () => {
    clearInterval(timer);
    return peak;
  };
}
