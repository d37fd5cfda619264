import { randomBytes } from 'node:crypto';
import pLimit from 'p-limit';
import type { Signer } from '../../evidence/keys.ts';
import type { Question } from '../contract.ts';
import { AuditError } from '../error.ts';
import type { Manifest } from '../layout.ts';
import type { BundleContent, BundleJob, Bundles } from './contract.ts';
import { readJobs, type StoredJob, withdraw, zipPath } from './folder.ts';
import { keptLinks } from './kept-links.ts';
import { makeBundle, type MakeOptions, type Making } from './make.ts';
import type { StorePlace } from './protocol.ts';
import { createShelf, type Job, type Shelf } from './shelf.ts';

interface BundlesLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface BundlesOptions {
  /** Where bundles are kept; made when it isn't there. */
  readonly directory: string;
  readonly place: StorePlace;
  /** The newest. */
  readonly checkpoint: () => Promise<{ readonly origin: string; readonly size: number }>;
  /** Index of the newest erasure; -1: none. */
  readonly erasure: number;
  /** Signs checkpoints; asked for when a bundle is made. */
  readonly signer: () => Promise<Signer>;
  readonly agent: Manifest['agent'];
  readonly env: MakeOptions['env'];
  readonly logger: BundlesLogger;
  /** Unix seconds. */
  readonly now: () => number;
  /** While the clock is in doubt no bundle expires. */
  readonly doubted: () => boolean;
  /** Seconds that a bundle is kept from when it was asked for. */
  readonly keep: number;
  /** Megabytes for the making of one. */
  readonly memory: number;
  /** Seconds for the making of one; two hours unless set. */
  readonly deadline?: number;
  /** Of the process that makes one. */
  readonly entry?: string | undefined;
}

/** Bundles that wait for another. */
const WAITING = 8;
/** Bundles that are kept; those that failed give way. */
const KEPT = 50;
/** Milliseconds between two looks for what has expired. */
const SWEEP = 60_000;
const DEADLINE = 7200;
const STOPPED = 'the agent was stopped before it was done';

/** Takes up what is kept in the directory. Bundles are made one at a time, in the order in which they were asked for. */
export async function openBundles(options: BundlesOptions): Promise<Bundles> {
  const { directory, logger, now } = options;
  const found = await readJobs(directory, (id, error) =>
    logger.warn(
      { event: 'bundle_unreadable', bundle: id, err: error },
      'what is known of a bundle can not be read: it was removed',
    ),
  );
  const shelf = createShelf(directory, await withdraw(directory, found, options.erasure));
  const maker = createMaker(shelf, options);
  const asking = pLimit(1);

  async function remove(job: Job): Promise<void> {
    shelf.forget(job);
    // Else its process would go on writing there.
    await maker.stop(job);
    await shelf.removeFiles(job);
  }

  function sweep(): void {
    if (options.doubted()) return;
    for (const job of shelf.all()) {
      if (now() < job.stored.expiresAt) continue;
      logger.info({ event: 'bundle_expired', bundle: job.stored.id }, 'a bundle has expired and is removed');
      void remove(job).catch((error: unknown) => tellTrouble(logger, job, error));
    }
  }

  async function ask(question: Omit<Question, 'at'>, by: string): Promise<BundleJob> {
    sweep();
    if (maker.waiting() >= WAITING)
      throw new AuditError('busy', `${WAITING} bundles wait already: ask again later`);
    for (const job of givingWay(shelf)) await remove(job);
    const { size } = await options.checkpoint();
    const asked = newJob({ ...question, at: size }, by, Math.floor(now()), options.keep);
    const job = await shelf.add(asked).catch((cause: unknown) => {
      throw new AuditError('io', `the bundle can't be kept: ${String(cause)}`, { cause });
    });
    const told = tell(job);
    maker.make(job);
    return told;
  }

  const timer = setInterval(sweep, SWEEP).unref();
  sweep();
  return {
    ask: (question, by) => asking(() => ask(question, by)),
    list() {
      sweep();
      return shelf.all().map(tell).toReversed();
    },
    find(id) {
      sweep();
      const job = shelf.get(id);
      return job && tell(job);
    },
    content(id) {
      sweep();
      const job = shelf.get(id);
      return job && contentOf(directory, job.stored);
    },
    async remove(id) {
      const job = shelf.get(id);
      if (job === undefined) return false;
      await remove(job);
      return true;
    },
    ...keptLinks(shelf, now),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await maker.close();
      await shelf.settled();
    },
  };
}

