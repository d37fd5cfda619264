import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { bundle } from '../../build.ts';
import { datasets } from '../../src/collectors/google/datasets.ts';
import { NOW, register } from '../e2e/organisation.ts';
import { AGENT, PEOPLE } from './aws/manifests.ts';
import { type Measure, round } from './measure.ts';
import { watchFamily } from './resident.ts';

const USERS = 20_000;
const QUARTER = USERS / 4;

const opened = z.object({ endpoint: z.string(), key: z.string(), customer: z.string(), subject: z.string() });
const counts = z.record(z.string(), z.int());

/** What the README says each listing costs, the token and the customer's id of each dataset beside it. */
const expected = (users: number): Readonly<Record<string, number>> => ({
  'oauth2.token': datasets.length,
  'directory.customers.get': datasets.length,
  // For users, and for their grants.
  'directory.users.list': 2 * Math.ceil(users / 500),
  'directory.tokens.list': users,
  'directory.roles.list': 1,
  'directory.roleAssignments.list': 1,
  'directory.mobiledevices.list': Math.ceil(users / 100),
  'directory.chromeosdevices.list': Math.ceil(users / 300),
});

interface Pass {
  /** Megabytes, children included. */
  readonly peak: number;
  readonly calls: Readonly<Record<string, number>>;
}

/** One pass of the agent over a customer where everybody has a phone and a Chromebook, and every tenth user three grants. */
async function passOf(users: number, program: string): Promise<Pass> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-google-bench-'));
  const google = fork(new URL('./google-child.ts', import.meta.url), [String(users)], { execArgv: [] });
  try {
    const [told]: unknown[] = await once(google, 'message');
    const { endpoint, key, customer, subject } = opened.parse(told);
    await writeFile(join(directory, 'agent.yaml'), AGENT);
    // All but one belong to somebody: what fails is remembered, and isn't what is measured.
    await writeFile(join(directory, 'people.csv'), register(users + 1, NOW, users));
    await writeFile(join(directory, 'hr.yaml'), PEOPLE);
    await writeFile(
      join(directory, 'google.yaml'),
      `{ apiVersion: annexa.dev/v1alpha1, kind: Collector, metadata: { name: google }, spec: { plugin: google, settings: {
        scope: ${customer}, subject: ${subject}, credentials: { env: KEY }, endpoint: "${endpoint}", oauthGrants: {} } } }`,
    );
    const peak = await peakOf(program, directory, key);
    google.send({});
    const [calls]: unknown[] = await once(google, 'message');
    return { peak, calls: counts.parse(calls) };
  } finally {
    google.kill('SIGKILL');
    await rm(directory, { recursive: true, force: true });
  }
}

async function peakOf(program: string, directory: string, key: string): Promise<number> {
  const child = spawn(
    process.execPath,
    // As it is started where memory counts.
    ['--max-semi-space-size=4', '--optimize-for-size', program, 'collect', '--config', directory, '--json'],
    {
      env: {
        PATH: process.env['PATH'],
        ANNEXA_DATA: join(directory, 'data'),
        ANNEXA_LOG_LEVEL: 'error',
        KEY: key,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const stop = watchFamily(child.pid ?? 0);
  await once(child, 'exit');
  const most = stop();
  if (child.exitCode !== 0) throw new Error(`the agent ended with ${child.exitCode}: ${said.slice(0, 4000)}`);
  return most;
}

/** Memory and requests of one pass over 20,000 users, against a quarter of them. */
export async function googleUsers(): Promise<readonly Measure[]> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-google-bundle-'));
  try {
    await bundle(directory);
    const program = join(directory, 'annexa.mjs');
    const quarter = await passOf(QUARTER, program);
    const whole = await passOf(USERS, program);
    const asked = Object.entries(expected(USERS)).map(([name, goal]): Measure => ({
      name: `google-users/${name}`,
      value: whole.calls[name] ?? 0,
      unit: 'calls',
      goal,
    }));
    return [
      { name: 'google-users/peak', value: round(whole.peak), unit: 'MB', goal: 300 },
      {
        name: 'google-users/growth',
        value: round(whole.peak),
        unit: 'MB',
        goal: 1.6,
        baseline: round(quarter.peak),
      },
      ...asked,
    ];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
