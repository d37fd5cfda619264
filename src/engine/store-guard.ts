import { randomBytes } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from 'pino';
import type { Conditions, ConditionName, Trouble } from './conditions.ts';
import { networkTrouble } from '../network/trouble.ts';
import { EngineError } from './error.ts';
import { failureCause } from './retry-policy.ts';

export interface StoreGuard {
  /**
   * Does the work of a subject (a run, the assessment). A failure of the store is a condition until that subject's work succeeds again; it
   * gives undefined, and never ends the process.
   */
  attempt<T>(subject: string, work: () => Promise<T>): Promise<T | undefined>;
  /** Nothing can be written: what would only be lost isn't asked of the sources. */
  paused(): boolean;
  /** Tries to write. True when that went well after it did not. */
  resumes(): Promise<boolean>;
}

interface Guarded {
  /** Where all is kept, the directory of temporary files first. */
  readonly directories: readonly string[];
  readonly conditions: Conditions;
  readonly logger: Pick<Logger, 'error'>;
  readonly stopping: AbortSignal;
}

/** Bytes: with less room than this, hardly anything could be kept. */
const PROBE_BYTES = 1 << 20;

export function createStoreGuard({ directories, conditions, logger, stopping }: Guarded): StoreGuard {
  let paused = false;

  async function troubleOf(error: unknown): Promise<Trouble> {
    const detail = networkTrouble(error)?.words ?? failureCause(error).detail;
    const probed = await probe(directories);
    paused = probed !== undefined && probed.condition !== 'store-failed';
    if (probed !== undefined) return probed;
    const condition = conditionOf(error);
    return { condition, detail: `${words[condition]}: ${detail}` };
  }

  return {
    async attempt(subject, work) {
      try {
        const done = await work();
        conditions.report(subject, undefined);
        return done;
      } catch (error) {
        if (stopping.aborted) return undefined;
        const trouble = await troubleOf(error);
        logger.error({ event: 'store_failed', subject, err: error }, trouble.detail);
        conditions.report(subject, trouble);
        return undefined;
      }
    },
    paused: () => paused,
    async resumes() {
      if (!paused) return false;
      paused = (await probe(directories)) !== undefined;
      return !paused;
    },
  };
}

type StoreCondition = Extract<ConditionName, `store-${string}`>;

const words: Readonly<Record<StoreCondition, string>> = {
  'store-full': 'no room is left',
  'store-read-only': 'nothing can be written',
  'store-failed': 'the store failed',
};

/** A failure of the store at the start, in words that name the directory; what else is the matter stays as it is. */
export async function explained(error: unknown, directories: readonly string[]): Promise<unknown> {
  const condition = conditionOf(error);
  const probed = await probe(directories);
  if (probed !== undefined && probed.condition !== 'store-failed')
    return new EngineError('state', probed.detail, { cause: error });
  if (condition === 'store-failed') return error;
  const { detail } = failureCause(error);
  return new EngineError('state', `${words[condition]}: ${detail}`, { cause: error });
}

/** Why the first of the directories that can't be written can't be. */
async function probe(directories: readonly string[]): Promise<Trouble | undefined> {
  for (const directory of directories) {
    try {
      await write(path.join(directory, `probe-${randomBytes(6).toString('hex')}`));
    } catch (error) {
      const condition = conditionOf(error);
      return { condition, detail: `${directory}: ${words[condition]} (${codeOf(error) ?? String(error)})` };
    }
  }
  return undefined;
}

async function write(file: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(Buffer.alloc(PROBE_BYTES));
    await handle.sync();
  } finally {
    await handle.close();
    await rm(file, { force: true });
  }
}

const codes: ReadonlyMap<string | number, StoreCondition> = new Map<string | number, StoreCondition>([
  ['ENOSPC', 'store-full'],
  ['EDQUOT', 'store-full'],
  ['EROFS', 'store-read-only'],
  // SQLite's primary result codes: SQLITE_FULL and SQLITE_READONLY.
  [13, 'store-full'],
  [8, 'store-read-only'],
]);

/** By the error's system code or SQLite's, or that of what caused it. */
function conditionOf(error: unknown): StoreCondition {
  for (let next = error, depth = 0; next instanceof Error && depth < 8; next = next.cause, depth += 1) {
    const known = codes.get(codeOf(next) ?? '') ?? codes.get(sqliteCodeOf(next) ?? '');
    if (known !== undefined) return known;
  }
  return 'store-failed';
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function sqliteCodeOf(error: Error): number | undefined {
  return 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}
