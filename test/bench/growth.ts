import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { mkdirSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { signCheckpoint } from '../../src/evidence/checkpoint.ts';
import { makeGenesis } from '../../src/evidence/genesis.ts';
import { leafHash } from '../../src/evidence/merkle.ts';
import { planDrafts } from '../../src/evidence/plan.ts';
import { openState } from '../../src/evidence/state.ts';
import type { ObjectStore } from '../../src/evidence/store.ts';
import { type Edge, edgeRoot, EMPTY_EDGE, growEdge } from '../../src/evidence/tree.ts';
import { createWriter } from '../../src/evidence/writer.ts';
import { draft, temporaryDirectory, testClock, testKeys } from '../evidence/helpers.ts';
import { type Measure, round } from './measure.ts';

const SIZES = [1_000, 10_000, 100_000, 1_000_000] as const;
/** A whole tile's worth, so that every size pays for as many full tiles. */
const APPENDED = 256;
const AT_ONCE = 10_000;

/** What one more entry costs a log of 10^3 to 10^6 entries: objects and bytes written and read, and time, against the smallest. */
export async function growth(): Promise<readonly Measure[]> {
  // Once for the compiler.
  await costAt(SIZES[0]);
  const costs = [];
  for (const size of SIZES) costs.push(await costAt(size));
  const [first] = costs;
  if (first === undefined) return [];
  return costs.flatMap((cost, at) => {
    const size = `10^${3 + at}`;
    return [
      { name: `entry-objects-at-${size}`, value: round(cost.written), unit: 'objects', goal: 10 },
      { name: `entry-reads-at-${size}`, value: round(cost.read), unit: 'objects', goal: 1 },
      {
        name: `entry-bytes-at-${size}`,
        value: round(cost.bytes / 1024),
        unit: 'KB',
        goal: 1.1,
        baseline: round(first.bytes / 1024),
      },
      {
        name: `entry-time-at-${size}`,
        value: round(cost.time),
        unit: 'ms',
        goal: 1.5,
        baseline: round(first.time),
      },
    ];
  });
}

interface Cost {
  /** Each for one entry. */
  readonly written: number;
  readonly read: number;
  readonly bytes: number;
  /** Milliseconds, with a store that takes none. */
  readonly time: number;
}

async function costAt(size: number): Promise<Cost> {
  const directory = await temporaryDirectory();
  mkdirSync(join(directory, 'state'));
  using state = openState(directory);
  try {
    const { store, counts } = countingStore();
    const options = {
      keys: testKeys(),
      now: testClock(),
      agent: { version: '0.0.0', build: 'bench' },
      domain: 'acme.example',
      sample: false,
    };
    const { identity } = makeGenesis(options);
    const edge = edgeOf(size);
    const checkpoint = await signCheckpoint(identity.origin, size, edgeRoot(edge), [options.keys.checkpoint]);
    for (let from = 0; from < size; from += AT_ONCE) {
      const entries = Array.from({ length: Math.min(AT_ONCE, size - from) }, (_, at) => indexed(from + at));
      state.commit({ size: from + entries.length, root: checkpoint.root }, entries);
    }
    const context = { ...options, store, state, identity };
    const writer = createWriter(context, { checkpoint, edge });
    await writer.settle();
    counts.written = counts.read = counts.bytes = 0;
    const began = performance.now();
    for (let at = 0; at < APPENDED; at += 1) {
      await writer.commit(
        (head) => planDrafts([draft(`new-${at}`)], { ...context, anchor: () => undefined }, head).statements,
      );
    }
    const time = (performance.now() - began) / APPENDED;
    return {
      written: counts.written / APPENDED,
      read: counts.read / APPENDED,
      bytes: counts.bytes / APPENDED,
      time,
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The right edge of a tree of so many leaves that no statement stands behind: the writer reads none of them. */
function edgeOf(size: number): Edge {
  let edge = EMPTY_EDGE;
  for (let from = 0; from < size; from += AT_ONCE) {
    const leaves = Array.from({ length: Math.min(AT_ONCE, size - from) }, (_, at) => leafOf(from + at));
    ({ edge } = growEdge(edge, leaves));
  }
  return edge;
}

/** As long as a real one. */
function leafOf(index: number): Uint8Array {
  const digest = createHash('sha256').update(String(index)).digest('hex');
  return Buffer.from(digest.padEnd(489, Buffer.from(leafHash(Buffer.from(digest))).toString('hex')));
}

function indexed(index: number) {
  return { index, runId: `run-${index}`, stream: 'run/aws', seq: index, sealedAt: 1_790_000_000 };
}

/** A store that forgets, except what a writer reads back. */
function countingStore() {
  const counts = { written: 0, read: 0, bytes: 0 };
  const wrote = (bytes: Uint8Array) => {
    counts.written += 1;
    counts.bytes += bytes.length;
  };
  const store: ObjectStore = {
    async get() {
      counts.read += 1;
      return undefined;
    },
    has: async () => true,
    stream: async () => undefined,
    async create(objects) {
      for (const { bytes } of objects) wrote(bytes);
      return objects.map(() => 'created');
    },
    createFromFile: async () => 'created',
    replace: async (_, bytes) => wrote(bytes),
    list: async () => [],
    delete: async () => {},
  };
  return { store, counts };
}
