import type { ObjectStore } from '../store.ts';
import { connect, type Patience, type Retention, type S3Place } from './client.ts';
import { probe } from './probe.ts';
import { createLocks } from './retention.ts';
import { s3Store } from './store.ts';

/** All of S3 is reached through this module and source.ts, which are loaded when a store is there: the SDK is large. */

export interface S3Options extends S3Place {
  readonly retention?: Retention | undefined;
}

export interface OpenS3 {
  readonly store: ObjectStore;
  /** What is less than it could be, a sentence each. */
  readonly warnings: readonly string[];
}

/**
 * The store for the log's writer. Conditional writes are tried first. `now` in Unix seconds. Rejects with `io`, naming the bucket, when it
 * can't be used or does not keep what the log rests on.
 */
export async function openS3(options: S3Options, now: () => number, patience?: Patience): Promise<OpenS3> {
  const access = connect(options, patience);
  const warnings = await probe(access, options.retention);
  return { store: s3Store(access, createLocks(access, options.retention, now)), warnings };
}

/** The store for readers: nothing is tried, and nothing locked. */
export function readableS3(place: S3Place, patience?: Patience): ObjectStore {
  const access = connect(place, patience);
  return s3Store(
    access,
    createLocks(access, undefined, () => 0),
  );
}
