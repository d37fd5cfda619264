import { CHECKPOINT_KEY, checkpointKey, openCheckpoint, signCheckpoint, within } from './checkpoint.ts';
import type { CheckpointInfo } from './contract.ts';
import { envelopeKey, signEnvelope } from './dsse.ts';
import { type Entry, makeEntry, readEntry } from './entry.ts';
import { EvidenceError } from './error.ts';
import type { Head, Identity } from './head.ts';
import { encodeIntent, type Intent, intentKey, parseIntent } from './intent.ts';
import { isRepeated, type Keyring } from './keyring.ts';
import type { EvidenceKeys, Signer } from './keys.ts';
import { equalBytes, leafHash } from './merkle.ts';
import { parseCheckpoint, parseNote } from './note.ts';
import { partialFolders, prune } from './prune.ts';
import { fingerprint } from './public-keys.ts';
import type { IndexedEntry, LogState } from './state.ts';
import { encodeStatement, type Statement } from './statement.ts';
import type { ObjectStore } from './store.ts';
import { edgeRoot, growEdge } from './tree.ts';

export interface WriterContext {
  readonly store: ObjectStore;
  readonly state: LogState;
  readonly identity: Identity;
  readonly keys: Pick<EvidenceKeys, 'envelope' | 'checkpoint' | 'previous'>;
  /** Unix seconds. */
  readonly now: () => number;
  readonly agent: { readonly version: string; readonly build: string };
}

/** Appends to the log, one call at a time. */
export interface Writer {
  head(): Head;
  /**
   * Commits statements, made for the head as it is once nothing is left to finish. Rejects with `io` when the store fails: it
   * is unknown then whether they are in the log, which `settle` or the next call finds out and completes.
   */
  commit(plan: (head: Head) => readonly Statement[]): Promise<readonly Entry[]>;
  /** Finishes intents that stand at the head: what a commit that was cut short has begun. */
  settle(): Promise<void>;
}

/** The writer that goes on from a head. The state's index must cover it. */
export function createWriter(context: WriterContext, start: Head): Writer {
  const { store, state, identity, keys } = context;
  let head = start;
  /** A commit has failed, and may have left an intent. */
  let unsettled = true;
  /** Partial tiles that could not be deleted: tried again after the next commit. */
  let waste: string[] = [];

  async function settle(): Promise<void> {
    for (let intent = await standing(); intent !== undefined; intent = await standing()) {
      await publish(await entriesOf(intent));
    }
    unsettled = false;
  }

  async function standing(): Promise<Intent | undefined> {
    const from = head.edge.size;
    const bytes = await store.get(intentKey(from));
    if (bytes === undefined) return undefined;
    // It may have been created by a writer that was killed before it was durable.
    await store.create([{ key: intentKey(from), bytes }]);
    const intent = parseIntent(bytes, from);
    if (intent.previousRoot === head.checkpoint.root) return intent;
    throw new EvidenceError(
      'rolled-back',
      `${intentKey(from)}: it follows the root ${intent.previousRoot}, not ${head.checkpoint.root}`,
    );
  }

  async function entriesOf(intent: Intent): Promise<Entry[]> {
    const entries: Entry[] = [];
    const keyring = identity.keys.fork();
    for (const [i, leaf] of intent.leaves.entries()) {
      const index = intent.from + i;
      const hash = Buffer.from(leafHash(leaf)).toString('hex');
      const entry = await readEntry(store, index, hash, keyring.envelopeKey(index));
      takeEntry(keyring, entry);
      entries.push(entry);
    }
    assertFinished(keyring);
    assertFollows(entries, context);
    await createAll(entries.map(envelopeObject));
    return entries;
  }

  /** Signs each statement with the key in force at its index: rotations among them change it. */
  async function signAll(statements: readonly Statement[]): Promise<Entry[]> {
    const entries: Entry[] = [];
    const keyring = identity.keys.fork();
    for (const statement of statements) {
      const index = head.edge.size + entries.length;
      const signer = signerOf(keys, 'envelope', keyring.envelopeKey(index));
      const envelope = await signEnvelope(encodeStatement(statement), signer);
      const entry = makeEntry(index, statement, envelope, signer.spki);
      takeEntry(keyring, entry);
      entries.push(entry);
    }
    assertFinished(keyring);
    // What can't be signed in the end must not be begun.
    for (const spki of keyring.checkpointKeys(head.edge.size + entries.length))
      signerOf(keys, 'checkpoint', spki);
    return entries;
  }

  /** All that comes after the intent is won; each step can be repeated. */
  async function publish(entries: readonly Entry[]): Promise<void> {
    const from = head.edge.size;
    const { edge, tiles } = growEdge(
      head.edge,
      entries.map(({ leaf }) => leaf),
    );
    await createAll(tiles);
    const keyring = identity.keys.fork();
    for (const entry of entries) takeEntry(keyring, entry);
    const checkpoint = await publishCheckpoint(edge.size, edgeRoot(edge), keyring.checkpointKeys(edge.size));
    await store.replace(CHECKPOINT_KEY, Buffer.from(checkpoint.note), smallerThan(edge.size));
    state.commit({ size: edge.size, root: checkpoint.root }, entries.map(indexed));
    for (const entry of entries) takeEntry(identity.keys, entry);
    head = { checkpoint, edge };
    waste = await prune(store, [...waste, ...partialFolders(from, edge.size)]);
  }

  async function publishCheckpoint(
    size: number,
    root: Uint8Array,
    spkis: readonly Uint8Array[],
  ): Promise<CheckpointInfo> {
    const signers = spkis.map((spki) => signerOf(keys, 'checkpoint', spki));
    const checkpoint = await signCheckpoint(identity.origin, size, root, signers);
    const key = checkpointKey(size);
    const [created] = await store.create([{ key, bytes: Buffer.from(checkpoint.note) }]);
    if (created !== 'differs') return checkpoint;
    const bytes = await store.get(key);
    const found = openCheckpoint(bytes ?? new Uint8Array(), identity.origin, spkis, key);
    if (found.size === size && found.root === checkpoint.root) return found;
    throw new EvidenceError(
      'rolled-back',
      `${key}: another checkpoint (root ${found.root}) was signed at this size: the log is forked`,
    );
  }

  async function createAll(
    objects: readonly { readonly key: string; readonly bytes: Uint8Array }[],
  ): Promise<void> {
    const outcomes = await store.create(objects);
    const at = outcomes.indexOf('differs');
    if (at >= 0)
      throw new EvidenceError('corrupt', `${objects[at]?.key}: other bytes are there than the log's`);
  }

  return {
    head: () => head,
    settle,
    async commit(plan) {
      for (;;) {
        if (unsettled) await settle();
        unsettled = true;
        const from = head.edge.size;
        const statements = plan(head);
        if (statements.length === 0) {
          unsettled = false;
          return [];
        }
        const entries = await signAll(statements);
        await createAll(entries.map(envelopeObject));
        const leaves = entries.map(({ leaf }) => leaf);
        const intent = {
          from,
          size: from + leaves.length,
          previousRoot: head.checkpoint.root,
          leaves,
        };
        const [won] = await store.create([{ key: intentKey(from), bytes: encodeIntent(intent) }]);
        // Somebody else decides what comes next: that is finished first, and ours planned anew after it.
        if (won === 'differs') continue;
        await publish(entries);
        unsettled = false;
        return entries;
      }
    },
  };
}

