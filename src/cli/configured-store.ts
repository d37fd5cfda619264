import type { Config } from '../config/contract.ts';
import { dataPaths } from '../engine/stores.ts';
import { readStore, readStoreFrom, type StoreReader } from '../evidence/reader.ts';
import { verifyDirectory, verifyStore, type VerifyReport } from '../evidence/verify.ts';

/** The store that the configuration names, read at a checkpoint (the newest unless its size is given) without the writer's lock. */
export async function configuredStore(config: Config, size?: number): Promise<StoreReader> {
  const { agent } = config;
  const at = size === undefined ? {} : { size };
  if (agent.store === undefined) return readStore(dataPaths(agent.data).evidence, at);
  const { readableS3 } = await import('../evidence/s3/open.ts');
  const { retention: _, ...place } = agent.store.s3;
  return readStoreFrom(readableS3(place), { ...at, name: storeName(config) });
}

export async function verifyConfigured({ agent }: Config): Promise<VerifyReport> {
  if (agent.store === undefined) return verifyDirectory(dataPaths(agent.data).evidence);
  const { s3Source } = await import('../evidence/s3/source.ts');
  const { retention: _, ...place } = agent.store.s3;
  return verifyStore(s3Source(place));
}

/** As the command line takes it: a directory, or `s3://bucket/prefix`. */
export function storeName({ agent }: Config): string {
  if (agent.store === undefined) return dataPaths(agent.data).evidence;
  const { bucket, prefix } = agent.store.s3;
  return `s3://${bucket}/${prefix}`;
}
