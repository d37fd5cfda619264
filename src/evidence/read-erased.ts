import type { BodyLine, BodyRecord, CheckpointInfo, Erased, Erasures, Sealed } from './contract.ts';
import { knowErasures, restored, scanForErasures } from './erasures.ts';
import { EvidenceError } from './error.ts';
import { createFrontier } from './merkle.ts';
import { parseRecord, readBody, readLines } from './read-body.ts';
import { erasedLeaf, remainderLeaf } from './remainder.ts';
import { bodyKey } from './statement.ts';
import type { ObjectStore } from './store.ts';

/** Reads bodies, knowing that records of them, or all, may have been erased. */
export interface BodyReader {
  /**
   * The records of a body, salts taken off. Rejects at the end when the bytes don't have the digest, and with `erased` when records of it, or
   * all, were erased. `at`: as the entry of this index refers to it, so that an erasure after that entry counts even if the same bytes were
   * collected again since.
   */
  body(sha256: string, at?: number): AsyncIterable<BodyRecord & Record<string, unknown>>;
  /**
   * The lines of a body or of what remains of it; undefined when all of it was erased. Rejects with `corrupt` when it is missing, or, at the
   * end, when it doesn't follow from what is signed. `at`: as `body`.
   */
  lines(sha256: string, at?: number): Promise<AsyncIterable<BodyLine> | undefined>;
  /** Every erasure up to the head. */
  erasures(): Promise<Erasures>;
}

/** Entries of a log, up to its head. */
export interface EntryReader {
  entry(index: number): Promise<Sealed>;
  entries(from?: number, to?: number): AsyncIterable<Sealed>;
  checkpoint(): CheckpointInfo;
}

/**
 * `positions`: where the erasures are, when that is known without reading the log; else the entries are read once, as soon as a body is missing
 * or its lines are asked for.
 */
export function bodyReader(
  store: ObjectStore,
  log: EntryReader,
  positions?: () => Promise<readonly number[]>,
): BodyReader {
  const erasures = knowErasures(
    store,
    (index) => log.entry(index),
    positions ?? scanForErasures((from) => log.entries(from)),
  );
  const referring = {
    entries: (from?: number) => log.entries(from),
    body: (sha256: string) => readBody(store, sha256),
  };
  let whole: { readonly size: number; readonly bodies: ReturnType<typeof restored> } | undefined;

  async function isWhole(sha256: string, known: Erasures): Promise<boolean> {
    const { size } = log.checkpoint();
    if (whole?.size !== size) whole = { size, bodies: restored(referring, store, known) };
    return (await whole.bodies).has(sha256);
  }

  async function erasedOf(sha256: string, at: number | undefined): Promise<Erased | undefined> {
    const known = await erasures();
    const erased = known.bodies.get(sha256);
    if (erased === undefined) return undefined;
    const intact = at === undefined ? await isWhole(sha256, known) : erased.index <= at;
    return intact ? undefined : erased;
  }

  return {
    erasures,
    async *body(sha256, at) {
      const ask = positions !== undefined || at !== undefined || !(await store.has(bodyKey(sha256)));
      const erased = ask ? await erasedOf(sha256, at) : undefined;
      if (erased !== undefined) throw new EvidenceError('erased', whatIsErased(sha256, erased));
      yield* readBody(store, sha256);
    },
    async lines(sha256, at) {
      const erased = await erasedOf(sha256, at);
      if (erased === undefined) return wholeLines(store, sha256);
      return erased.remainder === null ? undefined : remainingLines(store, erased.remainder, erased);
    },
  };
}

function whatIsErased(sha256: string, { index, remainder, erased }: Erased): string {
  const what = remainder === null ? 'it was erased' : `${erased} of its records were erased`;
  return `body ${sha256}: ${what} on request (entry ${index})`;
}

async function* wholeLines(store: ObjectStore, sha256: string): AsyncGenerator<BodyLine> {
  let number = 0;
  for await (const raw of readLines(store, sha256)) {
    number += 1;
    yield { record: parseRecord(sha256, number, raw), raw };
  }
}

async function* remainingLines(
  store: ObjectStore,
  remainder: string,
  { records }: Erased,
): AsyncGenerator<BodyLine> {
  const tree = createFrontier();
  for await (const raw of readLines(store, remainder)) {
    tree.append(remainderLeaf(raw));
    const erased = erasedLeaf(raw);
    yield erased === undefined ? { record: parseRecord(remainder, tree.size, raw), raw } : { erased, raw };
  }
  const root = Buffer.from(tree.root()).toString('hex');
  if (tree.size === records.count && root === records.root) return;
  throw new EvidenceError(
    'corrupt',
    `body ${remainder}: not what remains of records with the root ${records.root}`,
  );
}
