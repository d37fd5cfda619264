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
const flags = ['node', '--max-semi-space-size=4', '--optimize-for-size'];
/** Kernel clock ticks a second, as /proc counts them. */
const TICKS = 100;
const node =
  "require('http').createServer((q, r) => r.end()).listen(0, '127.0.0.1', function () {" +
  "console.log('listens on http://127.0.0.1:' + this.address().port) })";

interface Start {
  /** Seconds from the start of the first process to the first 200, to ten milliseconds. */
  readonly ready: number;
  /** Megabytes of it and its children, a second after the last that was awaited. */
  readonly idle: number;
}

/** Seconds since the process was started. */
async function age(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
  const began = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]) / TICKS;
  const [up = ''] = (await readFile('/proc/uptime', 'latin1')).split(' ');
  return Number(up) - began;
}

async function ready(url: string): Promise<void> {
  while ((await fetch(url)).status !== 200) await delay(2);
}

async function measured(container: Container, settled: RegExp | undefined): Promise<Start> {
  const pid = container.pid();
  const [url = ''] = await container.said(/(?<=listens on )http:\S+/);
  await ready(`${url}/readyz`);
  const seconds = await age(await pid);
  if (settled !== undefined) await container.said(settled);
  await delay(1000);
  const peak = watchFamily(await pid);
  await delay(200);
  const idle = peak();
  await container.stop(30);
  return { ready: seconds, idle };
}

async function repeated(start: () => Container, settled?: RegExp): Promise<Start> {
  const seen: Start[] = [];
  for (let at = 0; at <= starts; at += 1) {
    await using container = start();
    seen.push(await measured(container, settled));
  }
  // The first makes the store, and reads the image from the disk.
  const counted = seen.slice(1);
  return { ready: median(counted.map((one) => one.ready)), idle: median(counted.map((one) => one.idle)) };
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
    return [
      { name: 'image.ready', value: round(agent.ready), unit: 's', goal: 0.8 },
      {
        name: 'image.ready-to-node',
        value: round(agent.ready),
        unit: 's',
        goal: 10,
        baseline: round(bare.ready),
      },
      { name: 'image.idle', value: agent.idle, unit: 'MB', goal: 150 },
      { name: 'image.idle-beside-node', value: agent.idle - bare.idle, unit: 'MB', goal: 120 },
    ];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
