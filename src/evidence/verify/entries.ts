import { envelopeKey, envelopeLeaf, parseEnvelope, verifyEnvelope } from '../dsse.ts';
import type { Envelope } from '../dsse.ts';
import { EvidenceError } from '../error.ts';
import { equalBytes, leafHash } from '../merkle.ts';
import { ed25519Key } from '../note.ts';
import { genesisFields, parseStatement } from '../statement.ts';
import type { Statement } from '../statement.ts';
import { TILE_WIDTH, parseBundle, parseTilePath, readTile, tilePath } from '../tiles.ts';
import type { Findings } from './report.ts';
import type { Source } from './source.ts';

/** An entry as it stands in its bundle, with the envelope of its leaf hash. */
export interface StoredEntry {
  readonly index: number;
  readonly leaf: Uint8Array;
  /** Of the leaf, hex. */
  readonly hash: string;
  /** As stored; undefined when it is missing. */
  readonly envelope: Uint8Array | undefined;
}

/** Reads a tree's entries, a bundle with its envelopes at a time. Throws `corrupt` and `io`. */
export async function* readEntries(source: Source, size: number): AsyncGenerator<StoredEntry> {
  const read = (path: string): Promise<Uint8Array | undefined> => source.get(`log/${path}`);
  for (let first = 0; first < size; first += TILE_WIDTH) {
    const leaves = await readTile(read, 'entries', first / TILE_WIDTH, size);
    const entries = leaves.map(async (leaf, i) => readEntry(source, first + i, leaf));
    for (const entry of await Promise.all(entries)) yield entry;
  }
}

async function readEntry(source: Source, index: number, leaf: Uint8Array): Promise<StoredEntry> {
  const hash = Buffer.from(leafHash(leaf)).toString('hex');
  return { index, leaf, hash, envelope: await source.get(envelopeKey(hash)) };
}

/**
 * The statement of an entry: its leaf rebuilt from the envelope and a key in force, the signature verified with that key.
 * Undefined when there is none that may be used; why is among the findings.
 */
export function openEntry(
  entry: StoredEntry,
  keys: readonly Uint8Array[],
  findings: Findings,
): Statement | undefined {
  const where = envelopeKey(entry.hash);
  if (entry.envelope === undefined) {
    findings.problem('missing', where, `the envelope of entry ${entry.index} is missing`);
    return undefined;
  }
  try {
    const envelope = parseEnvelope(entry.envelope, where);
    const key = keys.find((spki) => equalBytes(envelopeLeaf(envelope, spki).leaf, entry.leaf));
    if (key === undefined) {
      const foreign = signedByForeignKey(entry.leaf, envelope);
      const code = foreign ? 'foreign-key' : 'altered';
      findings.problem(code, where, `entry ${entry.index} is not this envelope under a key in force`);
    } else if (verifyEnvelope(envelope, key)) {
      return parseStatement(envelope.payload, where);
    } else {
      findings.problem('signature', where, `the signature of entry ${entry.index} is wrong`);
    }
  } catch (error) {
    findings.caught(where, error);
  }
  return undefined;
}

/** True when the leaf is the envelope's, under a key of its own. */
function signedByForeignKey(leaf: Uint8Array, envelope: Envelope): boolean {
  const named = /"rawBytes":"([A-Za-z0-9+/=]+)"/.exec(Buffer.from(leaf).toString('utf8'))?.[1];
  if (named === undefined) return false;
  return equalBytes(envelopeLeaf(envelope, Buffer.from(named, 'base64')).leaf, leaf);
}

/** The log that a genesis founds. */
export interface LogKeys {
  readonly origin: string;
  /** SPKI, DER. */
  readonly envelope: Uint8Array;
  readonly checkpoint: Uint8Array;
}

/**
 * What the first entry says, before anything of it is verified; undefined when the log has no entries. Throws `corrupt` and
 * `key`.
 */
export async function readGenesis(source: Source): Promise<LogKeys | undefined> {
  const leaf = await firstLeaf(source);
  if (leaf === undefined) return undefined;
  const { hash, envelope } = await readEntry(source, 0, leaf);
  const where = envelopeKey(hash);
  if (envelope === undefined)
    throw new EvidenceError('corrupt', `${where}: the envelope of the genesis is missing`);
  const statement = parseStatement(parseEnvelope(envelope, where).payload, where);
  const { logId, keys } = genesisFields(statement);
  if (!statement.log.startsWith(`${logId}.`)) {
    throw new EvidenceError('corrupt', `${where}: the log ${statement.log} is not named after ${logId}`);
  }
  const log = {
    origin: statement.log,
    envelope: Buffer.from(keys.envelope, 'base64'),
    checkpoint: Buffer.from(keys.checkpoint, 'base64'),
  };
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
