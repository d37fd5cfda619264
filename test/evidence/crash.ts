import { fork } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Sealed } from '../../src/evidence/contract.ts';
import { openLog } from '../../src/evidence/log.ts';
import { verifyDirectory } from '../../src/evidence/verify.ts';
import { temporaryDirectory, testClock, testKeys } from './helpers.ts';

export interface CrashReport {
  readonly rounds: number;
  /** Rounds killed before the log was open. */
  readonly early: number;
  readonly acknowledged: number;
  readonly entries: number;
  /** What went wrong, in words. Empty when nothing did. */
  readonly faults: readonly string[];
}

const message = z.union([
  z.strictObject({ opened: z.int() }),
  z.strictObject({ acknowledged: z.array(z.looseObject({ index: z.int(), leafHash: z.string() })) }),
]);

/** Milliseconds after the start, or after the log is open, within which a writer is killed. */
const LIFE = 300;

/**
 * Starts a writer, kills it with SIGKILL at a random moment, and looks whether all that it acknowledged is there and the log
 * verifies; again and again on the same log. Every third time two writers start at once.
 */
export async function killRounds(rounds: number, random: () => number = Math.random): Promise<CrashReport> {
  const base = await temporaryDirectory();
  const directory = join(base, 'store');
  const acknowledged = new Map<number, string>();
  const faults: string[] = [];
  let [early, entries] = [0, 0];
  try {
    for (let round = 0; round < rounds; round += 1) {
      const writers = round % 3 === 2 ? 2 : 1;
      const lives = Array.from({ length: writers }, (_, i) => life(directory, `${round}-${i}`, random));
      const seen = await Promise.all(lives);
      if (!seen.some(({ opened }) => opened)) early += 1;
      // The second of two finds the lock taken; any other end is a refusal of what a kill has left.
      faults.push(
        ...seen
          .map(({ ended }) => ended)
          .filter((ended) => ended !== '' && !ended.includes("code: 'locked'")),
      );
      for (const { sealed } of seen) {
        for (const { index, leafHash } of sealed) acknowledged.set(index, leafHash);
      }
      entries = await inspect(directory, acknowledged, faults, round === rounds - 1);
    }
  } finally {
    await rm(base, { recursive: true, force: true });
  }
  return { rounds, early, acknowledged: acknowledged.size, entries, faults };
}

type Seen = Pick<Sealed, 'index' | 'leafHash'>;

interface Life {
  readonly opened: boolean;
  readonly sealed: readonly Seen[];
  /** What it said when it ended by itself; empty when it was killed. */
  readonly ended: string;
}

/** One writer from its start to its kill. */
async function life(directory: string, round: string, random: () => number): Promise<Life> {
  const child = fork(new URL('./crash-child.ts', import.meta.url), [directory, round], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const sealed: Seen[] = [];
  let opened = false;
  let errors = '';
  child.stderr?.on('data', (text) => (errors += String(text)));
  const kill = () => void setTimeout(() => child.kill('SIGKILL'), random() * LIFE);
  // Half of them are killed while they start: at creation, recovery, or the wait for the lock.
  const impatient = random() < 0.5;
  if (impatient) kill();
  child.on('message', (data) => {
    const told = message.parse(data);
    if ('acknowledged' in told) sealed.push(...told.acknowledged);
    else {
      opened = true;
      if (!impatient) kill();
    }
  });
  await new Promise((resolve) => void child.once('close', resolve));
  return { opened, sealed, ended: child.signalCode === 'SIGKILL' ? '' : errors };
}

/** Opens the log as the next writer would, and compares. Returns its size; 0 when there is none yet. */
async function inspect(
  directory: string,
  acknowledged: ReadonlyMap<number, string>,
  faults: string[],
  whole: boolean,
): Promise<number> {
  const options = {
    directory,
    keys: testKeys(),
    now: testClock(),
    agent: { version: '0.0.0', build: 'crash' },
  };
  let size = 0;
  try {
    await using log = await openLog(options);
    size = log.checkpoint().size;
    for await (const { index, leafHash } of log.entries()) {
      const expected = acknowledged.get(index);
      if (expected !== undefined && expected !== leafHash)
        faults.push(`entry ${index} was acknowledged as ${expected}, and is ${leafHash}`);
    }
  } catch (error) {
    if (acknowledged.size > 0 || !(error instanceof Error && 'code' in error && error.code === 'no-store'))
      faults.push(String(error));
    return 0;
  }
  for (const index of acknowledged.keys())
    if (index >= size) faults.push(`entry ${index} was acknowledged, and is lost`);
  if (!whole) return size;
  const { problems } = await verifyDirectory(directory);
  faults.push(...problems.map(({ where, message }) => `verify: ${where}: ${message}`));
  return size;
}
