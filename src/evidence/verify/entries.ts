import { createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { envelopeKey, pae, parseEnvelope } from '../dsse.ts';
import type { Envelope } from '../dsse.ts';
import { EvidenceError } from '../error.ts';
import { encodeLeaf } from '../leaf.ts';
import { equalBytes, leafHash, sha256 } from '../merkle.ts';
import { ed25519Key } from '../note.ts';
import { assertP256 } from '../public-keys.ts';
import { genesisFields, parseStatement } from '../statement.ts';
import type { GenesisFields, Statement } from '../statement.ts';
import { TILE_WIDTH, parseBundle, parseTilePath, readTile, tilePath } from '../tiles.ts';
import { problemOf } from './report.ts';
import type { Problem } from './report.ts';
import type { Source } from './source.ts';

/** An entry as it stands in its bundle, opened by what its envelope says. */
export interface OpenedEntry {
  readonly index: number;
  readonly leaf: Uint8Array;
  /** Of the leaf, hex. */
  readonly hash: string;
  readonly opened: Opened;
}

export type Opened =
  /** The leaf is the envelope's under this key (SPKI), whose signature verifies. Whether the key is in force is not judged. */
  { readonly statement: Statement; readonly signedBy: Uint8Array } | { readonly problem: Problem };

/** Reads a tree's entries, a bundle with its envelopes at a time, and the next one ahead. Throws `corrupt` and `io`. */
export async function* readEntries(source: Source, size: number): AsyncGenerator<OpenedEntry> {
  const keys = createKeyCache();
  let next = readBundle(source, keys, 0, size);
  for (let first = 0; first < size; first += TILE_WIDTH) {
    const entries = await next;
    next = readBundle(source, keys, first + TILE_WIDTH, size);
    // It may fail before it is waited for.
    next.catch(() => undefined);
    yield* entries;
  }
}

async function readBundle(
  source: Source,
  keys: KeyCache,
  first: number,
  size: number,
): Promise<OpenedEntry[]> {
  if (first >= size) return [];
  const read = (path: string): Promise<Uint8Array | undefined> => source.get(`log/${path}`);
  const leaves = await readTile(read, 'entries', first / TILE_WIDTH, size);
  return Promise.all(
    leaves.map(async (leaf, i) => {
      const hash = Buffer.from(leafHash(leaf)).toString('hex');
      return { index: first + i, leaf, hash, opened: await openEntry(source, keys, first + i, leaf, hash) };
    }),
  );
}

async function openEntry(
  source: Source,
  keys: KeyCache,
  index: number,
  leaf: Uint8Array,
  hash: string,
): Promise<Opened> {
  const where = envelopeKey(hash);
  try {
    const bytes = await source.get(where);
    if (bytes === undefined) {
      return { problem: { code: 'missing', where, message: `the envelope of entry ${index} is missing` } };
    }
    const envelope = parseEnvelope(bytes, where);
    return await openEnvelope(envelope, { index, leaf, where }, keys);
  } catch (error) {
    return { problem: problemOf(where, error) };
  }
}

/** Where an envelope should stand. */
interface Place {
  readonly index: number;
  readonly leaf: Uint8Array;
  readonly where: string;
}

/**
 * The statement of an entry: its leaf rebuilt from the envelope and the key that the leaf names, the signature verified with that key, on
 * another thread.
 */
async function openEnvelope(
  envelope: Envelope,
  { index, leaf, where }: Place,
  keys: KeyCache,
): Promise<Opened> {
  const { payload, signature } = envelope;
  const signedBy = keys.named(leaf);
  const message = pae(payload);
  const rebuilt = signedBy && encodeLeaf({ paeDigest: sha256(message), signature, spki: signedBy.spki });
  if (signedBy === undefined || rebuilt === undefined || !equalBytes(rebuilt, leaf)) {
    return { problem: { code: 'altered', where, message: `entry ${index} is not this envelope` } };
  }
  // The work begins before it is waited for: the statement is parsed meanwhile.
  const verified = verifyElsewhere(message, signedBy.key, signature);
  let statement: Statement | undefined;
  let problem: Problem | undefined;
  try {
    statement = parseStatement(payload, where);
  } catch (error) {
    problem = problemOf(where, error);
  }
  if (!(await verified)) {
    return { problem: { code: 'signature', where, message: `the signature of entry ${index} is wrong` } };
  }
  if (statement !== undefined) return { statement, signedBy: signedBy.spki };
  return { problem: problem ?? { code: 'malformed', where, message: 'no statement' } };
}

/** The keys that leaves name, each parsed once. */
interface KeyCache {
  /** Undefined when the leaf names no P-256 key. */
  named(leaf: Uint8Array): { readonly spki: Uint8Array; readonly key: KeyObject } | undefined;
}

const KEPT_KEYS = 1000;

function createKeyCache(): KeyCache {
  const known = new Map<string, ReturnType<KeyCache['named']>>();
  return {
    named(leaf) {
      const text = Buffer.from(leaf.buffer, leaf.byteOffset, leaf.byteLength).toString('latin1');
      const encoded = /"rawBytes":"([A-Za-z0-9+/=]+)"/.exec(text)?.[1];
      if (encoded === undefined) return undefined;
      if (!known.has(encoded)) {
        if (known.size >= KEPT_KEYS) known.clear();
        known.set(encoded, p256(Buffer.from(encoded, 'base64')));
      }
      return known.get(encoded);
    },
  };
}

function p256(spki: Uint8Array): ReturnType<KeyCache['named']> {
  try {
    assertP256(spki);
    return { spki, key: createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }) };
  } catch {
    return undefined;
  }
}