/** Whether a checkpoint, found in the place of the newest, is of a smaller size. Another writer may have come further. */
function smallerThan(size: number): (current: Uint8Array) => boolean {
  return (current) => within(CHECKPOINT_KEY, () => parseCheckpoint(parseNote(current).text).size < size);
}

/** The one of the keys given that the log asks for. Throws `foreign-key`. */
function signerOf(keys: WriterContext['keys'], use: 'envelope' | 'checkpoint', spki: Uint8Array): Signer {
  const signer = [keys[use], keys.previous?.[use]].find((one) => one && equalBytes(one.spki, spki));
  if (signer !== undefined) return signer;
  throw new EvidenceError(
    'foreign-key',
    `the log's ${use} key is ${fingerprint(spki)}; the one given is ${fingerprint(keys[use].spki)}`,
  );
}

/** Throws `corrupt` for an entry that breaks the rules of keys. */
function takeEntry(keyring: Keyring, { index, statement }: Entry): void {
  const problems = keyring.take(index, statement, keyring.envelopeKey(index));
  if (problems.length > 0) throw new EvidenceError('corrupt', problems.join('; '));
}

function assertFinished(keyring: Keyring): void {
  const [unfinished] = keyring.unfinished();
  if (unfinished !== undefined) throw new EvidenceError('corrupt', unfinished);
}

function envelopeObject({ leafHash, envelope }: Entry) {
  return { key: envelopeKey(leafHash), bytes: envelope };
}

function indexed({ index, statement }: Entry): IndexedEntry {
  const { runId, stream, seq, sealedAt } = statement;
  return { index, runId, stream, seq, sealedAt };
}

/** Throws `corrupt` unless the entries, found in an intent, can follow what the log has. */
function assertFollows(entries: readonly Entry[], { state, identity }: WriterContext): void {
  const next = new Map<string, number>();
  let sealedAt = state.lastSealedAt();
  for (const [i, { index, statement }] of entries.entries()) {
    if (isRepeated(entries[i - 1]?.statement, statement)) continue;
    const expected = next.get(statement.stream) ?? state.nextSeq(statement.stream);
    const follows =
      statement.seq === expected && statement.sealedAt >= sealedAt && statement.log === identity.origin;
    if (!follows)
      throw new EvidenceError('corrupt', `entry ${index}, found in an intent, can't follow the log's last`);
    next.set(statement.stream, expected + 1);
    sealedAt = statement.sealedAt;
  }
}
