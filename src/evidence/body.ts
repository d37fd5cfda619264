import { createHash, createHmac, createSecretKey, type Hash, type KeyObject, randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { pipeline } from 'node:stream/promises';
import type { BodyRecord, StoredBody } from './contract.ts';
import { EvidenceError } from './error.ts';
import { jcs } from './jcs.ts';
import { createFrontier, type Frontier, leafHash } from './merkle.ts';
import { MAX_LINE_BYTES, readLines } from './read-body.ts';
import { createSorter, type LineSorter } from './sort.ts';
import { bodyKey } from './statement.ts';
import type { ObjectStore } from './store.ts';
import { encodeZstd } from './zstd.ts';

const SALT_BYTES = 16;
/** Bytes worked on before other work of the process gets its turn. */
const SLICE_BYTES = 1 << 18;
const LF = Buffer.from('\n');

export interface BodyStore {
  readonly store: ObjectStore;
  /** A directory for temporary files, on a disk. */
  readonly temporary: string;
  /** HMAC key of the salts. */
  readonly key: Uint8Array;
}

/**
 * Sorts, salts and stores records as one body, at constant memory. When it returns, the body is durable. Throws `invalid`,
 * naming record and field, for a record that can't be sealed; the signal's reason when it fires; what `records` throws.
 */
export async function storeBody(
  { store, temporary, key }: BodyStore,
  records: AsyncIterable<BodyRecord> | Iterable<BodyRecord>,
  signal?: AbortSignal,
): Promise<StoredBody> {
  using sorter = createSorter(temporary);
  await collect(records, sorter, createSecretKey(key), signal);
  return await storeLines({ store, temporary, signal }, sorter.sorted());
}

export interface LineStore extends Omit<BodyStore, 'key'> {
  readonly signal?: AbortSignal | undefined;
  /** The leaf hash that a line counts with; its own unless given. */
  readonly leaf?: (line: Uint8Array) => Uint8Array;
  /** Called with the digest before anything of it is in the store. */
  readonly announce?: (sha256: string) => Promise<void>;
}

/** Stores lines, without their LF, as one body, at constant memory. When it returns, the body is durable. */
export async function storeLines(
  { store, temporary, signal, leaf = leafHash, announce }: LineStore,
  lines: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<StoredBody> {
  const path = join(temporary, `body-${randomBytes(12).toString('hex')}`);
  const sums: Sums = { hash: createHash('sha256'), frontier: createFrontier(), bytes: 0 };
  try {
    await write(summed(lines, leaf, sums), path, signal);
    const sha256 = sums.hash.digest('hex');
    await announce?.(sha256);
    await publish(store, sha256, path);
    const { frontier, bytes } = sums;
    return {
      sha256,
      bytes,
      records: { count: frontier.size, root: Buffer.from(frontier.root()).toString('hex') },
    };
  } finally {
    await unlink(path).catch(() => {});
  }
}

/** The line of a record, without its LF: RFC 8785, with the salt among its fields. */
function bodyLine(record: BodyRecord, key: KeyObject): Uint8Array {
  const id: unknown = record.id;
  if (typeof id !== 'string' || id === '') {
    throw new EvidenceError('invalid', `record ${JSON.stringify(id)}: id: expected a text that isn't empty`);
  }
  const where = `record ${JSON.stringify(id)}`;
  if ('salt' in record) throw new EvidenceError('invalid', `${where}: salt: the store writes this field`);
  const bare = jcs(record, where);
  const salt = createHmac('sha256', key).update(bare).digest().toString('hex', 0, SALT_BYTES);
  const line = Buffer.from(withSalt(record, bare, salt, where));
  if (line.length > MAX_LINE_BYTES) {
    throw new EvidenceError('invalid', `${where}: ${line.length} bytes, at most ${MAX_LINE_BYTES} expected`);
  }
  return line;
}

/** JCS sorts fields by UTF-16 units, as JS does; so when the salt comes last it can be appended. */
function withSalt(record: BodyRecord, bare: string, salt: string, where: string): string {
  const last = Object.keys(record).every((name) => name < 'salt');
  return last ? `${bare.slice(0, -1)},"salt":"${salt}"}` : jcs({ ...record, salt }, where);
}

async function collect(
  records: AsyncIterable<BodyRecord> | Iterable<BodyRecord>,
  sorter: LineSorter,
  key: KeyObject,
  signal: AbortSignal | undefined,
): Promise<void> {
  let slice = 0;
  for await (const record of records) {
    signal?.throwIfAborted();
    const line = bodyLine(record, key);
    sorter.add(record.id, line);
    slice += line.length;
    if (slice < SLICE_BYTES) continue;
    slice = 0;
    await setImmediate();
  }
  signal?.throwIfAborted();
}

interface Sums {
  readonly hash: Hash;
  readonly frontier: Frontier;
  bytes: number;
}

/** The body in pieces, and its sums on the way. */
async function* summed(
  lines: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  leaf: (line: Uint8Array) => Uint8Array,
  sums: Sums,
): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let slice = 0;
  const piece = () => {
    const bytes = Buffer.concat(parts);
    sums.hash.update(bytes);
    sums.bytes += bytes.length;
    [parts, slice] = [[], 0];
    return bytes;
  };
  for await (const line of lines) {
    sums.frontier.append(leaf(line));
    parts.push(line, LF);
    slice += line.length + 1;
    if (slice < SLICE_BYTES) continue;
    yield piece();
    await setImmediate();
  }
  if (parts.length > 0) yield piece();
}

async function write(
  body: AsyncIterable<Uint8Array>,
  path: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
  try {
    await pipeline(body, encodeZstd, file, signal === undefined ? {} : { signal });
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof EvidenceError) throw cause;
    throw new EvidenceError('io', `can't write a body: ${String(cause)}`, { cause });
  }
}

/** Another release of zstd compresses to other bytes: what is there already is compared by what it decodes to. */
async function publish(store: ObjectStore, sha256: string, path: string): Promise<void> {
  if ((await store.createFromFile(bodyKey(sha256), path)) !== 'differs') return;
  for await (const _ of readLines(store, sha256));
}
