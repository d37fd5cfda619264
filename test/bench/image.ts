import { chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Container, type Mounts, startContainer } from '../peers/image/container.ts';
import { buildImage, makeBases } from '../peers/image/image.ts';
import { type Measure, median, round } from './measure.ts';
import { watchFamily } from './resident.ts';

const examples = resolve(import.meta.dirname, '../../examples/registers');
const starts = 5;
const user = 65_532;
/** Those of the image's entry point. */
const flags = [
  'node',
  '--initial-heap-size=40',
  '--max-semi-space-size=4',
  '--no-parallel-scavenge',
  '--optimize-for-size',
];
/** Kernel clock ticks a second, as /proc counts them. */
const TICKS = 100;
/** Says what it knows itself of how long it took, too. */
const node = `require('http').createServer((request, response) => response.end()).listen(0, '127.0.0.1', function () {
  console.log('listens on http://127.0.0.1:' + this.address().port + ' after ' + process.uptime()) })`;

interface Start {
  /** Seconds from when the first process was made to the first 200, to ten milliseconds. */
  readonly ready: number;
  /** Seconds that Node alone says it took. */
  readonly own: number;
  /** Megabytes of it and its children, a second after the last that was awaited. */
  readonly idle: number;
}

/** Seconds since the machine started. */
async function now(): Promise<number> {
  const [up = ''] = (await readFile('/proc/uptime', 'latin1')).split(' ');
  return Number(up);
}

/** When the process was started, in the same seconds. */
async function began(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]) / TICKS;
}

async function ready(url: string): Promise<void> {
  while ((await fetch(url)).status !== 200) await delay(2);
}

async function measured(container: Container, settled: RegExp | undefined): Promise<Start> {
  const [, url = '', own] = await container.said(/listens on (http:\S+)(?: after (\S+))?/);
  await ready(`${url}/readyz`);
  const at = await now();
  const pid = await container.pid();
  if (settled !== undefined) await container.said(settled);
  await delay(1000);
  const peak = watchFamily(pid);
  await delay(200);
  const idle = peak();
  const seconds = at - (await began(pid));
  await container.stop(30);
  return { ready: seconds, own: Number(own), idle };
}

async function repeated(start: () => Container, settled?: RegExp): Promise<Start> {
  const seen: Start[] = [];
  for (let at = 0; at <= starts; at += 1) {
    await using container = start();
    seen.push(await measured(container, settled));
  }
  // The first makes the store, and reads the image from the disk.
  const counted = seen.slice(1);
  const middle = (name: keyof Start) => median(counted.map((one) => one[name]));
  return { ready: middle('ready'), own: middle('own'), idle: middle('idle') };
}

async function prepare(directory: string): Promise<Mounts> {
  const mounts = {
    config: join(directory, 'config'),
    data: join(directory, 'data'),
    isms: join(examples, 'isms'),
  };
  await mkdir(mounts.config);
  for (const file of ['annexa.yaml', 'collectors.yaml'])
    await writeFile(join(mounts.config, file), await readFile(join(examples, 'annexa', file)));
  await mkdir(mounts.data, { mode: 0o700 });
  await chown(mounts.data, user, user);
  return mounts;
}

/**
 * The image as it is run, in a container: from the start of its process until it is ready, and what it takes once all registers of the example
 * are collected; each beside Node alone, in the same image with the same flags. Needs root, and what test/peers/install.sh installs.
 */
export async function image(): Promise<readonly Measure[]> {
  const built = await buildImage(await makeBases(), 'bench');
  const directory = await mkdtemp(join(tmpdir(), 'annexa-image-'));
  try {
    const mounts = await prepare(directory);
    const environment = { ANNEXA_LISTEN: '127.0.0.1:0', ANNEXA_LOG_LEVEL: 'error' };
    const agent = await repeated(() => startContainer(built, mounts, environment), /It goes on collecting/);
    const bare = await repeated(() => startContainer(built, mounts, {}, [...flags, '--eval', node]));
    // The engine makes the process a while before it becomes Node.
    const ready = round(agent.ready - (bare.ready - bare.own));
    return [
      { name: 'image.ready', value: ready, unit: 's', goal: 0.8 },
      { name: 'image.ready-to-node', value: ready, unit: 's', goal: 12, baseline: round(bare.own) },
      { name: 'image.idle', value: agent.idle, unit: 'MB', goal: 150 },
      { name: 'image.idle-beside-node', value: agent.idle - bare.idle, unit: 'MB', goal: 120 },
    ];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
