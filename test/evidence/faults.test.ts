import { cpSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createLog,
  createLogOn,
  openLog,
  openLogOn,
  openOrCreateLog,
  takeGround,
} from '../../src/evidence/log.ts';
import { verifyDirectory } from '../../src/evidence/verify.ts';
import { type Acknowledged, appendAll, batches, missing } from './acknowledged.ts';
import { type FaultMode, withFaults } from './faults.ts';
import { draft, temporaryDirectory, testClock, testKeys } from './helpers.ts';

const options = { keys: testKeys(), now: testClock(), agent: { version: '0.0.0', build: 'test' } };
const creation = { ...options, domain: 'acme.example', sample: false };
/** Entries before the first fault: with 253 of them, the second commit fills a tile. */
const sizes = [2, 253] as const;

let base: string;

beforeAll(async () => {
  base = await temporaryDirectory();
  for (const size of sizes) {
    await using log = await createLog({ ...creation, directory: join(base, `of-${size}`) });
    await log.append(Array.from({ length: size - 1 }, (_, i) => draft(`before-${i}`)));
  }
});

afterAll(() => rm(base, { recursive: true, force: true }));

async function expectVerified(directory: string): Promise<void> {
  const report = await verifyDirectory(directory);
  expect(report.problems).toEqual([]);
}

/** One fault at the k-th operation. False when there were not that many. */
async function round(before: number, at: number, mode: FaultMode): Promise<boolean> {
  const directory = join(base, 'round');
  await rm(directory, { recursive: true, force: true });
  cpSync(join(base, `of-${before}`), directory, { recursive: true });
  const acknowledged: Acknowledged = new Map();
  const ground = takeGround(directory);
  const faulty = withFaults(ground, at, mode);
  const log = await openLogOn(faulty, options).catch(() => undefined);
  if (log === undefined) ground.release();
  else {
    await appendAll(log, acknowledged);
    // It goes on by itself once the store does.
    faulty.faults.heal();
    await appendAll(log, acknowledged);
    await log[Symbol.asyncDispose]();
  }
  const again = await openLog({ ...options, directory });
  expect(await missing(again, before, acknowledged)).toEqual([]);
  await appendAll(again, acknowledged);
  expect(acknowledged.size).toBe(batches.flat().length);
  expect(await missing(again, before, acknowledged)).toEqual([]);
  expect(again.checkpoint().size).toBe(before + batches.flat().length);
  await again[Symbol.asyncDispose]();
  await expectVerified(directory);
  return faulty.faults.count >= at;
}

async function creationRound(at: number, mode: FaultMode): Promise<boolean> {
  const directory = join(base, 'creation');
  await rm(directory, { recursive: true, force: true });
  const ground = takeGround(directory, { create: true });
  const faulty = withFaults(ground, at, mode);
  await createLogOn(faulty, creation).then(
    (log) => log[Symbol.asyncDispose](),
    () => ground.release(),
  );
  await using log = await openOrCreateLog({ ...creation, directory });
  expect(log.checkpoint().size).toBe(1);
  await expectVerified(directory);
  return faulty.faults.count >= at;
}

/** The number of operations that there are. */
async function everyOperation(before: number, mode: FaultMode, step = 1): Promise<number> {
  let at = 1;
  while (await round(before, at, mode)) at += step;
  return at;
}

describe.each<FaultMode>(['before', 'after', 'dead'])('an I/O fault (%s) at any operation', (mode) => {
  test(
    'loses nothing acknowledged, seals nothing twice, and leaves a log that goes on',
    { timeout: 300_000 },
    async () => {
      expect(await everyOperation(2, mode)).toBeGreaterThan(30);
    },
  );

  test(
    'during creation leaves a directory where the log can be opened or created',
    { timeout: 120_000 },
    async () => {
      let operations = 0;
      while (await creationRound(operations + 1, mode)) operations += 1;
      expect(operations).toBeGreaterThan(10);
    },
  );
});

test(
  'an I/O fault while a tile is filled and its partial tiles go loses nothing either',
  { timeout: 300_000 },
  async () => {
    expect(await everyOperation(253, 'before', 3)).toBeGreaterThan(30);
  },
);
