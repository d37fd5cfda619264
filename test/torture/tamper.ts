import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { EvidenceError } from '../../src/evidence/error.ts';
import { fingerprint } from '../../src/evidence/public-keys.ts';
import { openLog } from '../../src/evidence/log.ts';
import { verifyDirectory } from '../../src/evidence/verify.ts';
import { readStore } from '../../src/evidence/reader.ts';
import type { VerifyReport } from '../../src/evidence/verify.ts';
import { testKeys } from '../evidence/helpers.ts';
import { tampers } from './changes.ts';
import type { Change, Ground, Tamper } from './changes.ts';
import { TSA_CA, WITNESS, fullStoreKeys, makeFullStore } from './full-store.ts';
import { createRandom } from './random.ts';

export interface TamperOptions {
  readonly rounds: number;
  /** The same seed changes the same places; signatures and ids of the store are random. */
  readonly seed: number;
  /** Called after each round. */
  readonly report?: (line: string) => void;
  /** Of each of the store's six rounds: 24 make 300 entries, which fill a tile. */
  readonly datasets?: number;
}

export interface TamperResult {
  readonly rounds: number;
  readonly found: number;
  readonly refused: number;
  readonly told: number;
  readonly harmless: number;
  /** Rounds that did not come out as they have to, each with what was changed. */
  readonly wrong: readonly string[];
}

const START = 1_762_000_000;

/**
 * Changes a store at random, once a round, and holds verify (and, where the store alone can't tell, opening) to what it has to
 * say. The store is put back after each round.
 */
export async function tamper(options: TamperOptions): Promise<TamperResult> {
  const base = mkdtempSync(join(tmpdir(), 'annexa-tamper-'));
  try {
    return await rounds(await prepare(base, options), options);
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}

async function prepare(
  base: string,
  { seed, datasets = 24 }: TamperOptions,
): Promise<Ground & { keys: string[] }> {
  const [pristine, directory] = [join(base, 'pristine'), join(base, 'store')];
  const [foreign, rewritten] = [join(base, 'foreign'), join(base, 'rewritten')];
  const made = { start: START, datasets };
  await makeFullStore({ ...made, directory: pristine });
  await makeFullStore({ ...made, directory: foreign, seeds: [3, 4], datasets: 1 });
  await makeFullStore({ ...made, directory: rewritten });
  cpSync(pristine, directory, { recursive: true });
  const keys = objectsIn(pristine);
  const random = createRandom(seed);
  return {
    directory,
    pristine,
    foreign,
    rewritten,
    foreignKeys: testKeys(3),
    erasedAt: await erasureIn(pristine),
    keys,
    random,
    changed: new Set(),
  };
}

/** Index of its erasure. */
async function erasureIn(directory: string): Promise<number> {
  const reader = await readStore(directory);
  for await (const { index, predicate } of reader.entries()) if (predicate === 'erasure') return index;
  throw new Error('the store has no erasure');
}

function objectsIn(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .filter((key) => !key.startsWith('state/'))
    .sort();
}

async function rounds(ground: Ground, { rounds: count, report }: TamperOptions): Promise<TamperResult> {
  const wrong: string[] = [];
  const counts = { found: 0, refused: 0, told: 0, harmless: 0 };
  const shown = told(await verifyChanged(ground.directory));
  const untouched = await judge(ground, { what: 'nothing changed', expect: 'harmless' }, shown);
  if (untouched !== undefined) wrong.push(untouched);
  for (let round = 0; round < count; round += 1) {
    // Every kind of change has its turn, then chance decides.
    const change = await changeOnce(ground, tampers[round]);
    const complaint = await judge(ground, change, shown);
    counts[change.expect] += 1;
    if (complaint !== undefined) wrong.push(`round ${round}: ${complaint}`);
    report?.(`${round + 1}/${count} ${complaint ?? change.what}`);
    restore(ground);
  }
  const restored = await judge(ground, { what: 'everything put back', expect: 'harmless' }, shown);
  if (restored !== undefined) wrong.push(restored);
  return { rounds: count, ...counts, wrong };
}

async function changeOnce(ground: Ground, first: Tamper | undefined): Promise<Change> {
  for (let next = first ?? ground.random.pick(tampers); ;) {
    const change = await next(ground);
    if (change !== undefined) return change;
    restore(ground);
    next = ground.random.pick(tampers);
  }
}

function verifyChanged(directory: string): Promise<VerifyReport> {
  const { first, second } = fullStoreKeys();
  const keys = [first, second].flatMap(({ envelope, checkpoint }) => [envelope, checkpoint]);
  const trusted = keys.map(({ spki }) => fingerprint(spki));
  return verifyDirectory(directory, { trusted, tsaCa: TSA_CA, witnesses: [WITNESS.vkey] });
}

/** What a verdict tells beside its problems. */
function told({ notes, time, witnessed, splitView }: VerifyReport): string {
  return JSON.stringify({ notes, time, witnessed, splitView });
}

/** What did not come out as it has to; undefined when all is well. `shown`: what the untouched store tells. */
async function judge(
  { directory, changed }: Ground,
  { what, expect }: Change,
  shown: string,
): Promise<string | undefined> {
  const report = await verifyChanged(directory);
  const { ok, problems } = report;
  if (expect === 'found') return ok ? `${what}: not found` : undefined;
  const [first] = problems;
  if (!ok) return `${what}: reported, though the evidence is the same: ${first?.where}: ${first?.message}`;
  if (expect === 'harmless') return told(report) === shown ? undefined : `${what}: it tells something else`;
  if (expect === 'told') return told(report) === shown ? `${what}: not told` : undefined;
  changed.add('state');
  return (await isRefused(directory)) ? undefined : `${what}: not refused at opening`;
}

async function isRefused(directory: string): Promise<boolean> {
  const agent = { version: '0.1.0', build: 'torture' };
  try {
    await using log = await openLog({ directory, keys: fullStoreKeys().second, now: () => START, agent });
    return log.origin === '';
  } catch (error) {
    if (error instanceof EvidenceError && error.code === 'rolled-back') return true;
    throw error;
  }
}

function restore({ directory, pristine, keys, changed }: Ground): void {
  const known = new Set(keys);
  for (const key of changed) {
    rmSync(join(directory, key), { recursive: true, force: true });
    if (known.has(key) || key === 'state') {
      cpSync(join(pristine, key), join(directory, key), { recursive: true, preserveTimestamps: true });
    }
  }
  changed.clear();
}
