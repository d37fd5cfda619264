import { type AwsStub, type AwsStubOptions, startAwsStub } from '../collectors/aws-stub.ts';
import { makeWorld, type World } from '../engine/world.ts';

/** The Date headers of the stub are of today. */
export const NOW = Math.floor(Date.now() / 1000);
export const USERS = 12;

const collectors = (requestTimeout: number) => `
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: aws }
spec:
  plugin: aws
  settings:
    endpoint: { env: STUB }
    credentials: { accessKeyId: { env: KEY }, secretAccessKey: { env: KEY } }
    accounts: [{ id: '123456789012', roleArn: 'arn:aws:iam::123456789012:role/annexa', externalId: acme }]
    maxAttempts: 2
    requestTimeout: ${requestTimeout}
    reportPoll: 0.01
---
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: hr }
spec:
  plugin: hr
  settings:
    scope: acme
    file: people.csv
    asOf: { column: asof }
    columns: { personId: id, workEmail: email, logins: { column: logins, separator: ';' }, lastDay: last }
`;

export function register(rows: number, asOf: number, users = USERS): string {
  const day = (instant: number) => new Date(instant * 1000).toISOString().slice(0, 10);
  const people = Array.from({ length: rows }, (_, at) => {
    // The last one left a month ago and never had an account.
    const last = at === users ? day(NOW - 30 * 86_400) : '';
    return `${at},p${at}@acme.example,user-${String(at).padStart(4, '0')},${last},${day(asOf)}`;
  });
  return ['id,email,logins,last,asof', ...people, ''].join('\n');
}

export const whole = () => register(USERS + 1, NOW);

/** An account of AWS and a register of people that fits it, collected by the product's own checks. */
export interface Organisation extends AsyncDisposable {
  readonly stub: AwsStub;
  readonly world: World;
}

export async function makeOrganisation(
  faults: AwsStubOptions['faults'],
  csv: string,
  { users, pageSize } = { users: USERS, pageSize: 5 },
): Promise<Organisation> {
  const stub = await startAwsStub({ users, pageSize, now: NOW * 1000, ...(faults && { faults }) });
  const hangs = Object.values(faults ?? {}).some(({ kind }) => kind.startsWith('hang'));
  const world = await makeWorld({
    manifests: { 'collectors.yaml': collectors(hangs ? 0.3 : 10), 'people.csv': csv },
    builtin: true,
    env: { STUB: stub.endpoint, KEY: 'test' },
  });
  world.now = NOW + 5;
  return {
    stub,
    world,
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]();
      await stub[Symbol.asyncDispose]();
    },
  };
}
