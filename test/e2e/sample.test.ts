import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { annexa, type Running } from './process.ts';

/** The agent on the sample organisation, as `npm start` runs it, then the other commands on what it left. */

let directory: string;
let env: Record<string, string>;
let agent: Running;
let url: string;
let said: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'annexa-sample-'));
  env = { ANNEXA_DATA: join(directory, 'data'), ANNEXA_LISTEN: '127.0.0.1:0' };
  agent = annexa(['run', '--config', 'examples/acme'], env);
  said = await agent.said('Ctrl-C');
  url = /listens on (\S+)/.exec(said)?.[1] ?? '';
});

afterAll(async () => {
  agent.child.kill('SIGKILL');
  await agent.ended;
  await rm(directory, { recursive: true, force: true });
});

const list = z.object({ items: z.array(z.looseObject({})) });
const get = async (path: string): Promise<unknown> => (await fetch(url + path)).json();
const items = async (path: string) => list.parse(await get(path)).items;

describe('npm start', () => {
  test('prints controls by status, the worst with their reasons, and where to look', () => {
    expect(said).toMatch(/ineffective +\d+/);
    expect(said).toContain('A.5.18/removal');
    expect(said).toContain(`${url}/api/v1/controls`);
  });

  test('has collected both sources without a failure', async () => {
    expect((await items('/api/v1/runs')).map((run) => run['outcome'])).toEqual(['ok', 'ok']);
    const collectors = z
      .array(z.object({ datasets: z.array(z.object({ state: z.string() })) }))
      .parse(await items('/api/v1/collectors'));
    expect(collectors.flatMap(({ datasets }) => datasets.map(({ state }) => state))).toEqual([
      'fresh',
      'fresh',
      'fresh',
    ]);
  });

  test('finds what was planted: leavers with open access, keys that are old, people without a second factor', async () => {
    const outcomes = new Map(
      (await items('/api/v1/checks?limit=1000')).map((check) => [check['name'], check['outcome']]),
    );
    for (const check of [
      'leaver-passwords',
      'access-key-rotation',
      'identity-second-factor',
      'identity-dormant',
    ]) {
      expect(outcomes.get(check), check).toBe('fail');
    }
    for (const check of ['root-access-keys', 'password-policy'])
      expect(outcomes.get(check), check).toBe('pass');
  });

  test('marks everything as a sample', async () => {
    const entries = await items('/api/v1/evidence');
    const details = await Promise.all(entries.map(({ index }) => get(`/api/v1/evidence/${String(index)}`)));
    const marked = z
      .array(z.object({ statement: z.object({ predicate: z.object({ sample: z.boolean() }) }) }))
      .parse(details);
    expect(new Set(marked.map(({ statement }) => statement.predicate.sample))).toEqual(new Set([true]));
  });

  test('is alive, ready, and tells metrics', async () => {
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain(
      'annexa_check_status{check="leaver-passwords",status="fail"} 1',
    );
  });
});

describe('beside the running agent', () => {
  test('a second one is refused and told who holds the store', async () => {
    const { code, err } = await annexa(['run', '--config', 'examples/acme'], env).ended;
    expect(code).toBe(3);
    expect(err).toMatch(/process \d+/);
  });

  test('one on the same port gets a clear line', async () => {
    const listen = url.replace('http://', '');
    const { code, err } = await annexa(['run', '--config', 'examples/acme'], {
      ...env,
      ANNEXA_DATA: join(directory, 'other'),
      ANNEXA_LISTEN: listen,
    }).ended;
    expect(code).toBe(3);
    expect(err).toContain(`${listen} is taken by another process`);
    expect(err).toContain('ANNEXA_LISTEN');
  });

  test('verify examines the store, with the keys that were given another way', async () => {
    const shown = await annexa(['keys', join(directory, 'data/keys')]).ended;
    const fingerprints = [...shown.out.matchAll(/[0-9a-f]{64}/g)].map(([hex]) => hex).join(',');
    const good = await annexa(['verify', join(directory, 'data/evidence'), '--key', fingerprints]).ended;
    expect(good.out).toContain('verified');
    expect(good.code).toBe(0);
    const foreign = await annexa(['verify', join(directory, 'data/evidence'), '--key', '0'.repeat(64)]).ended;
    expect(foreign.code).toBe(1);
    expect(foreign.out).toContain('foreign-key');
  });
});

describe('asked to stop', () => {
  test('it ends well, and then verify, rebuild and doctor work on what it left', async () => {
    const before = await get('/api/v1/deviations?limit=1000');
    agent.child.kill('SIGTERM');
    expect((await agent.ended).code).toBe(0);
    const rebuilt = await annexa(['rebuild', '--config', 'examples/acme'], env).ended;
    expect(rebuilt.out).toMatch(/rebuilt from \d+ entries/);
    const doctor = await annexa(['doctor', '--config', 'examples/acme'], env).ended;
    expect(doctor.out).toMatch(/ok +store .*entries verify/);
    const again = annexa(['run', '--config', 'examples/acme'], env);
    url = /listens on (\S+)/.exec(await again.said('Ctrl-C'))?.[1] ?? '';
    const after = await get('/api/v1/deviations?limit=1000');
    again.child.kill('SIGINT');
    expect((await again.ended).code).toBe(0);
    expect(after).toEqual(before);
  });
});

describe('other commands', () => {
  test('validate tells every error of a directory at once, with file and field', async () => {
    const config = join(directory, 'config');
    await cp('examples/acme', config, { recursive: true });
    const text = await readFile(join(config, 'collectors.yaml'), 'utf8');
    await writeFile(
      join(config, 'collectors.yaml'),
      text.replace('schedule: every 4h', 'schedule: every now').replace('plugin: hr', 'plugin: hrr'),
    );
    const { code, err } = await annexa(['validate', config]).ended;
    expect(code).toBe(2);
    expect(err).toContain('spec.datasets.iam-identities.schedule');
    expect(err).toContain('spec.plugin');
  });

  test('an unknown command and an unknown option are bad usage', async () => {
    expect((await annexa(['bundel']).ended).code).toBe(2);
    expect((await annexa(['verify', 'x', '--jsn']).ended).code).toBe(2);
    expect((await annexa(['run']).ended).err).toContain('ANNEXA_CONFIG');
  });

  test('check test runs the cases of all checks; check explain says what one asks', async () => {
    const tested = await annexa(['check', 'test']).ended;
    expect(tested.out).not.toContain('FAILED');
    expect(tested.code).toBe(0);
    expect((await annexa(['check', 'explain', 'leaver-passwords']).ended).out).toContain('A.5.18/removal');
  });

  test('soa lists every control of Annex A as CSV', async () => {
    const { out } = await annexa(['soa', '--config', 'examples/acme']).ended;
    expect(out.split('\n').filter((line) => /^A\.\d\.\d+,/.test(line))).toHaveLength(93);
  });

  test('keygen never overwrites', async () => {
    const keys = join(directory, 'keys');
    expect((await annexa(['keygen', keys]).ended).code).toBe(0);
    const { code, err } = await annexa(['keygen', keys]).ended;
    expect(code).toBe(3);
    expect(err).toContain('never overwritten');
  });
});