interface Maker {
  make(job: Job): void;
  /** How many wait for the one that is being made. */
  waiting(): number;
  /** Resolves when nothing makes it any more. */
  stop(job: Job): Promise<void>;
  close(): Promise<void>;
}

function createMaker(shelf: Shelf, options: BundlesOptions): Maker {
  const { logger } = options;
  const turn = pLimit(1);
  let current: { readonly job: Job; readonly making: Making } | undefined;
  let last: Promise<void> = Promise.resolve();
  let closing = false;

  async function work(job: Job): Promise<void> {
    const { id } = job.stored;
    try {
      await shelf.change(job, (stored) => ({ ...stored, state: 'running' }));
      const [signer, { origin }] = await Promise.all([options.signer(), options.checkpoint()]);
      if (closing || !shelf.has(job)) return;
      current = { job, making: start(job, origin, signer, options) };
      const made = await current.making.made;
      await shelf.change(job, (stored) => ({ ...stored, state: 'done', made }));
      logger.info(
        { event: 'bundle_made', bundle: id, bytes: made.bytes, manifest: made.manifest },
        'a bundle was made',
      );
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      logger.warn({ event: 'bundle_failed', bundle: id, detail }, 'a bundle was not made');
      await shelf.fail(job, detail);
    } finally {
      current = undefined;
      job.progress = null;
    }
  }

  return {
    make(job) {
      last = turn(() => (closing || !shelf.has(job) ? undefined : work(job))).catch((error: unknown) =>
        tellTrouble(logger, job, error),
      );
    },
    waiting: () => turn.pendingCount,
    async stop(job) {
      if (current?.job !== job) return;
      const { making } = current;
      making.stop('it was removed');
      await making.made.catch(() => {});
    },
    async close() {
      closing = true;
      current?.making.stop(STOPPED);
      await last;
    },
  };
}

function start(job: Job, origin: string, signer: Signer, options: BundlesOptions): Making {
  const { directory, place, agent, env, memory, entry, deadline = DEADLINE } = options;
  const { id, question } = job.stored;
  const task = { place, question, origin, agent, spki: signer.spki, file: zipPath(directory, id) };
  return makeBundle(task, {
    signer,
    env,
    memory,
    entry,
    deadline,
    progress: (told) => void (job.progress = told),
  });
}

function newJob(question: Question, by: string, createdAt: number, keep: number): StoredJob {
  const id = randomBytes(16).toString('hex');
  const nothing = { why: null, made: null, links: [] };
  return { id, state: 'queued', ...nothing, question, by, createdAt, expiresAt: createdAt + keep };
}

/** Of those that failed, the oldest, until there is room for one more. Throws `conflict` when that doesn't do. */
function givingWay(shelf: Shelf): readonly Job[] {
  const all = shelf.all();
  const failed = all.filter(({ stored }) => stored.state === 'failed');
  if (all.length - failed.length >= KEPT)
    throw new AuditError('conflict', `${KEPT} bundles are kept already: delete one that nobody needs`);
  return failed.slice(0, Math.max(0, all.length + 1 - KEPT));
}

function tell({ stored, progress }: Job): BundleJob {
  const { links: _, ...told } = stored;
  return { ...told, progress };
}

function tellTrouble(logger: BundlesLogger, { stored }: Job, error: unknown): void {
  logger.error(
    { event: 'bundle_not_kept', bundle: stored.id, err: error },
    'what is known of a bundle could not be kept',
  );
}

function contentOf(directory: string, { id, made, question }: StoredJob): BundleContent | undefined {
  if (made === null) return undefined;
  const [from, to] = [question.from, question.to - 1].map((time) => dayOf(time));
  const { bytes, sha256 } = made;
  return { file: zipPath(directory, id), bytes, sha256, name: `annexa-${from}-${to}-at-${question.at}.zip` };
}

function dayOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}
