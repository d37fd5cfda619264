import {
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  type ObjectLockMode,
  PutObjectRetentionCommand,
} from '@aws-sdk/client-s3';
import { CHECKPOINT_KEY } from '../checkpoint.ts';
import { parseTilePath, TILE_WIDTH } from '../tiles.ts';
import { type Access, isAbsent, objectAt, type Retention } from './client.ts';

const DAY = 86_400;

/** Where conditional writes are tried: no part of the store. */
export const PROBE_FOLDER = 'probe/';

/** Whether there may be several versions of an object, or its deletion: the newest checkpoint and partial tiles. */
export function mayChange(key: string): boolean {
  if (key === CHECKPOINT_KEY || key.startsWith(PROBE_FOLDER)) return true;
  const tile = key.startsWith('log/') ? parseTilePath(key.slice('log/'.length)) : undefined;
  return tile !== undefined && tile.width < TILE_WIDTH;
}

/** Retention as the store applies it. */
export interface Locks {
  /** What a request that creates the object says: nothing for what may change. */
  onCreate(key: string): { ObjectLockMode?: ObjectLockMode; ObjectLockRetainUntilDate?: Date };
  /** Retains an object that is referred to again as long as a new one, unless it was prolonged within a day. */
  prolong(key: string, found: HeadObjectCommandOutput): Promise<void>;
}

/** `now` in Unix seconds. Without a retention nothing is locked. */
export function createLocks(access: Access, retention: Retention | undefined, now: () => number): Locks {
  if (retention === undefined) return { onCreate: () => ({}), prolong: async () => {} };
  const until = () => new Date((now() + retention.days * DAY) * 1000);
  return {
    onCreate: (key) =>
      mayChange(key) ? {} : { ObjectLockMode: retention.mode, ObjectLockRetainUntilDate: until() },
    async prolong(key, { ObjectLockMode, ObjectLockRetainUntilDate }) {
      const present = ObjectLockRetainUntilDate?.getTime() ?? 0;
      if (mayChange(key) || present > until().getTime() - DAY * 1000) return;
      await access.client.send(
        new PutObjectRetentionCommand({
          ...objectAt(access, key),
          ChecksumAlgorithm: 'SHA256',
          // A mode can't be lowered, and needn't be.
          Retention: { Mode: ObjectLockMode ?? retention.mode, RetainUntilDate: until() },
        }),
      );
    },
  };
}

/** What the server says of the newest version; undefined when there is none. */
export async function headOf(access: Access, key: string): Promise<HeadObjectCommandOutput | undefined> {
  try {
    return await access.client.send(new HeadObjectCommand(objectAt(access, key)));
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
