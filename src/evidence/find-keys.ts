import { z } from 'zod';
import { checkpointKey, within } from './checkpoint.ts';
import { envelopeKey, parseEnvelope } from './dsse.ts';
import { readEntry } from './entry.ts';
import { EvidenceError } from './error.ts';
import { numbersOf } from './intent.ts';
import { createKeyring, type Keyring } from './keyring.ts';
import { ed25519Key, parseNote } from './note.ts';
import { parseStatement, rotationFields } from './statement.ts';
import type { ObjectStore } from './store.ts';
import { readTile, TILE_WIDTH } from './tiles.ts';
import { type Edge, leafTiles } from './tree.ts';

/** A log up to a checkpoint whose root its tiles have. */
interface Tree {
  readonly store: ObjectStore;
  readonly edge: Edge;
  readonly origin: string;
}

/**
 * Lets the keyring of a genesis take the rotations of envelope and checkpoint keys, found without reading the whole log: since no key ever
 * comes back, the key within the leaves is a step function of the index, and so are the signatures under checkpoints of their size. A store that
 * hides a rotation makes reading fail, no more: what is signed by a key that isn't known is refused. `note`: the checkpoint's bytes. Throws
 * `corrupt`, `foreign-key`.
 */
export async function findRotations(tree: Tree, note: Uint8Array, keyring: Keyring): Promise<void> {
  const envelopes = await envelopeRotations(tree, keyring);
  const checkpoints = await checkpointRotations(tree, note, keyring);
  const indexes = [...new Set([...envelopes, ...checkpoints])];
  await takeRotations(
    tree,
    indexes.toSorted((a, b) => a - b),
    keyring,
  );
}

/** A keyring that began as this one, and takes all rotations: they stand at `indexes`. Throws `corrupt`, `foreign-key`. */
export async function completeKeyring(
  tree: Tree,
  found: Keyring,
  indexes: readonly number[],
): Promise<Keyring> {
  const [genesis] = found.history();
  const keyring = createKeyring({
    envelope: found.envelopeKey(0),
    checkpoint: found.checkpointKeys(0)[0]!,
    at: genesis!.since,
  });
  await takeRotations(tree, indexes, keyring);
  return keyring;
}

/** Lets the keyring take the rotations at these indexes, ascending. Throws `corrupt`, `foreign-key`. */
async function takeRotations(tree: Tree, indexes: readonly number[], keyring: Keyring): Promise<void> {
  const hashAt = leafHashes(tree);
  for (const index of indexes) {
    const key = keyring.envelopeKey(index);
    const { statement } = await readEntry(tree.store, index, await hashAt(index), key);
    if (statement.log !== tree.origin)
      throw new EvidenceError('corrupt', `entry ${index} is of another log: ${statement.log}`);
    const problems = keyring.take(index, statement, key);
    if (problems.length > 0) throw new EvidenceError('corrupt', problems.join('; '));
  }
  const [unfinished] = keyring.unfinished();
  if (unfinished !== undefined) throw new EvidenceError('corrupt', unfinished);
}

/** Indexes of the pairs of entries that replace the envelope key. */
async function envelopeRotations({ store, edge }: Tree, keyring: Keyring): Promise<number[]> {
  const first = Buffer.from(keyring.envelopeKey(0)).toString('base64');
  const read = (path: string) => store.get(`log/${path}`);
  const keyAt = async (index: number): Promise<string> => {
    if (index === 0) return first;
    const leaves = await readTile(read, 'entries', Math.floor(index / TILE_WIDTH), edge.size);
    return leafSpki(leaves[index % TILE_WIDTH] ?? new Uint8Array(), index);
  };
  const changes = await changesOf(keyAt, edge.size - 1);
  return changes.flatMap((index) => [index - 1, index]);
}

/** Indexes of the entries that begin or end the time of a checkpoint key. */
async function checkpointRotations(tree: Tree, note: Uint8Array, keyring: Keyring): Promise<number[]> {
  const { store, edge, origin } = tree;
  const keyIds = keyring.checkpointKeys(0).map((spki) => ed25519Key(origin, spki).keyId);
  const [first, last] = [keyIds.join(' '), signersOf(note, origin)];
  if (first === last) return [];
  const listed = numbersOf(await store.list('log/checkpoints/'), 'log/checkpoints/');
  const between = listed.filter((size) => size > 0 && size < edge.size).toSorted((a, b) => a - b);
  const sizes = [0, ...between, edge.size];
  const signersAt = async (position: number): Promise<string> => {
    if (position === 0) return first;
    if (position === sizes.length - 1) return last;
    const key = checkpointKey(sizes[position]!);
    const bytes = await store.get(key);
    return within(key, () => signersOf(bytes ?? new Uint8Array(), origin));
  };
  const hashAt = leafHashes(tree);
  const found: number[] = [];
  for (const change of await changesOf(signersAt, sizes.length - 1)) {
    for (let index = sizes[change - 1]!; index < sizes[change]!; index += 1)
      if (await isCheckpointRotation(store, await hashAt(index))) found.push(index);
  }
  return found;
}

/** What the envelope says, its signature not verified yet. */
async function isCheckpointRotation(store: ObjectStore, leafHash: string): Promise<boolean> {
  const key = envelopeKey(leafHash);
  const bytes = await store.get(key);
  if (bytes === undefined) throw new EvidenceError('corrupt', `${key}: an envelope is missing`);
  const statement = parseStatement(parseEnvelope(bytes, key).payload, key);
  return statement.predicate === 'rotation' && rotationFields(statement).use === 'checkpoint';
}

/** Ids of the keys that signed a note under the origin. */
function signersOf(note: Uint8Array, origin: string): string {
  const own = parseNote(note).signatures.filter(({ name }) => name === origin);
  return own.map(({ keyId }) => keyId).join(' ');
}

/** The places in [1, end], ascending, whose value is not that of the place before; no value comes back after another one. */
async function changesOf(valueAt: (at: number) => Promise<string>, end: number): Promise<number[]> {
  const changes: number[] = [];
  const search = async (from: number, first: string, to: number, last: string): Promise<void> => {
    if (first === last) return;
    if (to - from === 1) {
      changes.push(to);
      return;
    }
    const middle = Math.floor((from + to) / 2);
    const value = await valueAt(middle);
    await search(from, first, middle, value);
    await search(middle, value, to, last);
  };
  await search(0, await valueAt(0), end, await valueAt(end));
  return changes;
}

/** Reads leaf hashes, in hex. */
function leafHashes({ store, edge }: Tree): (index: number) => Promise<string> {
  const tiles = leafTiles((path) => store.get(`log/${path}`), edge);
  return async (index) => {
    const hashes = await tiles(Math.floor(index / TILE_WIDTH));
    const hash = hashes[index % TILE_WIDTH];
    if (hash === undefined) throw new EvidenceError('corrupt', `the tiles have no entry ${index}`);
    return Buffer.from(hash).toString('hex');
  };
}

const leafSchema = z.object({
  spec: z.object({
    hashedRekordV002: z.object({
      signature: z.object({ verifier: z.object({ publicKey: z.object({ rawBytes: z.string() }) }) }),
    }),
  }),
});

/** The key (SPKI, DER in base64) that an entry of the log names. */
function leafSpki(leaf: Uint8Array, index: number): string {
  try {
    const { spec } = leafSchema.parse(JSON.parse(Buffer.from(leaf).toString()));
    return spec.hashedRekordV002.signature.verifier.publicKey.rawBytes;
  } catch (cause) {
    throw new EvidenceError('corrupt', `entry ${index} of the log names no key`, { cause });
  }
}