function verifyElsewhere(message: Uint8Array, key: KeyObject, signature: Uint8Array): Promise<boolean> {
  return new Promise((resolve, reject) => {
    verify('sha256', message, key, signature, (error, holds) => {
      if (error === null) resolve(holds);
      else reject(error);
    });
  });
}

/** The log that a genesis founds. */
export interface LogKeys {
  readonly origin: string;
  /** SPKI, DER. */
  readonly envelope: Uint8Array;
  readonly checkpoint: Uint8Array;
  /** Unix seconds. */
  readonly at: number;
  readonly fields: GenesisFields;
}

/**
 * What the first entry says, before anything of it is verified; undefined when the log has no entries. Throws `corrupt` and
 * `key`.
 */
export async function readGenesis(source: Source): Promise<LogKeys | undefined> {
  const leaf = await firstLeaf(source);
  if (leaf === undefined) return undefined;
  const where = envelopeKey(Buffer.from(leafHash(leaf)).toString('hex'));
  const envelope = await source.get(where);
  if (envelope === undefined)
    throw new EvidenceError('corrupt', `${where}: the envelope of the genesis is missing`);
  return genesisKeys(parseStatement(parseEnvelope(envelope, where).payload, where), where);
}

/** What a genesis says, its signature apart. Throws `corrupt` and `key`, beginning with `where`. */
function genesisKeys(statement: Statement, where: string): LogKeys {
  const fields = genesisFields(statement);
  if (!statement.log.startsWith(`${fields.logId}.`)) {
    throw new EvidenceError(
      'corrupt',
      `${where}: the log ${statement.log} is not named after ${fields.logId}`,
    );
  }
  const log = {
    origin: statement.log,
    envelope: Buffer.from(fields.keys.envelope, 'base64'),
    checkpoint: Buffer.from(fields.keys.checkpoint, 'base64'),
    at: statement.sealedAt,
    fields,
  };
  assertP256(log.envelope);
  ed25519Key(log.origin, log.checkpoint);
  return log;
}

/** From the first bundle, at whatever width it is there. */
async function firstLeaf(source: Source): Promise<Uint8Array | undefined> {
  const full = tilePath({ level: 'entries', index: 0, width: TILE_WIDTH });
  const paths = [full];
  for await (const { key } of source.walk(`log/${full}.p/`)) paths.push(key.slice('log/'.length));
  for (const path of paths) {
    const width = parseTilePath(path)?.width;
    const bytes = width === undefined ? undefined : await source.get(`log/${path}`);
    if (width !== undefined && bytes !== undefined) return parseBundle(bytes, width)[0];
  }
  return undefined;
}
