import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { logLines, type Machine, startMachine } from './machine.ts';
import {
  ask,
  MANIFESTS,
  people,
  ready,
  runAgent,
  type Running,
  stopped,
  unready,
  until,
  verified,
} from './machine-agent.ts';

/** The agent on disks that fill, and that nothing can be written to any more. */

let machine: Machine;
const at = (...path: readonly string[]) => join(machine.directory, ...path);

beforeAll(async () => {
  machine = await startMachine([
    'mkdir $DIR/small $DIR/ext4',
    'mount -t tmpfs -o size=24m none $DIR/small',
    'truncate -s 48M $DIR/image',
    'mkfs.ext4 -q $DIR/image',
    'mount -o loop $DIR/image $DIR/ext4',
  ]);
  await mkdir(at('config'));
  await machine.write('config/manifests.yaml', MANIFESTS);
});

afterAll(async () => machine?.[Symbol.asyncDispose]());

/** More people than ever before, all with other addresses; how many. */
let count = 1500;
async function more(): Promise<number> {
  count += 100;
  await machine.write('config/people.csv', people(count));
  return count;
}

/** Has a shell do it on the machine, all of it. */
async function done(script: string): Promise<void> {
  const { code, err } = await machine.run(['sh', '-c', script]);
  expect(code, err).toBe(0);
}

/** Waits until that many are collected and judged. */
const judged = (agent: Running, many: number) =>
  until(
    agent,
    '/api/v1/checks/somebody',
    ({ text }) => text.includes(`"table":${many},`) && text.includes('"outcome":"pass"'),
  );

/** Fills what the others may use of the disk but for so many KiB. */
async function fill(data: string, left: number): Promise<void> {
  const script = `dd if=/dev/zero of=${at(data)}/ballast bs=64k 2>/dev/null; truncate -s -${left}K ${at(data)}/ballast; sync`;
  await done(script);
}

async function size(agent: Running): Promise<number> {
  const found: unknown = JSON.parse((await ask(agent, '/api/v1/checkpoint')).text);
  return typeof found === 'object' && found !== null ? Number(Reflect.get(found, 'size')) : NaN;
}

test('a disk that fills, wherever it runs out: said in log, metric and probe, nothing lost, and it goes on by itself', async () => {
  const first = await more();
  const agent = await runAgent(machine, 'small');
  await ready(agent);
  await judged(agent, first);
  for (const left of [0, 150, 600]) {
    const before = await size(agent);
    await fill('small', left);
    const many = await more();
    const { text } = await unready(agent);
    expect(text).toMatch(/"store-full: [^"]*\/small[^"]*: no room is left/);
    expect((await ask(agent, '/livez')).status).toBe(200);
    const metrics = (await ask(agent, '/metrics')).text;
    expect(metrics).toContain('annexa_ready 0\n');
    expect(metrics).toContain('annexa_condition{condition="store-full"} 1\n');
    await done(`rm ${at('small', 'ballast')}`);
    await ready(agent);
    expect(await size(agent)).toBeGreaterThanOrEqual(before);
    await judged(agent, many);
  }
  expect((await ask(agent, '/metrics')).text).toContain('annexa_ready 1\n');
  const lines = logLines(await stopped(agent));
  const events = lines.map(({ event }) => event);
  expect(events.filter((event) => event === 'condition_began').length).toBeGreaterThanOrEqual(3);
  expect(events.filter((event) => event === 'condition_began')).toHaveLength(
    events.filter((event) => event === 'condition_ended').length,
  );
  await verified(machine, 'small');
});

describe('a volume that can be read alone', () => {
  test('is said while that lasts, and what is due goes on afterwards', async () => {
    const agent = await runAgent(machine, 'small');
    await ready(agent);
    const data = at('small');
    // Whatever is opened from now on lies on a mount that is read-only; what is open stays as it is.
    // Made read-only first and moved there then: on a mount where something is being written it would be refused (EBUSY).
    const aside = at('aside');
    await done(
      `mkdir ${aside} && mount --bind ${data} ${aside} && mount -o remount,bind,ro ${aside} && mount --move ${aside} ${data}`,
    );
    const many = await more();
    expect((await unready(agent)).text).toMatch(
      /"store-read-only: [^"]*\/small[^"]*: nothing can be written \(EROFS\)/,
    );
    expect((await ask(agent, '/livez')).status).toBe(200);
    // Something may be open there at this moment: what is opened from now on lies beneath.
    await done(`umount --lazy ${data}`);
    await ready(agent);
    await judged(agent, many);
    await stopped(agent);
    await verified(machine, 'small');
  });

  test('as the kernel makes it after an error: it lives, says so, ends well, and starts again when the volume is mended', async () => {
    const agent = await runAgent(machine, 'ext4');
    await ready(agent);
    const before = await size(agent);
    await done(`mount -o remount,abort ${at('ext4')}`);
    await more();
    expect((await unready(agent)).text).toContain('store-read-only: ');
    expect((await ask(agent, '/livez')).status).toBe(200);
    await stopped(agent);
    const refused = await machine.annexa(['run', '--config', at('config')], { ANNEXA_DATA: at('ext4') })
      .ended;
    expect(refused.code).toBe(3);
    expect(refused.err).toMatch(/^annexa run: .*\/ext4.*nothing can be written/m);
    await done(`umount ${at('ext4')} && mount -o loop ${at('image')} ${at('ext4')}`);
    const again = await runAgent(machine, 'ext4');
    await ready(again);
    expect(await size(again)).toBeGreaterThanOrEqual(before);
    await stopped(again);
    await verified(machine, 'ext4');
  });
});

test('a full disk at the start is refused with the directory that is full, and a start with room goes on', async () => {
  await fill('small', 0);
  const refused = await machine.annexa(['run', '--config', at('config')], { ANNEXA_DATA: at('small') }).ended;
  expect(refused.code).toBe(3);
  expect(refused.err).toMatch(/^annexa run: .*\/small.*no room is left/m);
  await done(`rm ${at('small', 'ballast')}`);
  const agent = await runAgent(machine, 'small');
  await ready(agent);
  await stopped(agent);
  await verified(machine, 'small');
});
