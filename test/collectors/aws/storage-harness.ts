import type { CryptoKeyRecord } from '../../../src/inventory/kinds/crypto-key.ts';
import type { DataStoreRecord } from '../../../src/inventory/kinds/data-store.ts';
import type { RecoveryPointRecord } from '../../../src/inventory/kinds/recovery-point.ts';
import type { StorageDefaultRecord } from '../../../src/inventory/kinds/storage-default.ts';
import { kinds } from '../../../src/inventory/kinds.ts';
import { taggingHandlers } from './estate/tagging.ts';
import type { Tagged } from './estate/tagging.ts';
import { healthyStorage, storageHandlers, type StorageHolding } from './estate/storage.ts';
import { connect, MAIN } from './session-harness.ts';
import { type Handlers, startStub, type StubOptions } from './stub.ts';

export const REGION = 'eu-west-1';
/** Milliseconds, whole seconds of them. */
export const NOW = Math.floor(Date.now() / 1000) * 1000;
export const WHERE = { account: MAIN, region: REGION };

type StorageRecord = DataStoreRecord | StorageDefaultRecord | RecoveryPointRecord | CryptoKeyRecord;

/** A stub's handlers of a region of storage that is healthy but for `change`. */
export const storageWith = (
  change: (healthy: StorageHolding) => Partial<StorageHolding>,
  {
    size = 1,
    pageSize = 2,
    tagged = [],
  }: { size?: number; pageSize?: number; tagged?: readonly Tagged[] } = {},
): Handlers => ({
  ...storageHandlers(
    (where) => {
      const healthy = healthyStorage(where, { now: NOW, size });
      return { ...healthy, ...change(healthy) };
    },
    { now: NOW, pageSize },
  ),
  ...taggingHandlers((_, { region }) => (region === REGION ? tagged : []), { pageSize }),
});

/** Collects a dataset from a stub with the handlers; every record must have its kind's schema. */
export async function collectFrom(handlers: Handlers, dataset: string, options: StubOptions = {}) {
  await using stub = await startStub(handlers, options);
  await using source = connect(stub.endpoint, { region: REGION, maxAttempts: 1 });
  const scope = dataset === 's3-buckets' ? MAIN : `${MAIN}:${REGION}`;
  const { records } = await source.collect(dataset, scope);
  const byName = new Map<string, StorageRecord>();
  for (const record of records) {
    const parsed = kinds.get(record.kind)!.schema.parse(record);
    byName.set(record.id.slice(`aws:${scope}:`.length), Object.assign(parsed));
  }
  const calls = stub.calls.filter(({ operation }) => !operation.startsWith('sts:'));
  return { records: byName, calls };
}
