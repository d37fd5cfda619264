import { type Companions, openCompanions } from './anchor.ts';
import { storeBody } from './body.ts';
import type { EvidenceLog, Sealed, StatementDraft, Subject } from './contract.ts';
import { toSealed } from './entry.ts';
import { createEraser, type Eraser } from './erase.ts';
import { EvidenceError } from './error.ts';
import { certificatesObject, type GenesisOptions, makeGenesis } from './genesis.ts';
import { type Ground, guarded, takeGround } from './ground.ts';
import { emptyHead, type Identity, logReader } from './head.ts';
import type { EvidenceKeys } from './keys.ts';
import { EMPTY_ROOT, proveConsistency } from './merkle.ts';
import {
  assertNotRolledBack,
  assertNothingBeyond,
  fillIndex,
  lastCommitFrom,
  readOpening,
  withAllRotations,
} from './opening.ts';
import { assertSealable, planDrafts, subjectOf } from './plan.ts';
import { partialFolders, prune } from './prune.ts';
import { createQueue } from './queue.ts';
import { rotateKeys } from './rotate.ts';
import { subjectKey } from './statement.ts';
import type { ObjectStore } from './store.ts';
import { tileNodes } from './tiles.ts';
import { createView } from './view.ts';
import { createWriter, type Writer, type WriterContext } from './writer.ts';

export { type Ground, takeGround } from './ground.ts';

export interface LogOptions {
  /** Of the log, for it alone: what is local to its writer, and its objects unless `store` is given. */
  readonly directory: string;
  /** Where the objects are instead: then the directory holds the lock, the high-water mark and temporary files alone. */
  readonly store?: ObjectStore;
  readonly keys: EvidenceKeys;
  /** Unix seconds. */
  readonly now: () => number;
  readonly agent: { readonly version: string; readonly build: string };
  /** Milliseconds that a commit waits for others to join it. 0: what is asked in the same turn of the event loop. */
  readonly window?: number;
  /**
   * `accept`: go on although the high-water mark is lost, and with it the knowledge of how much was published from here. The
   * mark is made anew from the store. `refuse` unless given.
   */
  readonly lostState?: 'refuse' | 'accept';
}

export interface CreateOptions
  extends Omit<LogOptions, 'lostState'>, Pick<GenesisOptions, 'authorities' | 'witnesses'> {
  /** A bare hostname: the second part of the origin. */
  readonly domain: string;
  /** Fixed for ever: everything in this log is a sample, or nothing is. */
  readonly sample: boolean;
}

/**
 * Opens the log in a directory as its one writer, finishes what a commit that was cut short has begun, and checks that nothing
 * published from here is gone. Throws `no-store`, `not-a-store`, `locked`, `rolled-back`, `corrupt`, `foreign-key`, `io`.
 */
export async function openLog(options: LogOptions): Promise<EvidenceLog> {
  const ground = takeGround(options.directory, { ...options, create: options.store !== undefined });
  return guarded(options.directory, ground, () => openLogOn(ground, options));
}

/** Starts a log in a directory that holds nothing else. Throws `invalid` when there is one already, and as openLog. */
export async function createLog(options: CreateOptions): Promise<EvidenceLog> {
  const ground = takeGround(options.directory, { ...options, create: true });
  return guarded(options.directory, ground, () => createLogOn(ground, options));
}

/**
 * Opens the log in a directory, or starts one where there is nothing yet. Throws as openLog and createLog, and `invalid` when
 * the log that is there is a sample and this should not be one, or the other way round.
 */
export async function openOrCreateLog(
  options: CreateOptions & Pick<LogOptions, 'lostState'>,
): Promise<EvidenceLog> {
  const log = await openLog(options).catch((error: unknown) => {
    if (error instanceof EvidenceError && error.code === 'no-store')
      // Another writer of the same bucket may have started it meanwhile.
      return createLog(options).catch((lost: unknown) =>
        openLog(options).catch(() => {
          throw lost;
        }),
      );
    throw error;
  });
  if (log.sample === options.sample) return log;
  await log[Symbol.asyncDispose]();
  const [is, should] = log.sample ? ['a sample', 'none'] : ['no sample', 'one'];
  throw new EvidenceError(
    'invalid',
    `${options.directory}: its log is ${is}, and the configuration asks for ${should}: use another directory`,
  );
}

export async function openLogOn(
  ground: Ground,
  options: Omit<LogOptions, 'directory'>,
): Promise<EvidenceLog> {
  const { store, state } = ground;
  const mark = state.highWater();
  const opened = await readOpening(store, mark, options.keys);
  if (mark !== undefined) await assertNotRolledBack(store, opened, mark);
  else if (options.lostState === 'accept') state.clearIndex();
  else {
    const { size } = opened.head.checkpoint;
    throw new EvidenceError(
      'rolled-back',
      `the log has ${size} entries, but the high-water mark in state/ is lost: whether that is all of them can't be told`,
    );
  }
  await fillIndex(store, state, opened);
  const identity = await withAllRotations(store, state, opened);
  const context = { ...options, store, state, identity };
  const writer = createWriter(context, opened.head);
  await settleAll(store, writer, identity);
  await prune(store, partialFolders(await lastCommitFrom(store), writer.head().edge.size));
  const companions = await openCompanions(store, identity, await store.list('log/checkpoints/'));
  await rotateKeys(options.keys, { ...context, anchor: companions.anchor }, writer);
  const { log, eraser } = assemble(ground, options, context, writer, companions);
  await eraser.finish(mark === undefined ? 'lost' : 'opening');
  return log;
}

