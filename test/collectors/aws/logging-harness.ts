import { z } from 'zod';
import type { InventoryRecord } from '../../../src/inventory/kind.ts';
import { kinds } from '../../../src/inventory/kinds.ts';
import { makeWorld } from '../../engine/world.ts';
import { connect, MAIN } from './session-harness.ts';
import { type Handlers, startStub } from './stub.ts';

export const REGION = 'us-east-1';
export const NOW = Date.now();
export const DAY = 86_400;

/** Whole seconds since then, as records tell instants. */
export const ago = (seconds: number): number => Math.floor((NOW - seconds * 1000) / 1000);

/** The records of a dataset, by id without the scope, and the operations that were called; each record must have its kind's schema. */
export async function collected(
  handlers: Handlers,
  dataset: string,
  scope: string = MAIN,
): Promise<{ readonly records: ReadonlyMap<string, InventoryRecord>; readonly calls: readonly string[] }> {
  await using stub = await startStub(handlers);
  const [id = MAIN] = scope.split(':');
  await using source = connect(stub.endpoint, {
    region: REGION,
    accounts: [{ id, roleArn: `arn:aws:iam::${id}:role/annexa` }],
  });
  const { records } = await source.collect(dataset, scope);
  for (const record of records) kinds.get(record.kind)!.schema.parse(record);
  return {
    records: new Map(records.map((record) => [record.id.slice(`aws:${scope}:`.length), record])),
    calls: stub.calls
      .filter(({ operation }) => !operation.startsWith('sts:'))
      .map(({ operation, region }) => `${operation} ${region}`),
  };
}

export interface Verdict {
  readonly outcome: string;
  /** Ids without `aws:`. */
  readonly failing: readonly string[];
  readonly unknown: readonly string[];
}

const shown = z.object({
  outcome: z.string(),
  records: z.array(z.object({ id: z.string(), outcome: z.string() })),
});

/** Collects the datasets of accounts in regions with the whole agent, and tells what the checks find. */
export async function verdicts(
  endpoint: string,
  checks: readonly string[],
  where: {
    readonly datasets: readonly string[];
    readonly accounts?: readonly string[];
    readonly regions?: readonly string[];
    /** Each account is reached by a role of its own; else by the given key. */
    readonly roles?: boolean;
  },
): Promise<Readonly<Record<string, Verdict>>> {
  const { accounts = [MAIN], regions = [REGION], roles = true } = where;
  const settings = {
    endpoint,
    region: REGION,
    regions,
    credentials: { accessKeyId: { env: 'KEY' }, secretAccessKey: { env: 'KEY' } },
    accounts: accounts.map((id) => ({ id, ...(roles ? { roleArn: `arn:aws:iam::${id}:role/annexa` } : {}) })),
  };
  const manifest = {
    apiVersion: 'annexa.dev/v1alpha1',
    kind: 'Collector',
    metadata: { name: 'aws' },
    spec: { plugin: 'aws', only: where.datasets, settings },
  };
  await using world = await makeWorld({
    manifests: { 'collectors.yaml': JSON.stringify(manifest) },
    builtin: true,
    env: { KEY: 'test' },
  });
  world.now = Math.floor(Date.now() / 1000);
  await using opened = await world.open();
  await opened.agent.open();
  await opened.agent.collectOnce();
  const found = await Promise.all(checks.map((name) => opened.agent.view.check(name)));
  return Object.fromEntries(
    found.map((check, index) => {
      const { outcome, records } = shown.parse(check);
      const ids = (wanted: string) =>
        records.filter((record) => record.outcome === wanted).map(({ id }) => id.replace(/^aws:/, ''));
      return [checks[index] ?? '', { outcome, failing: ids('fail').sort(), unknown: ids('unknown').sort() }];
    }),
  );
}

export const pass: Verdict = { outcome: 'pass', failing: [], unknown: [] };
export const fails = (...failing: readonly string[]): Verdict => ({ outcome: 'fail', failing, unknown: [] });
