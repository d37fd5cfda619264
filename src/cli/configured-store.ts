import type { Config } from '../config/contract.ts';
import { dataPaths } from '../engine/stores.ts';
import { readStore, readStoreFrom, type StoreReader } from '../evidence/reader.ts';

/** The store that the configuration names, read at a checkpoint (the newest unless its size is given) without the writer's lock. */
export async function configuredStore({ agent }: Config, size?: number): Promise<StoreReader> {
  const at = size === undefined ? {} : { size };
  if (agent.store === undefined) return readStore(dataPaths(agent.data).evidence, at);
  const { readableS3 } = await import('../evidence/s3/open.ts');
  const { retention: _, ...place } = agent.store.s3;
  return readStoreFrom(readableS3(place), { ...at, name: `s3://${place.bucket}/${place.prefix}` });
}
