import { z } from 'zod';
import { datasets } from '../../../src/collectors/google/datasets.ts';
import { NOW, register } from '../../e2e/organisation.ts';
import { PEOPLE } from '../aws/manifests.ts';
import { type Forked, forked } from '../forked.ts';
import { type Measure, round } from '../measure.ts';
import { peakOf, withBundle } from '../pass.ts';

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

/** A customer of so many users in a process of its own, and what collects it: a manifest, and the key that it reads. */
export async function startGoogle(
  users: number,
): Promise<{ readonly stub: Forked; readonly files: Readonly<Record<string, string>> }> {
  const stub = await forked(new URL('./google-child.ts', import.meta.url), [users]);
  const { endpoint, key, customer, subject } = opened.parse(stub.told);
  const manifest = `{ apiVersion: annexa.dev/v1alpha1, kind: Collector, metadata: { name: google }, spec: { plugin: google, settings: {
        scope: ${customer}, subject: ${subject}, credentials: { file: google.json }, endpoint: "${endpoint}", oauthGrants: {} } } }`;
  return { stub, files: { 'google.yaml': manifest, 'google.json': key } };
}

interface Pass {
  /** Megabytes, children included. */
  readonly peak: number;
  readonly calls: Readonly<Record<string, number>>;
}

async function passOf(users: number, program: readonly string[]): Promise<Pass> {
  const { stub, files } = await startGoogle(users);
  await using google = stub;
  const peak = await peakOf(program, {
    ...files,
    // All but one belong to somebody: what fails is remembered, and isn't what is measured.
    'people.csv': register(users + 1, NOW, users),
    'hr.yaml': PEOPLE,
  });
  return { peak, calls: counts.parse(await google.ask({})) };
}

/** Memory and requests of one pass over 20,000 users, against a quarter of them. */
export function googleUsers(): Promise<readonly Measure[]> {
  return withBundle(async (program) => {
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
  });
}
