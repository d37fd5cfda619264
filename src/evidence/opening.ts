import { CHECKPOINT_KEY, checkpointKey, openCheckpoint } from './checkpoint.ts';
import { EvidenceError } from './error.ts';
import { completeKeyring } from './find-keys.ts';
import { emptyHead, type Head, type Identity, logReader, readHead, readIdentity } from './head.ts';
import { intentKey, numbersOf, parseIntent } from './intent.ts';
import type { EvidenceKeys } from './keys.ts';
import { EMPTY_ROOT, leafHash, treeRoot } from './merkle.ts';
import { rotationsTo } from './rotate.ts';
import type { HighWater, IndexedEntry, LogState } from './state.ts';
import type { ObjectStore } from './store.ts';
import { tileNodes } from './tiles.ts';
import { createView } from './view.ts';

const INDEXED_AT_ONCE = 1000;

export interface Opened {
  readonly identity: Identity;
  readonly head: Head;
}

/**
 * Where the log stands, by its checkpoint (or, when its creation was cut short, by its first intent). Nothing is written.
 * Throws `no-store` when there is nothing yet, `not-a-store`, `rolled-back`, `corrupt`, or `foreign-key` when the keys are
 * not the log's.
 */
export async function readOpening(
  store: ObjectStore,
  mark: HighWater | undefined,
  keys: EvidenceKeys,
): Promise<Opened> {
  const bytes = await store.get(CHECKPOINT_KEY);
  const opened = bytes === undefined ? await readFirstIntent(store, mark) : await readHead(store, bytes);
  // Whether they will do is told before anything is written; what is to be rotated shows when nothing is left to finish.
  rotationsTo(keys, opened.identity.keys);
  return opened;
}

/** Compares the high-water mark. Throws `rolled-back`. */
export async function assertNotRolledBack(
  store: ObjectStore,
  { head }: Opened,
  mark: HighWater,
): Promise<void> {
  const { size, root } = head.checkpoint;
  if (mark.size > size) {
    throw new EvidenceError(
      'rolled-back',
      `${CHECKPOINT_KEY} is of size ${size}, but ${mark.size} entries were published from here`,
    );
  }
  const found = mark.size === size ? root : await rootAt(store, mark.size, size);
  if (found !== mark.root) {
    throw new EvidenceError(
      'rolled-back',
      `the first ${mark.size} entries have the root ${found}, but ${mark.root} was published from here: the log is forked`,
    );
  }
}

/** Once nothing is left to finish, nothing may lie beyond the checkpoint. Throws `rolled-back` or `corrupt`. */
export async function assertNothingBeyond(store: ObjectStore, { identity, head }: Opened): Promise<void> {
  const { size, root } = head.checkpoint;
  const intents = numbersOf(await store.list('log/intents/'), 'log/intents/');
  const checkpoints = await store.list('log/checkpoints/');
  const beyond = [
    ...intents.filter((from) => from >= size).map(intentKey),
    ...checkpoints.filter((key) => sizeOf(key) > size),
  ];
  if (beyond.length > 0) {
    throw new EvidenceError(
      'rolled-back',
      `${CHECKPOINT_KEY} is of size ${size}, and no intent leads from it to ${beyond.slice(0, 3).join(', ')}`,
    );
  }
  const key = checkpointKey(size);
  const bytes = await store.get(key);
  if (bytes === undefined) throw new EvidenceError('corrupt', `${key} is missing`);
  const kept = openCheckpoint(bytes, identity.origin, identity.keys.checkpointKeys(size), key);
  if (kept.size !== size || kept.root !== root)
    throw new EvidenceError('corrupt', `${key} is not what ${CHECKPOINT_KEY} says`);
}

/** Makes the state's index cover the log, reading what it lacks. */
export async function fillIndex(
  store: ObjectStore,
  state: LogState,
  { identity, head }: Opened,
): Promise<void> {
  const { size, root } = head.checkpoint;
  const mark = { size, root };
  let next = state.indexed();
  if (next > size) {
    state.clearIndex();
    next = 0;
  }
  let batch: IndexedEntry[] = [];
  for await (const entry of createView(store, identity, () => head).entries(next)) {
    batch.push(entry);
    if (batch.length < INDEXED_AT_ONCE) continue;
    state.commit(mark, batch);
    batch = [];
  }
  state.commit(mark, batch);
}

/** The size of the checkpoint that an object is, or that it stands beside; NaN for another object. */
function sizeOf(key: string): number {
  return Number(/^log\/checkpoints\/(\d{1,16})(?:\.|$)/.exec(key)?.[1] ?? NaN);
}

/** The log's identity, with the rotations that the index knows: those of body keys can't be found without it. */
export async function withAllRotations(
  store: ObjectStore,
  state: LogState,
  { identity, head }: Opened,
): Promise<Identity> {
  if (head.edge.size === 0) return identity;
  const tree = { store, edge: head.edge, origin: identity.origin };
  return { ...identity, keys: await completeKeyring(tree, identity.keys, state.positions('rotation')) };
}

/** The size before the last commit; 0 when there was one. */
export async function lastCommitFrom(store: ObjectStore): Promise<number> {
  return Math.max(0, ...numbersOf(await store.list('log/intents/'), 'log/intents/'));
}

async function readFirstIntent(store: ObjectStore, mark: HighWater | undefined): Promise<Opened> {
  const bytes = await store.get(intentKey(0));
  if (bytes === undefined || (mark?.size ?? 0) > 0) return refuseWithout(store, mark);
  const { leaves } = parseIntent(bytes, 0);
  const [leaf] = leaves;
  const { identity } = await readIdentity(
    store,
    Buffer.from(leafHash(leaf ?? new Uint8Array())).toString('hex'),
  );
  return { identity, head: emptyHead(identity.origin) };
}

/** What a directory without a log is. A log is never started anew where there may have been one. */
async function refuseWithout(store: ObjectStore, mark: HighWater | undefined): Promise<never> {
  if (mark !== undefined && mark.size > 0) {
    throw new EvidenceError(
      'rolled-back',
      `${CHECKPOINT_KEY} is missing, but ${mark.size} entries were published from here`,
    );
  }
  const keys = await store.list('');
  // The mark of size 0 is written before the first object: these are the remains of a creation that was cut short.
  const remains = mark?.size === 0 && keys.every((key) => /^(keys|envelopes)\//.test(key));
  if (keys.length === 0 || remains) throw new EvidenceError('no-store', 'there is no log yet');
  if (keys.some((key) => /^(log|content|envelopes)\//.test(key))) {
    throw new EvidenceError(
      'rolled-back',
      `there is neither ${CHECKPOINT_KEY} nor ${intentKey(0)}, but ${keys.length} objects of a log`,
    );
  }
  throw new EvidenceError('not-a-store', `there is no log, but other files: ${keys.slice(0, 3).join(', ')}`);
}

async function rootAt(store: ObjectStore, size: number, of: number): Promise<string> {
  const root = size === 0 ? EMPTY_ROOT : await treeRoot(size, tileNodes(logReader(store), of));
  return Buffer.from(root).toString('hex');
}