/** Another writer of the same bucket may go on meanwhile: what lies beyond the head is refused once nothing more can be finished. */
async function settleAll(store: ObjectStore, writer: Writer, identity: Identity): Promise<void> {
  await writer.settle();
  for (;;) {
    const head = writer.head();
    try {
      return await assertNothingBeyond(store, { identity, head });
    } catch (error) {
      await writer.settle();
      if (writer.head() === head) throw error;
    }
  }
}

export async function createLogOn(
  ground: Ground,
  options: Omit<CreateOptions, 'directory'>,
): Promise<EvidenceLog> {
  const { store, state } = ground;
  await assertNone(ground, options.keys);
  const { identity, genesis, published } = makeGenesis(options);
  state.clearIndex();
  state.commit({ size: 0, root: Buffer.from(EMPTY_ROOT).toString('hex') }, []);
  const outcomes = await store.create(published);
  if (outcomes.includes('differs'))
    throw new EvidenceError('corrupt', 'keys/ or tsa/ holds other bytes than it should');
  const context = { ...options, store, state, identity };
  const writer = createWriter(context, emptyHead(identity.origin));
  await writer.commit(() => [genesis]);
  return assemble(ground, options, context, writer, await openCompanions(store, identity, [])).log;
}

async function assertNone({ store, state }: Ground, keys: EvidenceKeys): Promise<void> {
  try {
    await readOpening(store, state.highWater(), keys);
  } catch (error) {
    if (error instanceof EvidenceError && error.code === 'no-store') return;
    throw error;
  }
  throw new EvidenceError('invalid', 'there is a log already');
}

interface Request {
  readonly drafts: readonly StatementDraft[];
  readonly resolve: (sealed: readonly Sealed[]) => void;
  readonly reject: (reason: unknown) => void;
}

function assemble(
  ground: Ground,
  { keys, window = 0 }: Pick<LogOptions, 'keys' | 'window'>,
  context: WriterContext,
  writer: Writer,
  { anchor, stamped, addToken, addCosignatures }: Companions,
): { readonly log: EvidenceLog; readonly eraser: Eraser } {
  const { store, temporary } = ground;
  const view = createView(
    store,
    context.identity,
    () => writer.head(),
    async () => context.state.positions('erasure'),
  );
  const queue = createQueue<Request>(window, work);
  let closed = false;

  async function work(batch: readonly Request[]): Promise<void> {
    try {
      const sealed = await sealAll(batch.flatMap(({ drafts }) => drafts));
      let at = 0;
      for (const { drafts, resolve } of batch) resolve(sealed.slice(at, (at += drafts.length)));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  async function sealAll(drafts: readonly StatementDraft[]): Promise<Sealed[]> {
    let indexes: readonly number[] = [];
    const entries = await writer.commit((head) => {
      const plan = planDrafts(drafts, { ...context, anchor }, head);
      indexes = plan.indexes;
      return plan.statements;
    });
    const fresh = new Map(entries.map((entry) => [entry.index, toSealed(entry)]));
    return Promise.all(indexes.map(async (index) => fresh.get(index) ?? view.entry(index)));
  }

  const log: EvidenceLog = {
    ...view,
    storeBody: (records, signal) => storeBody({ store, temporary, key: keys.body }, records, signal),
    async append(drafts, options) {
      const own = structuredClone(drafts);
      for (const draft of own) await assertDraft(draft);
      if (closed) throw new EvidenceError('io', 'the log is closed');
      if (own.length === 0) return [];
      const { promise, resolve, reject } = Promise.withResolvers<readonly Sealed[]>();
      queue.add({ drafts: own, resolve, reject });
      if (options?.hurry === true) queue.hurry();
      return promise;
    },
    consistency: (from, to) => proveConsistency(from, to, tileNodes(logReader(store), to)),
    keys: () => context.identity.keys.list(),
    stamped,
    addToken,
    addCosignatures,
    publishAuthority,
    erase: (request, progress) => eraser.erase(request, progress),
    finishErasures: () => eraser.finish(),
    async [Symbol.asyncDispose]() {
      if (closed) return;
      closed = true;
      await queue.drain();
      ground.release();
    },
  };
  const eraser = createEraser({
    store,
    temporary,
    now: context.now,
    log,
    assertSealable: (draft) => assertSealable(draft, context),
  });
  return { log, eraser };

  async function publishAuthority(pem: string): Promise<Subject> {
    const object = certificatesObject(pem);
    const [created] = await store.create([object]);
    if (created === 'differs') throw new EvidenceError('corrupt', `${object.key}: other bytes are there`);
    return subjectOf(object);
  }

  async function assertDraft(draft: StatementDraft): Promise<void> {
    assertSealable(draft, context);
    for (const subject of draft.subjects) {
      if (await store.has(subjectKey(subject))) continue;
      throw new EvidenceError(
        'invalid',
        `statement ${draft.stream}: subject ${subject.name}: no body ${subject.sha256} is stored`,
      );
    }
  }
}
