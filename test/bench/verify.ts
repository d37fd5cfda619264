import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { StatementDraft } from '../../src/evidence/contract.ts';
import { createLog } from '../../src/evidence/log.ts';
import { draft, temporaryDirectory, testClock, testKeys } from '../evidence/helpers.ts';
import type { Measure } from './measure.ts';

const run = promisify(execFile);

/** Entries of the two stores. */
const SIZES = [40_000, 120_000] as const;
/** A thousand at once, so that the store is made in seconds. */
const BATCH = 1_000;
/** Every second entry is a snapshot, and one in ten of these has changed: its body is a new one. */
const SNAPSHOT_EVERY = 2;
const CHANGED_EVERY = 10;
const RECORDS = 20;
const DATASETS = 25;

const told = z.strictObject({
  ok: z.literal(true),
  entries: z.int(),
  bodies: z.int(),
  seconds: z.number(),
  resident: z.int(),
});

/** How fast a store is verified, and that memory doesn't grow with it. Each in a process of its own. */
export async function verify(): Promise<readonly Measure[]> {
  const base = await temporaryDirectory();
  try {
    const measures: Measure[] = [];
    const resident: number[] = [];
    for (const size of SIZES) {
      const directory = join(base, `store-${size}`);
      await makeStore(directory, size);
      const { entries, seconds, resident: peak } = await verifyApart(directory);
      resident.push(peak);
      const name = `verify-store-${size / 1000}k`;
      measures.push({
        name,
        value: Math.round(entries / seconds),
        unit: 'entries/s',
        goal: 5_000,
        least: true,
      });
      await rm(directory, { recursive: true });
    }
    const [small = 0, large = 0] = resident;
    measures.push({ name: 'verify-peak-memory', value: large, unit: 'MB', goal: 1.3, baseline: small });
    return measures;
  } finally {
    await rm(base, { recursive: true, force: true });
  }
}

async function verifyApart(directory: string): Promise<z.infer<typeof told>> {
  const child = fileURLToPath(new URL('./verify-child.ts', import.meta.url));
  const { stdout } = await run(process.execPath, [child, directory]);
  return told.parse(JSON.parse(stdout));
}

/** A log of runs and of snapshots, most of which are as the ones before. */
async function makeStore(directory: string, size: number): Promise<void> {
  const clock = testClock();
  const agent = { version: '0.0.0', build: 'bench' };
  const keys = testKeys();
  await using log = await createLog({
    directory,
    keys,
    now: clock,
    agent,
    domain: 'acme.example',
    sample: true,
  });
  const bodies: { readonly sha256: string; readonly records: { count: number; root: string } }[] = [];
  for (let made = 1; made < size;) {
    const drafts: StatementDraft[] = [];
    clock.at += 60;
    for (; drafts.length < BATCH && made < size; made += 1) {
      const dataset = Math.floor(made / SNAPSHOT_EVERY) % DATASETS;
      if (made % SNAPSHOT_EVERY > 0) {
        drafts.push({ ...draft(`run-${made}`), stream: `run/${dataset}` });
        continue;
      }
      const changed = bodies[dataset] === undefined || (made / SNAPSHOT_EVERY) % CHANGED_EVERY === 0;
      if (changed) bodies[dataset] = await log.storeBody(records(dataset, made));
      drafts.push(snapshot(made, dataset, bodies[dataset]!));
    }
    await log.append(drafts);
  }
}

function records(dataset: number, made: number) {
  return Array.from({ length: RECORDS }, (_, i) => ({
    id: `aws:1234:person-${dataset}-${i}`,
    kind: 'identity',
    name: `Person ${i}`,
    active: i === made % RECORDS,
    last: made,
  }));
}

function snapshot(
  made: number,
  dataset: number,
  body: { readonly sha256: string; readonly records: { count: number; root: string } },
): StatementDraft {
  return draft(`run-${made}`, {
    predicate: 'snapshot',
    stream: `snapshot/aws/dataset-${dataset}/1234`,
    subjects: [{ name: 'records', sha256: body.sha256 }],
    fields: {
      collector: 'aws',
      dataset: `dataset-${dataset}`,
      scope: '1234',
      asOf: 1_789_999_000,
      kinds: { identity: 'd'.repeat(64) },
      records: { ...body.records },
      provenance: { endpoint: 'https://iam.amazonaws.com', operations: { ListUsers: 1 } },
      outcome: 'complete',
    },
  });
}
