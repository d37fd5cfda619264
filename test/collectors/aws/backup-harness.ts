import { expect } from 'vitest';
import { aws } from '../../../src/collectors/aws/index.ts';
import type { InventoryRecord } from '../../../src/inventory/kind.ts';
import { kinds } from '../../../src/inventory/kinds.ts';
import { contextOf, credentials } from '../aws-harness.ts';
import { arnOf, backupHandlers, type BackupHolding, type Where } from './estate/backup.ts';
import { type Handlers, startStub } from './stub.ts';

export const NOW = Math.floor(Date.now() / 1000);
export const now = NOW * 1000;
export const HOUR = 3600;
export const DAY = 86_400;
export const HERE: Where = { account: '123456789012', region: 'eu-west-1' };
export const SCOPE = `${HERE.account}:${HERE.region}`;
export const backup = (tail: string) => arnOf(HERE, 'backup', tail);
export const before = (seconds: number) => new Date(now - seconds * 1000);
const nothing: BackupHolding = {
  plans: [],
  vaults: [],
  jobs: [],
  restores: [],
  points: [],
  resources: [],
  volumes: [],
  instances: [],
  fileSystems: [],
  buckets: [],
  tagged: [],
};

export interface Collected {
  readonly records: ReadonlyMap<string, InventoryRecord>;
  readonly calls: readonly string[];
  readonly notes: ReadonlyMap<string, string | number>;
}

export interface Options {
  readonly handlers?: Handlers;
  /** The records of the snapshot before. */
  readonly previous?: readonly object[];
  readonly jobDays?: number;
}

/** What the dataset makes of a region that holds `own`: records by native id, each in its kind's schema. */
export async function collected(
  dataset: string,
  own: Partial<BackupHolding>,
  options: Options = {},
): Promise<Collected> {
  const { handlers = {}, previous, jobDays } = options;
  await using stub = await startStub({
    ...backupHandlers(() => ({ ...nothing, ...own }), { now, pageSize: 2 }),
    ...handlers,
  });
  const { context, told } = contextOf(() => NOW);
  const config = aws.config.parse({
    endpoint: stub.endpoint,
    credentials,
    accounts: [{ id: HERE.account }],
    maxAttempts: 1,
    ...(jobDays === undefined ? {} : { backup: { jobDays } }),
  });
  await using collector = aws.connect(config, {
    ...context,
    previous: async () => previous && { asOf: NOW - HOUR, records: stream(previous) },
  });
  const records = new Map<string, InventoryRecord>();
  const signal = new AbortController().signal;
  for await (const record of collector.collect(dataset, { id: SCOPE }, signal)) {
    kinds.get(record.kind)!.schema.parse(record);
    records.set(record.id.slice(`aws:${SCOPE}:`.length), record);
  }
  const calls = stub.calls.map(({ operation }) => operation).filter((name) => !name.startsWith('sts:'));
  return { records, calls, notes: told.notes };
}

async function* stream(records: readonly object[]): AsyncGenerator<InventoryRecord> {
  for (const record of records)
    yield kinds.get('kind' in record ? String(record.kind) : '')?.schema.parse(record) ?? fail(record);
}

function fail(record: object): never {
  throw new Error(`no record: ${JSON.stringify(record)}`);
}

export const refusal = (dataset: string, own: Partial<BackupHolding>, handlers: Handlers = {}) =>
  collected(dataset, own, { handlers }).then(
    ({ records }) => [...records.keys()],
    (error: unknown) => error,
  );
export const malformed = (text: string) =>
  expect.objectContaining({ code: 'malformed', message: expect.stringContaining(text) });

export function fields(record: InventoryRecord): Readonly<Record<string, unknown>> {
  return { ...record };
}
