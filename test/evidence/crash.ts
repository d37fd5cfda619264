import { fork } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { checkpointKey } from '../../src/evidence/checkpoint.ts';
import { directoryStore } from '../../src/evidence/directory.ts';
import { openLog } from '../../src/evidence/log.ts';
import { parseCheckpoint, parseNote } from '../../src/evidence/note.ts';
import type { S3Place } from '../../src/evidence/s3/client.ts';
import { readableS3 } from '../../src/evidence/s3/open.ts';
import { s3Source } from '../../src/evidence/s3/source.ts';
import type { ObjectStore } from '../../src/evidence/store.ts';
import { verifyDirectory, verifyStore } from '../../src/evidence/verify.ts';
import { temporaryDirectory, testClock, testKeys } from './helpers.ts';

export interface CrashReport {
  readonly rounds: number;
  /** Rounds killed before the log was open. */
  readonly early: number;
  readonly acknowledged: number;
  readonly entries: number;
  /** Checkpoints that were seen when they were published. */
  readonly checkpoints: number;
  /** What went wrong, in words. Empty when nothing did. */
  readonly faults: readonly string[];
}

const message = z.union([
  z.strictObject({ opened: z.int() }),
  z.strictObject({
    acknowledged: z.array(z.strictObject({ index: z.int(), leafHash: z.string() })),
    checkpoint: z.strictObject({ size: z.int(), root: z.string() }),
  }),
]);

/** What writers said before they were killed. */
interface Told {
  /** Leaf hashes by index. */
  readonly acknowledged: Map<number, string>;
  /** Roots by size. */
  readonly checkpoints: Map<number, string>;
  readonly faults: string[];
}

/** Where the log is: in the directory of one writer, or in a bucket beside the directories of several. */
interface Place {
  readonly base: string;
  readonly bucket: S3Place | undefined;
}

/** Milliseconds after the start, or after the log is open, within which a writer is killed. */
const LIFE = { directory: { start: 300, open: 300 }, bucket: { start: 2500, open: 600 } };

/**
 * Starts a writer, kills it with SIGKILL at a random moment, and looks whether all that it acknowledged is there and the log
 * verifies; again and again on the same log. Every third time two writers start at once: on a directory the second finds the lock
 * taken, on a bucket they write side by side.
 */
export async function killRounds(
  rounds: number,
  random: () => number = Math.random,
  bucket?: S3Place,
): Promise<CrashReport> {
  const base = await temporaryDirectory();
  const place = { base, bucket };
  const told: Told = { acknowledged: new Map(), checkpoints: new Map(), faults: [] };
  let [early, entries] = [0, 0];
  try {
    for (let round = 0; round < rounds; round += 1) {
      const writers = round % 3 === 2 ? 2 : 1;
      const lives = Array.from({ length: writers }, (_, i) => life(place, `${round}-${i}`, i, random, told));
      const seen = await Promise.all(lives);
      if (!seen.includes(true)) early += 1;
      entries = await inspect(place, told, round === rounds - 1);
    }
  } finally {
    await rm(base, { recursive: true, force: true });
  }
  const { acknowledged, checkpoints, faults } = told;
  return { rounds, early, acknowledged: acknowledged.size, entries, checkpoints: checkpoints.size, faults };
}

function directoryOf({ base, bucket }: Place, writer: number): string {
  return join(base, bucket === undefined ? 'store' : `writer-${writer}`);
}

/** One writer from its start to its kill. Whether the log was open by then. */
async function life(
  place: Place,
  round: string,
  writer: number,
  random: () => number,
  told: Told,
): Promise<boolean> {
  const bucket = place.bucket === undefined ? [] : [JSON.stringify(place.bucket)];
  const args = [directoryOf(place, writer), round, ...bucket];
  const child = fork(new URL('./crash-child.ts', import.meta.url), args, {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let opened = false;
  let errors = '';
  child.stderr?.on('data', (text) => (errors += String(text)));
  const { start, open } = LIFE[place.bucket === undefined ? 'directory' : 'bucket'];
  const kill = (within: number) => void setTimeout(() => child.kill('SIGKILL'), random() * within);
  // Half of them are killed while they start: at creation, recovery, or the wait for the lock.
  const impatient = random() < 0.5;
  if (impatient) kill(start);
  child.on('message', (data) => {
    const said = message.parse(data);
    if ('opened' in said) {
      opened = true;
      if (!impatient) kill(open);
      return;
    }
    for (const { index, leafHash } of said.acknowledged)
      note(told.acknowledged, index, leafHash, 'entry', told);
    note(told.checkpoints, said.checkpoint.size, said.checkpoint.root, 'the checkpoint of size', told);
  });
  await new Promise((resolve) => void child.once('close', resolve));
  // The second of two finds the lock taken; any other end is a refusal of what a kill has left.
  const refused = child.signalCode !== 'SIGKILL' && !errors.includes("code: 'locked'");
  if (refused) told.faults.push(`a writer ended by itself: ${errors}`);
  return opened;
}

function note(map: Map<number, string>, at: number, hash: string, what: string, { faults }: Told): void {
  const before = map.get(at);
  if (before !== undefined && before !== hash)
    faults.push(`${what} ${at} was acknowledged as ${before}, and as ${hash}`);
  map.set(at, hash);
}

/** Opens the log as the next writer would, and compares. Returns its size; 0 when there is none yet. */
async function inspect(place: Place, told: Told, whole: boolean): Promise<number> {
  const directory = directoryOf(place, 0);
  const { faults } = told;
  const store = place.bucket === undefined ? directoryStore(directory, directory) : readableS3(place.bucket);
  let size = 0;
  try {
    await using log = await openLog({
      directory,
      ...(place.bucket === undefined ? {} : { store, lostState: 'accept' }),
      keys: testKeys(),
      now: testClock(),
      agent: { version: '0.0.0', build: 'crash' },
    });
    size = log.checkpoint().size;
    const runs = new Set<string>();
    for await (const { index, leafHash, runId, stream } of log.entries()) {
      const expected = told.acknowledged.get(index);
      if (expected !== undefined && expected !== leafHash)
        faults.push(`entry ${index} was acknowledged as ${expected}, and is ${leafHash}`);
      if (runs.has(`${runId} ${stream}`)) faults.push(`${runId} ${stream} was sealed twice`);
      runs.add(`${runId} ${stream}`);
    }
  } catch (error) {
    const unborn = error instanceof Error && 'code' in error && error.code === 'no-store';
    if (told.acknowledged.size > 0 || !unborn) faults.push(String(error));
    return 0;
  }
  for (const index of told.acknowledged.keys())
    if (index >= size) faults.push(`entry ${index} was acknowledged, and is lost`);
  if (whole) faults.push(...(await inspectWhole(place, store, told)));
  return size;
}

/** The store verifies, and has every checkpoint that was published: `verify` holds those that it has against each other. */
async function inspectWhole(place: Place, store: ObjectStore, told: Told): Promise<string[]> {
  const faults: string[] = [];
  for (const [size, root] of told.checkpoints) {
    const bytes = await store.get(checkpointKey(size));
    const kept = bytes && Buffer.from(parseCheckpoint(parseNote(bytes).text).root).toString('hex');
    if (kept !== root) faults.push(`the checkpoint of size ${size} had the root ${root}, and has ${kept}`);
  }
  const { problems } = await (place.bucket === undefined
    ? verifyDirectory(directoryOf(place, 0))
    : verifyStore(s3Source(place.bucket)));
  return [...faults, ...problems.map(({ where, message }) => `verify: ${where}: ${message}`)];
}
