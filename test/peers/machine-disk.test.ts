import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { logLines, type Machine, type Started, startMachine } from './machine.ts';

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

interface Running extends Started {
  readonly url: string;
}

async function runOn(data: string): Promise<Running> {
  const agent = machine.annexa(['run', '--config', at('config')], {
    ANNEXA_DATA: at(data),
    ANNEXA_LISTEN: '127.0.0.1:0',
  });
  const [, url = ''] = await agent.said(/listens on (http:\S+)/);
  return { ...agent, url };
}

async function probe(
  { url }: Running,
  path: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await fetch(`${url}${path}`);
  return { status: answer.status, text: await answer.text() };
}

/** Asks until the answer is as wanted; the caller's time ends it. */
async function until<T>(ask: () => Promise<T>, wanted: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    await sleep(100);
  }
}

const ready = (agent: Running) =>
  until(
    () => probe(agent, '/readyz'),
    ({ status }) => status === 200,
  );
const unready = (agent: Running) =>
  until(
    () => probe(agent, '/readyz'),
    ({ status }) => status === 503,
  );

/** More people than ever before, all with other addresses; how many. */
let count = 4000;
async function people(): Promise<number> {
  count += 100;
  const day = new Date().toISOString().slice(0, 10);
  const rows = Array.from({ length: count }, (_, n) => `p${n},p${n}.${count}@x.example,${day}`);
  await machine.write('config/people.csv', ['id,email,asof', ...rows, ''].join('\n'));
  return count;
}

/** Waits until that many are collected and judged. */
const judged = (agent: Running, many: number) =>
  until(
    () => probe(agent, '/api/v1/checks/somebody'),
    ({ text }) => text.includes(`"table":${many},`) && text.includes('"outcome":"pass"'),
  );

/** Fills what the others may use of the disk but for so many KiB. */
async function fill(data: string, left: number): Promise<void> {
  const script = `dd if=/dev/zero of=${at(data)}/ballast bs=64k 2>/dev/null; truncate -s -${left}K ${at(data)}/ballast; sync`;
  await machine.run(['sh', '-c', script]);
}

async function size(agent: Running): Promise<number> {
  const found: unknown = JSON.parse((await probe(agent, '/api/v1/checkpoint')).text);
  return typeof found === 'object' && found !== null ? Number(Reflect.get(found, 'size')) : NaN;
}

async function stopped(agent: Running): Promise<string> {
  agent.child.kill('SIGTERM');
  const { code, err } = await agent.ended;
  expect(code).toBe(0);
  return err;
}

async function verified(data: string): Promise<void> {
  const { code, out, err } = await machine.annexa(['verify', join(at(data), 'evidence')]).ended;
  expect(code, out + err).toBe(0);
}

test('a disk that fills, wherever it runs out: said in log, metric and probe, nothing lost, and it goes on by itself', async () => {
  const first = await people();
  const agent = await runOn('small');
  await ready(agent);
  await judged(agent, first);
  for (const left of [0, 40, 150, 400, 800]) {
    const before = await size(agent);
    await fill('small', left);
    const many = await people();
    const { text } = await unready(agent);
    expect(text).toMatch(/"store-full: [^"]*\/small[^"]*: no room is left/);
    expect((await probe(agent, '/livez')).status).toBe(200);
    const metrics = (await probe(agent, '/metrics')).text;
    expect(metrics).toContain('annexa_ready 0\n');
    expect(metrics).toContain('annexa_condition{condition="store-full"} 1\n');
    await machine.run(['rm', at('small', 'ballast')]);
    await ready(agent);
    expect(await size(agent)).toBeGreaterThanOrEqual(before);
    await judged(agent, many);
  }
  expect((await probe(agent, '/metrics')).text).toContain('annexa_ready 1\n');
  const events = logLines(await stopped(agent)).map(({ event }) => event);
  expect(events.filter((event) => event === 'condition_began').length).toBeGreaterThanOrEqual(5);
  expect(events.filter((event) => event === 'condition_began')).toHaveLength(
    events.filter((event) => event === 'condition_ended').length,
  );
  await verified('small');
});

describe('a volume that can be read alone', () => {
  test('is said while that lasts, and what is due goes on afterwards', async () => {
    const agent = await runOn('small');
    await ready(agent);
    const data = at('small');
    // Whatever is opened from now on lies on a mount that is read-only; what is open stays as it is.
    await machine.run(['sh', '-c', `mount --bind ${data} ${data} && mount -o remount,bind,ro ${data}`]);
    const many = await people();
    expect((await unready(agent)).text).toMatch(
      /"store-read-only: [^"]*\/small[^"]*: nothing can be written \(EROFS\)/,
    );
    expect((await probe(agent, '/livez')).status).toBe(200);
    await machine.run(['umount', data]);
    await ready(agent);
    await judged(agent, many);
    await stopped(agent);
    await verified('small');
  });

  test('as the kernel makes it after an error: it lives, says so, ends well, and starts again when the volume is mended', async () => {
    const agent = await runOn('ext4');
    await ready(agent);
    const before = await size(agent);
    await machine.run(['mount', '-o', 'remount,abort', at('ext4')]);
    await people();
    expect((await unready(agent)).text).toContain('store-read-only: ');
    expect((await probe(agent, '/livez')).status).toBe(200);
    await stopped(agent);
    const refused = await machine.annexa(['run', '--config', at('config')], { ANNEXA_DATA: at('ext4') })
      .ended;
    expect(refused.code).toBe(3);
    expect(refused.err).toMatch(/^annexa run: .*\/ext4.*nothing can be written/m);
    await machine.run(['sh', '-c', `umount ${at('ext4')} && mount -o loop ${at('image')} ${at('ext4')}`]);
    const again = await runOn('ext4');
    await ready(again);
    expect(await size(again)).toBeGreaterThanOrEqual(before);
    await stopped(again);
    await verified('ext4');
  });
});

test('a full disk at the start is refused with the directory that is full, and a start with room goes on', async () => {
  await fill('small', 0);
  const refused = await machine.annexa(['run', '--config', at('config')], { ANNEXA_DATA: at('small') }).ended;
  expect(refused.code).toBe(3);
  expect(refused.err).toMatch(/^annexa run: .*\/small.*no room is left/m);
  await machine.run(['rm', at('small', 'ballast')]);
  const agent = await runOn('small');
  await ready(agent);
  await stopped(agent);
  await verified('small');
});

const MANIFESTS = `
apiVersion: annexa.dev/v1alpha1
kind: Agent
metadata: { name: test }
spec: { organisation: Test, domain: test.example, commitWindow: 1s, evaluateEvery: 5s }
---
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: people }
spec:
  plugin: hr
  datasets: { people: { schedule: every 1s, freshness: 2d, maxShrink: 1 } }
  settings: { scope: test, file: people.csv, asOf: { column: asof }, columns: { personId: id, workEmail: email } }
---
apiVersion: annexa.dev/v1alpha1
kind: Check
metadata: { name: somebody }
spec: { title: x, aspects: [A.5.16/owner], nature: state, severity: low, within: 1h, kind: person, fails: "it.id = ''", reason: "'x'", remediation: x, rationale: x }
`;
