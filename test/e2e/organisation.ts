import { estate } from '../collectors/aws/estate/index.ts';
import type { Faults } from '../collectors/aws/faults.ts';
import { type Handlers, startStub, type Stub, type StubOptions } from '../collectors/aws/stub.ts';
import { makeWorld, type World } from '../engine/world.ts';

/** The Date headers of the stub are of today. */
export const NOW = Math.floor(Date.now() / 1000);
export const USERS = 12;
export const ACCOUNT = '123456789012';
export const HOME = 'eu-west-1';
/** Where copies of backups are kept. */
export const AWAY = 'eu-central-1';

export interface OrganisationOptions {
  readonly faults?: Faults;
  /** The register of people. */
  readonly csv?: string;
  /** Users of each account, of whom all but the last are in `whole()`. */
  readonly users?: number;
  readonly pageSize?: number;
  /** Reached through a role each; the first is the one that the organisation and Identity Center are asked in. */
  readonly accounts?: readonly string[];
  readonly regions?: readonly string[];
  /** Absent: every dataset of AWS. */
  readonly only?: readonly string[];
  /** Seconds that one attempt may take. */
  readonly requestTimeout?: number;
  /** Unix seconds of what the accounts hold. */
  readonly made?: number;
  readonly aws?: Pick<StubOptions, 'clock' | 'callsPerSession'>;
}

function collectors(options: OrganisationOptions): string {
  const { accounts = [ACCOUNT], regions = [HOME, AWAY], only, requestTimeout = 30 } = options;
  const listed = accounts.map(
    (id) => `{ id: '${id}', roleArn: 'arn:aws:iam::${id}:role/annexa', externalId: acme }`,
  );
  return `
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: aws }
spec:
  plugin: aws
  ${only === undefined ? '' : `only: [${only.join(', ')}]`}
  settings:
    endpoint: { env: STUB }
    credentials: { accessKeyId: { env: KEY }, secretAccessKey: { env: KEY } }
    region: ${HOME}
    regions: [${regions.join(', ')}]
    accounts: [${listed.join(', ')}]
    organization: { account: '${accounts[0]}' }
    identityCenter: { account: '${accounts[0]}' }
    maxAttempts: 2
    requestTimeout: ${requestTimeout}
    reportPoll: 0.01
---
apiVersion: annexa.dev/v1alpha1
kind: Scope
metadata: { name: acme }
spec:
  statement: The accounts and the people of the test.
  entities: [Acme]
  sites: []
  services: [Test]
  sources:
    - { collector: aws, scopes: [${accounts.map((id) => `'${id}'`).join(', ')}] }
    - { collector: hr, scopes: [acme] }
  exclusions: []
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
}

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

const estates = new Map<string, Handlers>();
function estateOf({ users = USERS, pageSize = 5, made = NOW, accounts = [] }: OrganisationOptions): Handlers {
  const members = accounts.slice(1).map((id) => ({ id }));
  const key = [users, pageSize, made, ...accounts].join(' ');
  const handlers = estates.get(key) ?? estate({ now: made * 1000, users, size: 4, pageSize, members });
  estates.set(key, handlers);
  return handlers;
}

/** Healthy accounts of AWS and a register of people that fits them, collected by the product's own checks. */
export interface Organisation extends AsyncDisposable {
  readonly stub: Stub;
  readonly world: World;
}

export async function makeOrganisation(options: OrganisationOptions = {}): Promise<Organisation> {
  const { csv = whole(), faults = {}, aws = {} } = options;
  const stub = await startStub(estateOf(options), { ...aws, faults });
  const world = await makeWorld({
    manifests: { 'collectors.yaml': collectors(options), 'people.csv': csv },
    builtin: true,
    env: { STUB: stub.endpoint, KEY: 'test' },
  });
  // However long ago this file was loaded: what the stub answers is dated with the time of the day.
  world.now = Math.floor(Date.now() / 1000) + 5;
  return {
    stub,
    world,
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]();
      await stub[Symbol.asyncDispose]();
    },
  };
}
