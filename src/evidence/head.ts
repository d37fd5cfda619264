import { CHECKPOINT_KEY, openCheckpoint, within } from './checkpoint.ts';
import type { CheckpointInfo } from './contract.ts';
import { envelopeKey, parseEnvelope } from './dsse.ts';
import { type Entry, readEntry } from './entry.ts';
import { EvidenceError } from './error.ts';
import { findRotations } from './find-keys.ts';
import { EMPTY_ROOT } from './merkle.ts';
import { parseCheckpoint, parseNote } from './note.ts';
import { createKeyring, type Keyring } from './keyring.ts';
import { genesisFields, parseStatement } from './statement.ts';
import type { ObjectStore } from './store.ts';
import type { ReadPath } from './tiles.ts';
import { type Edge, edgeRoot, EMPTY_EDGE, leafTiles, readEdge } from './tree.ts';

/** Which log it is, by its genesis. */
export interface Identity {
  readonly origin: string;
  readonly sample: boolean;
  /** The keys in force, by the entries that were read. The writer's grows with the log. */
  readonly keys: Keyring;
}

/** A signed checkpoint, and the tiles' edge that has its root. */
export interface Head {
  readonly checkpoint: CheckpointInfo;
  readonly edge: Edge;
}

/** Where a log stands that has no entry yet. */
export function emptyHead(origin: string): Head {
  return {
    checkpoint: { origin, size: 0, root: Buffer.from(EMPTY_ROOT).toString('hex'), note: '' },
    edge: EMPTY_EDGE,
  };
}

/** The bytes of the log's objects by their path below `log/`. */
export function logReader(store: ObjectStore): ReadPath {
  return (path) => store.get(`log/${path}`);
}

/** The identity that the genesis with this leaf hash (hex) states, signed by the key that it names. Throws `corrupt`. */
export async function readIdentity(
  store: ObjectStore,
  leafHash: string,
): Promise<{ identity: Identity; genesis: Entry }> {
  const key = envelopeKey(leafHash);
  const bytes = await store.get(key);
  if (bytes === undefined)
    throw new EvidenceError('corrupt', `${key}: the envelope of the genesis is missing`);
  const stated = genesisFields(parseStatement(parseEnvelope(bytes, key).payload, key));
  const envelopeSpki = Buffer.from(stated.keys.envelope, 'base64');
  const genesis = await readEntry(store, 0, leafHash, envelopeSpki);
  const { log: origin, sample } = genesis.statement;
  if (!origin.startsWith(`${stated.logId}.`))
    throw new EvidenceError('corrupt', `${key}: ${origin} is not of log ${stated.logId}`);
  const keys = createKeyring({
    envelope: envelopeSpki,
    checkpoint: Buffer.from(stated.keys.checkpoint, 'base64'),
    at: genesis.statement.sealedAt,
  });
  return { identity: { origin, sample, keys }, genesis };
}

/**
 * The head of a checkpoint's bytes: its signature by the key of the genesis and the root of the tiles are verified. Whether
 * that is the right log depends on the keys: compare their fingerprints. Throws `corrupt`.
 */
export async function readHead(
  store: ObjectStore,
  bytes: Uint8Array,
  where: string = CHECKPOINT_KEY,
): Promise<{ head: Head; identity: Identity }> {
  const claimed = within(where, () => parseCheckpoint(parseNote(bytes).text));
  if (claimed.size === 0) throw new EvidenceError('corrupt', `${where}: a checkpoint without entries`);
  const edge = await readEdge(logReader(store), claimed.size);
  if (Buffer.compare(edgeRoot(edge), claimed.root) !== 0) {
    throw new EvidenceError('corrupt', `${where}: its root is not the one of the tiles`);
  }
  const [first] = await leafTiles(logReader(store), edge)(0);
  const { identity } = await readIdentity(store, Buffer.from(first ?? []).toString('hex'));
  await findRotations({ store, edge, origin: identity.origin }, bytes, identity.keys);
  const checkpoint = openCheckpoint(
    bytes,
    identity.origin,
    identity.keys.checkpointKeys(claimed.size),
    where,
  );
  return { head: { checkpoint, edge }, identity };
}
