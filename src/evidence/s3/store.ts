import { open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import type { EvidenceError } from '../error.ts';
import { mapLimited } from '../limited.ts';
import type { Created, ObjectStore, StoreObject } from '../store.ts';
import { type Access, failure, isAbsent, isConflict, objectAt, statusOf, wrap } from './client.ts';
import { readObject, streamObject } from './read.ts';
import { headOf, type Locks, PROBE_FOLDER } from './retention.ts';
import { putNew, uploadNew } from './upload.ts';
import { listVersions } from './versions.ts';

/** How often a write is tried that others get in the way of, and how long is waited between, milliseconds. */
const TRIES = 10;
const PAUSE = 50;

/**
 * An object store in a bucket. An object is created on condition that there is none; whatever the answer is, or if there is none, what
 * is there afterwards decides. The server has to keep conditions (probe.ts) and what it has acknowledged.
 */
export function s3Store(access: Access, locks: Locks): ObjectStore {
  return {
    get: async (key) => (await readObject(access, key))?.bytes,
    stream: (key) => streamObject(access, key),
    has: (key) =>
      wrap('read', access, key, async () => {
        const found = await headOf(access, key);
        if (found !== undefined) await locks.prolong(key, found);
        return found !== undefined;
      }),
    create: (objects) => mapLimited(objects, (object) => createOne(access, locks, object)),
    createFromFile: (key, path) =>
      wrap('create', access, key, async () => {
        const compare = async () => compareFile(access, key, path);
        // What is there already, such as a body that did not change, needs no upload.
        const found = await compare();
        const outcome = found ?? (await decide(() => uploadNew(access, locks, key, path), compare));
        if (outcome !== 'same') return outcome;
        const head = await headOf(access, key);
        if (head === undefined) throw new Error('it has just gone');
        await locks.prolong(key, head);
        return outcome;
      }),
    replace: (key, bytes, supersedes) =>
      wrap('replace', access, key, () => swap(access, key, bytes, supersedes)),
    list: (folder) => wrap('list', access, folder, () => listKeys(access, folder)),
    delete: (key) => wrap('delete', access, key, () => deleteVersions(access, key)),
  };
}

function createOne(access: Access, locks: Locks, { key, bytes }: StoreObject): Promise<Created> {
  return wrap('create', access, key, () =>
    decide(
      () => putNew(access, locks, key, bytes),
      async () => {
        const found = await readObject(access, key);
        if (found === undefined) return undefined;
        return Buffer.compare(found.bytes, bytes) === 0 ? 'same' : 'differs';
      },
    ),
  );
}

/** Puts, until it is known what is there: a request that failed may have taken effect, and one that conflicted may have lost. */
async function decide(
  put: () => Promise<void>,
  compare: () => Promise<'same' | 'differs' | undefined>,
): Promise<Created> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await put();
      return 'created';
    } catch (error) {
      const found = await compare().catch(() => {
        throw error;
      });
      if (found !== undefined) return found;
      if (!isConflict(error) || attempt === TRIES) throw error;
      await pause(attempt);
    }
  }
}

async function compareFile(
  access: Access,
  key: string,
  path: string,
): Promise<'same' | 'differs' | undefined> {
  const pieces = await streamObject(access, key);
  if (pieces === undefined) return undefined;
  const handle = await open(path);
  try {
    let at = 0;
    for await (const piece of pieces) {
      const own = Buffer.alloc(piece.length);
      const { bytesRead } = await handle.read(own, 0, own.length, at);
      if (bytesRead !== piece.length || !own.equals(piece)) return 'differs';
      at += piece.length;
    }
    return at === (await handle.stat()).size ? 'same' : 'differs';
  } finally {
    await handle.close();
  }
}

/** Compare and swap: what was compared is what is replaced, or it is compared again. */
async function swap(
  access: Access,
  key: string,
  bytes: Uint8Array,
  supersedes: (current: Uint8Array) => boolean,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const current = await readObject(access, key);
    if (current !== undefined) {
      if (Buffer.compare(current.bytes, bytes) === 0 || !supersedes(current.bytes)) return;
      if (current.etag === undefined) throw new Error('the server gives no ETag to compare');
    }
    const condition = current === undefined ? { IfNoneMatch: '*' } : { IfMatch: current.etag };
    const body = { Body: bytes, ChecksumAlgorithm: 'SHA256' } as const;
    try {
      await access.client.send(new PutObjectCommand({ ...objectAt(access, key), ...body, ...condition }));
      return;
    } catch (error) {
      // It may have taken effect, or another writer may have come between: the next look tells.
      const known = isConflict(error) || isAbsent(error) || (statusOf(error) ?? 500) >= 500;
      if (!known || attempt === TRIES) throw error;
      await pause(attempt);
    }
  }
}

async function listKeys(access: Access, folder: string): Promise<string[]> {
  const { client, bucket, prefix } = access;
  const keys: string[] = [];
  for (let token: string | undefined, more = true; more;) {
    const page = await client.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: `${prefix}${folder}`, ContinuationToken: token }),
    );
    for (const { Key = '' } of page.Contents ?? []) {
      const key = Key.slice(prefix.length);
      if (!key.startsWith(PROBE_FOLDER)) keys.push(key);
    }
    token = page.NextContinuationToken;
    more = page.IsTruncated === true && token !== undefined;
  }
  return keys;
}

/** Each version by its id: to delete without one would only hide the object behind a delete marker. */
export async function deleteVersions(access: Access, key: string): Promise<void> {
  for await (const { key: found, versions } of listVersions(access, key)) {
    if (found !== key) continue;
    for (const VersionId of versions) {
      const version = { ...objectAt(access, key), VersionId };
      await access.client.send(new DeleteObjectCommand(version)).catch(async (error: unknown) => {
        throw (await lockOf(access, key, error)) ?? error;
      });
    }
  }
}

/** Why an object may not be deleted, if that is Object Lock. */
async function lockOf(access: Access, key: string, cause: unknown): Promise<EvidenceError | undefined> {
  const head = await headOf(access, key).catch(() => undefined);
  const until = head?.ObjectLockRetainUntilDate;
  const held = head?.ObjectLockLegalHoldStatus === 'ON';
  if (until === undefined && !held) return undefined;
  const why = held ? 'under a legal hold' : `locked (${head?.ObjectLockMode}) until ${until?.toISOString()}`;
  return failure('delete', access, key, new Error(`it is ${why}`, { cause }));
}

async function pause(attempt: number): Promise<void> {
  await delay(PAUSE * attempt * (1 + Math.random()));
}
