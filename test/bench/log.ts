import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { BodyRecord } from '../../src/evidence/contract.ts';
import { draft, testLog } from '../evidence/helpers.ts';
import { users } from './inventory/estate.ts';
import { median, type Measure, round } from './measure.ts';

const HOURS_A_YEAR = 8_760;
const IDENTITIES = 100_000;
/** 0.1 % a day, spread evenly over its hours. */
const CHANGED_AN_HOUR = Math.round((IDENTITIES * 0.001) / 24);
const SAMPLED_HOURS = 4;

/** What appending costs by the size of the batch, against one bare file made durable; and what a year of snapshots takes on disk. */
export async function log(): Promise<readonly Measure[]> {
  return [...(await appends()), ...(await yearOfSnapshots())];
}

async function appends(): Promise<readonly Measure[]> {
  await using test = await testLog();
  const measures: Measure[] = [];
  let run = 0;
  for (const [size, rounds, goal] of [
    [1, 60, 25],
    [10, 30, 5],
    [100, 10, 2.5],
    [1000, 3, 2],
  ] as const) {
    const times: number[] = [];
    const bare: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      bare.push(bareFile(test.directory));
      const drafts = Array.from({ length: size }, () => draft(`run-${run++}`));
      const began = performance.now();
      await test.log.append(drafts);
      times.push((performance.now() - began) / size);
    }
    const each = median(times);
    measures.push({
      name: `append-batch-${size}`,
      value: round3(each),
      unit: 'ms an entry',
      goal,
      baseline: round3(median(bare)),
    });
  }
  return measures;
}

/** Milliseconds to write 2 KB under a temporary name, sync it, link it to its own and sync the directory. */
function bareFile(directory: string): number {
  const [temporary, name] = [
    join(directory, 'bare.tmp'),
    join(directory, `bare-${randomBytes(6).toString('hex')}`),
  ];
  const bytes = randomBytes(2_048);
  const began = performance.now();
  const file = openSync(temporary, 'wx');
  writeSync(file, bytes);
  fsyncSync(file);
  closeSync(file);
  linkSync(temporary, name);
  const folder = openSync(directory, 'r');
  fsyncSync(folder);
  closeSync(folder);
  const took = performance.now() - began;
  unlinkSync(temporary);
  rmSync(name);
  return took;
}

/** A few hours are stored, and the year is what that comes to: every hour with a change is a body of its own. */
async function yearOfSnapshots(): Promise<readonly Measure[]> {
  await using test = await testLog();
  const sizes: number[] = [];
  let before = bytesBelow(test.directory);
  for (let hour = 0; hour < SAMPLED_HOURS; hour += 1) {
    const body = await test.log.storeBody(changed(hour));
    await test.log.append([
      draft(`hour-${hour}`, {
        predicate: 'snapshot',
        stream: 'snapshot/aws/iam-identities/1',
        subjects: [{ name: 'records', sha256: body.sha256 }],
        fields: {
          collector: 'aws',
          dataset: 'iam-identities',
          scope: '1',
          asOf: 1_790_000_000,
          kinds: {},
          records: body.records,
          provenance: {},
          outcome: 'complete',
        },
      }),
    ]);
    const after = bytesBelow(test.directory);
    sizes.push(after - before);
    before = after;
  }
  const hourly = median(sizes);
  return [
    { name: 'snapshot-100000-stored', value: round(hourly / 1e6), unit: 'MB', goal: 12 },
    { name: 'year-of-hourly-snapshots', value: round((hourly * HOURS_A_YEAR) / 1e9), unit: 'GB', goal: 100 },
  ];
}

function* changed(hour: number): Generator<BodyRecord> {
  let at = 0;
  for (const record of users(IDENTITIES)) {
    const touched = at < hour * CHANGED_AN_HOUR;
    at += 1;
    const renamed: BodyRecord & { readonly name: string } = { ...record, name: `renamed${hour}` };
    yield touched ? renamed : record;
  }
}

function bytesBelow(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('/state'))
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

function round3(value: number): number {
  return Math.round(value * 1000) / 1000;
}
