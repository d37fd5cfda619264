import { z } from 'zod';
import type { Erased, Erasures, Sealed } from './contract.ts';
import { EvidenceError } from './error.ts';
import { readBody } from './read-body.ts';
import { type Referring, references } from './references.ts';
import { bodyKey } from './statement.ts';
import type { ObjectStore } from './store.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().nonnegative();
const listLine = z.strictObject({
  id: digest,
  remainder: digest.nullable(),
  records: z.strictObject({ count, root: digest }),
  erased: count,
});

/** A line of an erasure's list, salt taken off. */
export type ErasureLine = z.infer<typeof listLine>;

/** The list of an erasure, verified. Throws `corrupt`. */
export async function* readErasure(store: ObjectStore, entry: Sealed): AsyncGenerator<ErasureLine> {
  const list = entry.subjects.find(({ name }) => name === 'erased');
  if (entry.predicate !== 'erasure' || list === undefined)
    throw new EvidenceError('corrupt', `entry ${entry.index} names no list of what was erased`);
  for await (const line of readBody(store, list.sha256)) {
    const parsed = listLine.safeParse(line);
    if (parsed.success) yield parsed.data;
    else throw new EvidenceError('corrupt', `body ${list.sha256}: ${line.id}: not a line of an erasure`);
  }
}

/** What knows the erasures of a log up to its head, reading each once. `positions` gives the indexes of their entries, ascending. */
export function knowErasures(
  store: ObjectStore,
  entry: (index: number) => Promise<Sealed>,
  positions: () => Promise<readonly number[]>,
): () => Promise<Erasures> {
  const bodies = new Map<string, Erased>();
  const superseded = new Set<string>();
  let read = 0;
  let turn: Promise<unknown> = Promise.resolve();

  async function readOn(): Promise<Erasures> {
    for (const index of (await positions()).slice(read)) {
      const lines = await Array.fromAsync(readErasure(store, await entry(index)));
      for (const { id, ...line } of lines) {
        const before = bodies.get(id)?.remainder ?? null;
        if (before !== null && before !== line.remainder) superseded.add(before);
        if (line.remainder !== null) superseded.delete(line.remainder);
        bodies.set(id, { index, ...line });
      }
      read += 1;
    }
    return { bodies, superseded };
  }

  return () => {
    const result = turn.then(readOn);
    turn = result.catch(() => {});
    return result;
  };
}

/** Indexes of the erasures among entries: those of the ones that came since are added at each call. */
export function scanForErasures(
  entries: (from: number) => AsyncIterable<Sealed>,
): () => Promise<readonly number[]> {
  const found: number[] = [];
  let next = 0;
  return async () => {
    for await (const { index, predicate } of entries(next)) {
      next = index + 1;
      if (predicate === 'erasure') found.push(index);
    }
    return found;
  };
}

/** Tells the digest under which a body, or what remains of it, is stored; null when nothing remains. `whole`: see restored. */
export function storedUnder(
  { bodies }: Erasures,
  whole: ReadonlySet<string>,
): (sha256: string) => string | null {
  return (sha256) => {
    const erased = bodies.get(sha256);
    return erased === undefined || whole.has(sha256) ? sha256 : erased.remainder;
  };
}

/**
 * Which erased bodies are whole again: what was collected later gave the same bytes, and a later entry refers to them.
 */
export async function restored(
  log: Referring,
  store: ObjectStore,
  { bodies }: Erasures,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  const waiting = new Set<string>();
  let from = Infinity;
  for (const [sha256, { index }] of bodies) {
    if (!(await store.has(bodyKey(sha256)))) continue;
    waiting.add(sha256);
    from = Math.min(from, index + 1);
  }
  if (waiting.size === 0) return found;
  for await (const { sha256, entry } of references(log, from)) {
    if (!waiting.has(sha256) || entry.index <= (bodies.get(sha256)?.index ?? Infinity)) continue;
    found.add(sha256);
    waiting.delete(sha256);
    if (waiting.size === 0) break;
  }
  return found;
}
