import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Io, UsageError } from '../../src/cli/command.ts';
import { erase } from '../../src/cli/erase.ts';
import { verifyDirectory } from '../../src/evidence/verify.ts';
import { makeWorld, type World } from '../engine/world.ts';
import { annexa, type Ended } from './process.ts';

const COLLECTOR = `
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: people }
spec:
  plugin: hr
  datasets: { people: { schedule: every 1d, maxShrink: 0.9, freshness: 3000d } }
  settings:
    scope: test
    file: people.csv
    asOf: { column: asof }
    columns: { personId: id, workEmail: email, lastDay: last }
`;

const because = ['--by', 'DPO', '--reason', 'request 17', '--legal-basis', 'GDPR Art. 17(1)(b)'];
const rows = ['1,ann@test.example,', '2,ben@test.example,', '3,cleo@test.example,'];

let world: World;

beforeEach(async () => {
  world = await makeWorld({ manifests: { 'collector.yaml': COLLECTOR } });
  for (const more of ['', '4,dan@test.example,']) {
    const register = [
      'id,email,last,asof',
      ...[...rows, more].filter(Boolean).map((row) => `${row},2026-01-01`),
    ];
    await world.write('people.csv', `${register.join('\n')}\n`);
    world.now += 60;
    await using opened = await world.open();
    await opened.agent.open();
    await opened.agent.collectOnce();
  }
});

afterEach(() => world[Symbol.asyncDispose]());

const evidence = () => join(world.directory, 'data', 'evidence');

/** The command, in this process. */
async function run(...args: string[]): Promise<Ended> {
  let [out, err] = ['', ''];
  const io: Io = {
    out: (line) => void (out += `${line}\n`),
    err: (line) => void (err += `${line}\n`),
    env: {},
    stop: new AbortController().signal,
  };
  const code = await erase.run([...args, '--config', join(world.directory, 'config')], io);
  return { code, out, err };
}

async function contains(text: string): Promise<boolean> {
  const files = ['state.db', 'state.db-wal', 'inventory.db', 'inventory.db-wal'];
  const read = files.map((file) =>
    readFile(join(world.directory, 'data', file)).catch(() => Buffer.alloc(0)),
  );
  return (await Promise.all(read)).some((bytes) => bytes.includes(text));
}

describe('annexa erase', () => {
  test('shows what it would erase and changes nothing, with --dry-run', async () => {
    const before = await verifyDirectory(evidence());
    const { code, out, err } = await run('--record', 'hr:test:2', ...because, '--dry-run');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('snapshot snapshot/people/people/test');
    expect(await verifyDirectory(evidence())).toEqual(before);
  });

  test('erases a person from every snapshot, and from state and inventory; what is left verifies', async () => {
    expect(await contains('ben@test.example')).toBe(true);
    const { code, out, err } = await run('--record', 'hr:test:2', ...because);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('2        2');
    expect(out).toMatch(/erased by entry \d+, leaf [0-9a-f]{64}; state and inventory made anew/);
    expect(await contains('ben@test.example')).toBe(false);
    const verified = await annexa(['verify', evidence()]).ended;
    expect(verified.code).toBe(0);
    expect(verified.out).toContain('erased');
    const again = await run('--record', 'hr:test:2', ...because);
    expect(again).toMatchObject({ code: 1, out: expect.stringContaining('no body holds such a record') });
  });

  test('tells it for machines', async () => {
    const { out } = await run('--record', 'hr:test:2', ...because, '--json');
    const [plan, done] = out
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(plan).toMatchObject({ bodies: [{ records: ['hr:test:2'] }, { records: ['hr:test:2'] }] });
    expect(done).toMatchObject({ undeleted: [] });
  });

  test('erases a whole body by its digest', async () => {
    const { out } = await run('--record', 'hr:test:4', ...because, '--dry-run', '--json');
    const sha256 = /"sha256":"([0-9a-f]{64})"/.exec(out)?.[1] ?? '';
    expect(await run('--body', sha256, ...because)).toMatchObject({ code: 0 });
    expect((await verifyDirectory(evidence())).problems).toEqual([]);
    await expect(run('--body', sha256, ...because)).rejects.toMatchObject({ code: 'invalid' });
  });

  test('is used wrongly when it is not said what, why, or in words that last: exit 2', async () => {
    const wrong: Record<string, string[]> = {
      'nothing to erase': because,
      'no reason': ['--record', 'hr:test:2', '--by', 'DPO', '--legal-basis', 'GDPR'],
      'a reason that names the record': ['--record', 'hr:test:2', ...because, '--reason', 'hr:test:2 asked'],
      'no digest': ['--body', 'abc', ...because],
      'a digest that the log does not know': ['--body', '1'.repeat(64), ...because],
    };
    for (const [what, args] of Object.entries(wrong))
      await expect(run(...args), what).rejects.toThrow(UsageError);
  });

  test('names who holds the lock while an agent runs: exit 3', async () => {
    await using opened = await world.open();
    const config = ['--config', join(world.directory, 'config')];
    const { code, err } = await annexa(['erase', '--record', 'hr:test:2', ...because, ...config]).ended;
    expect(code).toBe(3);
    expect(err).toContain(`process ${process.pid}`);
    expect((await run('--record', 'hr:test:2', ...because, '--dry-run')).code).toBe(0);
    expect(opened.stores.log.checkpoint().size).toBeGreaterThan(0);
  });
});
