import { expect, test } from 'vitest';
import { databaseEstate } from './estate/database.ts';
import { tlsEstate } from './estate/tls.ts';
import { connect, MAIN } from './session-harness.ts';
import { type Handlers, startStub } from './stub.ts';

const DATASETS = ['rds-databases', 'rds-snapshots', 'dynamodb-tables', 'acm-certificates', 'load-balancers'];

/** Whether each permission is held, by trying: IAM's simulation is not allowed. */
async function tried(handlers: Handlers) {
  await using stub = await startStub(handlers);
  await using source = connect(stub.endpoint, { regions: ['eu-west-1'] });
  const { permissions } = await source.source.preflight(new AbortController().signal, DATASETS);
  return new Map(permissions.map(({ permission, held }) => [permission, held]));
}

test('each permission of databases, certificates and listeners is known by trying', async () => {
  const options = { now: Date.now(), size: 2 };
  const all = await tried({ ...databaseEstate(options), ...tlsEstate(options) });
  expect(all.size).toBe(16);
  expect([...all].filter(([, held]) => held !== true)).toEqual([]);
  // What has no handler is denied.
  const none = await tried({});
  expect(none.size).toBe(16);
  expect([...none].filter(([, held]) => held !== false)).toEqual([]);
});

test('trying takes one call a permission', async () => {
  const options = { now: Date.now(), size: 2 };
  const estate = { ...databaseEstate(options), ...tlsEstate(options) };
  await using stub = await startStub(estate, { account: MAIN });
  await using source = connect(stub.endpoint, { regions: ['eu-west-1'] });
  await source.source.preflight(new AbortController().signal, DATASETS);
  const asked = stub.calls.map(({ operation }) => operation).filter((name) => !/^(sts|iam):/.test(name));
  expect(new Set(asked).size).toBe(16);
  expect(asked).toHaveLength(16);
});
