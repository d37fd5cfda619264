import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { bundle } from '../../build.ts';
import { type Measure, median, round } from './measure.ts';

const root = resolve(import.meta.dirname, '../..');
const starts = 7;
const patience = 60_000;

/**
 * A bundle is started so where memory counts: V8's nursery would else take 32 MB, most of it garbage, and the C library would keep a heap for
 * each thread, 20 MB together. It begins with a heap that the start fits in, which is else collected three times on the way.
 */
const smallHeap = [
  '--initial-heap-size=40',
  '--max-semi-space-size=4',
  '--no-parallel-scavenge',
  '--optimize-for-size',
];
const oneHeap = { MALLOC_ARENA_MAX: '1' };

interface Target {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

interface Figures {
  /** Median seconds from spawn to the first 200 of /readyz. */
  readonly ready: number;
  /** Resident bytes of the process and its children (files once) when everything was collected. */
  readonly rss: number;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function fetchText(url: string): Promise<{ status: number; text: string } | undefined> {
  return new Promise((done) => {
    get(url, { agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => done({ status: response.statusCode ?? 0, text }));
      response.on('error', () => done(undefined));
    }).on('error', () => done(undefined));
  });
}

/** Asks every few milliseconds until the answer is as wanted. Rejects when the process ends first, or patience does. */
async function until<T>(child: ChildProcess, every: number, ask: () => Promise<T | undefined>): Promise<T> {
  const giveUp = performance.now() + patience;
  while (performance.now() < giveUp) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (child.exitCode !== null) throw new Error(`${child.spawnargs.join(' ')} ended with ${child.exitCode}`);
    await delay(every);
  }
  throw new Error(`${child.spawnargs.join(' ')} was not ready within ${patience / 1000} s`);
}

const collectors = z.object({ items: z.array(z.object({ lastRunAt: z.string().nullable() })) });

/** Resolves when every collector has run at least once. */
async function collected(child: ChildProcess, url: string): Promise<void> {
  await until(child, 100, async () => {
    const answer = await fetchText(`${url}/api/v1/collectors`);
    if (answer?.status !== 200) return undefined;
    const { items } = collectors.parse(JSON.parse(answer.text));
    return items.every((item) => item.lastRunAt !== null) || undefined;
  });
}

async function children(pid: number): Promise<readonly number[]> {
  const threads = await readdir(`/proc/${pid}/task`);
  const lists = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '')),
  );
  return lists.join(' ').split(/\s+/).filter(Boolean).map(Number);
}

/**
 * Resident bytes of a process and all its descendants, the pages of files (Node's own, above all) counted once: descendants run the
 * same files. Linux.
 */
async function residentBytes(pid: number, field: 'VmRSS' | 'RssAnon' = 'VmRSS'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const own = Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
  const theirs = await Promise.all((await children(pid)).map((child) => residentBytes(child, 'RssAnon')));
  return theirs.reduce((sum, one) => sum + one, own);
}

/** Resident bytes of Node alone, started as the bundle is. */
async function baseBytes(): Promise<number> {
  const script = "setInterval(() => {}, 1e6); process.stdout.write('x')";
  const child = spawn(process.execPath, [...smallHeap, '-e', script], {
    env: { ...process.env, ...oneHeap },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const bytes = await residentBytes(child.pid ?? 0);
  child.kill('SIGTERM');
  await once(child, 'exit');
  return bytes;
}

async function startOnce(target: Target, idle: boolean): Promise<Figures> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const from = performance.now();
  const child = spawn(process.execPath, [...target.args], {
    cwd: root,
    env: { ...process.env, ...target.env, ANNEXA_LISTEN: `127.0.0.1:${port}`, ANNEXA_LOG_LEVEL: 'error' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  try {
    await until(child, 2, async () =>
      (await fetchText(`${url}/readyz`))?.status === 200 ? true : undefined,
    );
    const ready = (performance.now() - from) / 1000;
    if (!idle) return { ready, rss: 0 };
    await collected(child, url);
    await delay(3000);
    return { ready, rss: await residentBytes(child.pid ?? 0) };
  } catch (error) {
    throw new Error(`a start failed: ${said}`, { cause: error });
  } finally {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
  }
}

/** The first start makes the store and fills the compile cache; it does not count. */
async function figures(target: Target): Promise<Figures> {
  await startOnce(target, true);
  const ready: number[] = [];
  for (let at = 1; at < starts; at += 1) ready.push((await startOnce(target, false)).ready);
  const last = await startOnce(target, true);
  ready.push(last.ready);
  return { ready: median(ready), rss: last.rss };
}

function measures(kind: string, found: Figures, goals: Figures): readonly Measure[] {
  return [
    { name: `startup.${kind}.ready`, value: round(found.ready), unit: 's', goal: goals.ready },
    { name: `startup.${kind}.rss`, value: round(found.rss / 1e6), unit: 'MB', goal: goals.rss / 1e6 },
  ];
}

/**
 * From spawn to ready and the resident memory once idle (children included) of the sample organisation's agent, from source and
 * bundled with a compile cache and little memory; of that also what is beside Node's own.
 */
export async function startup(): Promise<readonly Measure[]> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-startup-'));
  const run = ['run', '--config', join(root, 'examples/acme')];
  const data = (name: string) => ({ ANNEXA_DATA: join(directory, name) });
  try {
    const dist = join(directory, 'dist');
    await bundle(dist);
    const source = await figures({ args: [join(root, 'src/main.ts'), ...run], env: data('source') });
    const bundled = await figures({
      args: [...smallHeap, join(dist, 'annexa.mjs'), ...run],
      env: { ...data('bundled'), ...oneHeap, NODE_COMPILE_CACHE: join(directory, 'cache') },
    });
    const beside = round((bundled.rss - (await baseBytes())) / 1e6);
    return [
      ...measures('bundled', bundled, { ready: 0.8, rss: 150e6 }),
      { name: 'startup.bundled.beside-node', value: beside, unit: 'MB', goal: 120 },
      // From source it only must not get out of hand.
      ...measures('source', source, { ready: 2, rss: 300e6 }),
    ];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
