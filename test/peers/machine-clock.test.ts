import { globSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
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

/** The agent on a machine whose clock is set while it runs (libfaketime), as nobody sets the monotonic one. */

let machine: Machine;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  machine = await startMachine([]);
  const [library] = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1');
  if (library === undefined)
    throw new Error('libfaketime is missing: test/peers/install.sh installs faketime');
  await set('+0d');
  env = {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: join(machine.directory, 'clock'),
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
  await machine.write('config/manifests.yaml', MANIFESTS);
  await machine.write('config/people.csv', people(20));
});

afterAll(async () => machine?.[Symbol.asyncDispose]());

const set = (offset: string) => machine.write('clock', `${offset}\n`);

const outcome = (agent: Running, wanted: 'pass' | 'unknown') =>
  until(agent, '/api/v1/checks/somebody', ({ text }) => text.includes(`"outcome":"${wanted}"`));

test('a clock that is set a day forward, a day back: said everywhere, nothing passes, and it goes on by itself once it is right', async () => {
  const agent = await runAgent(machine, 'data', env);
  await ready(agent);
  await outcome(agent, 'pass');
  for (const [offset, way] of [
    ['-1d', 'back'],
    ['+1d', 'forward'],
  ] as const) {
    await set(offset);
    expect((await unready(agent)).text).toMatch(
      new RegExp(`"clock: this machine's clock was set ${way} by 86\\d{3} s`),
    );
    await outcome(agent, 'unknown');
    expect((await ask(agent, '/livez')).status).toBe(200);
    expect((await ask(agent, '/metrics')).text).toContain('annexa_condition{condition="clock"} 1\n');
    await set('+0d');
    await ready(agent);
    await outcome(agent, 'pass');
  }
  const began = logLines(await stopped(agent)).filter(({ event }) => event === 'condition_began');
  expect(began).toMatchObject([{ condition: 'clock' }, { condition: 'clock' }]);
  await verified(machine, 'data');
});

test('a start a day too early: it serves, says so, lets nothing pass, and goes on by itself', async () => {
  await set('-1d');
  const agent = await runAgent(machine, 'data', env);
  const early = await until(agent, '/readyz', ({ text }) => text.includes('clock: '));
  expect(early.text).toMatch(/stands 8\d{4} s before the last sealed entry/);
  await outcome(agent, 'unknown');
  await set('+0d');
  await ready(agent);
  await outcome(agent, 'pass');
  await stopped(agent);
  await verified(machine, 'data');
});
