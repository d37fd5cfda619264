import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { storeLines } from './body.ts';
import type {
  Erasures,
  ErasureRequest,
  EvidenceLog,
  Sealed,
  StatementDraft,
  StoredBody,
  Undeleted,
} from './contract.ts';
import { type ErasureLine, restored, storedUnder } from './erasures.ts';
import { EvidenceError } from './error.ts';
import { createFrontier, EMPTY_ROOT } from './merkle.ts';
import { openNotebook } from './notebook.ts';
import { readLines } from './read-body.ts';
import { references, type Role } from './references.ts';
import { type Erasing, eraseLines, remainderLeaf } from './remainder.ts';
import { bodyKey } from './statement.ts';
import type { ObjectStore } from './store.ts';

export interface EraseContext {
  readonly store: ObjectStore;
  /** A directory for temporary files, on a disk; beside it a file remembers what isn't finished. */
  readonly temporary: string;
  /** Unix seconds. */
  readonly now: () => number;
  readonly log: Pick<EvidenceLog, 'entry' | 'entries' | 'body' | 'erasures' | 'storeBody' | 'append'>;
  /** Throws `invalid` for a statement that can't be sealed. */
  readonly assertSealable: (draft: StatementDraft) => void;
}

export interface Eraser {
  /** As EvidenceLog says. */
  erase: EvidenceLog['erase'];
  /**
   * Deletes what erasures name and what is still there; returns what the store refuses to delete. `opening`: the remainders of an erasure that came
   * to nothing too, when no commit is left to finish. `lost`: as `opening`, when it isn't known any more what was begun.
   */
  finish(when?: 'opening' | 'lost'): Promise<readonly Undeleted[]>;
}

const ERASABLE: readonly Role[] = ['snapshot', 'inputs', 'verdict', 'attestation', 'access'];
const EMPTY = Buffer.from(EMPTY_ROOT).toString('hex');

/**
 * Erases by the protocol of ADR 0017: remainders, the list, the statement, then the deletion of the originals. Killed before the statement is
 * in the log, it leaves remainders that the next opening deletes; killed after that, originals that the next opening deletes.
 */
export function createEraser({ store, temporary, now, log, assertSealable }: EraseContext): Eraser {
  /** There from the first remainder until nothing is left to delete: the digests of the remainders. */
  const begun = openNotebook(join(dirname(temporary), 'erasing'));

  async function erase(
    request: ErasureRequest,
    progress: (done: number, of: number) => void = () => {},
  ): Promise<Sealed> {
    assertRequest(request);
    const at = Math.floor(now());
    assertSealable(erasureDraft(request, at, null, { sha256: EMPTY, records: { count: 0, root: EMPTY } }));
    const config = await assertErasable(log, request);
    const readable = await whatIsThere();
    await begun.add();
    const lines: ErasureLine[] = [];
    for (const { sha256, records } of request.bodies) {
      lines.push(await eraseBody(sha256, readable(sha256), records));
      progress(lines.length, request.bodies.length);
    }
    const list = await log.storeBody(lines);
    const [sealed] = await log.append([erasureDraft(request, at, config, list)], { hurry: true });
    if (sealed === undefined) throw new TypeError('the log acknowledged nothing');
    // What can't be deleted now is deleted later.
    await finish().catch(() => {});
    return sealed;
  }

  /** Tells the digest under which a body, or what remains of it, is stored. */
  async function whatIsThere(): Promise<(sha256: string) => string> {
    const known = await log.erasures();
    const under = storedUnder(known, await restored(log, store, known));
    return (sha256) => {
      const digest = under(sha256);
      if (digest !== null) return digest;
      const where = `entry ${known.bodies.get(sha256)?.index}`;
      throw new EvidenceError('invalid', `body ${sha256}: it was erased already (${where})`);
    };
  }

  async function eraseBody(
    id: string,
    source: string,
    records: readonly string[] | 'all',
  ): Promise<ErasureLine> {
    const erasing = eraseLines(readLines(store, source), new Set(records === 'all' ? [] : records));
    if (records === 'all') {
      const sums = await sumsOf(erasing.lines);
      return { id, remainder: null, records: sums, erased: sums.count };
    }
    const remainder = await storeLines(
      { store, temporary, leaf: remainderLeaf, announce: (digest) => begun.add(digest) },
      allMet(id, erasing),
    );
    return { id, remainder: remainder.sha256, records: remainder.records, erased: erasing.erased() };
  }

  async function finish(when?: 'opening' | 'lost'): Promise<readonly Undeleted[]> {
    const remainders = await begun.read();
    if (remainders === undefined && when !== 'lost') return [];
    const known = await log.erasures();
    if (remainders === undefined && known.bodies.size > 0) await begun.add();
    const left: Undeleted[] = [];
    for (const sha256 of await doomed(known, when === undefined ? [] : (remainders ?? []))) {
      const why = await attemptDelete(sha256);
      if (why !== undefined) left.push({ sha256, why });
    }
    if (left.length > 0) return left;
    await syncDeletions(known);
    await begun.remove();
    return [];
  }

  async function doomed(known: Erasures, remainders: readonly string[]): Promise<string[]> {
    const whole = await restored(log, store, known);
    const current = new Set([...known.bodies.values()].map(({ remainder }) => remainder));
    return [
      ...[...known.bodies.keys()].filter((sha256) => !whole.has(sha256)),
      ...known.superseded,
      ...remainders.filter((sha256) => !current.has(sha256)),
    ];
  }

  /** Undefined when it is gone, else why it isn't. */
  async function attemptDelete(sha256: string): Promise<string | undefined> {
    try {
      await store.delete(bodyKey(sha256));
      return undefined;
    } catch (error) {
      if (error instanceof EvidenceError && error.code === 'io') return error.message;
      throw error;
    }
  }

  /** Creating what is there already makes the folder that it is in durable, and with it what was deleted from it. */
  async function syncDeletions({ bodies }: Erasures): Promise<void> {
    for (const { index } of bodies.values()) {
      const list = (await log.entry(index)).subjects.find(({ name }) => name === 'erased');
      const key = bodyKey(list?.sha256 ?? '');
      const bytes = await store.get(key);
      if (bytes !== undefined) await store.create([{ key, bytes }]);
      return;
    }
  }

  return { erase, finish };
}

function erasureDraft(
  { by, reason, legalBasis }: ErasureRequest,
  at: number,
  config: string | null,
  list: Pick<StoredBody, 'sha256' | 'records'>,
): StatementDraft {
  return {
    predicate: 'erasure',
    stream: 'erasure',
    runId: randomUUID(),
    startedAt: at,
    finishedAt: at,
    config,
    subjects: [{ name: 'erased', sha256: list.sha256 }],
    fields: { by, reason, legalBasis, at, erased: { ...list.records } },
  };
}

/** Throws `invalid`. A statement can never be erased itself: it may not name whom it is about. */
function assertRequest({ bodies, ...texts }: ErasureRequest): void {
  if (bodies.length === 0) throw new EvidenceError('invalid', 'no body to erase from is named');
  if (new Set(bodies.map(({ sha256 }) => sha256)).size < bodies.length)
    throw new EvidenceError('invalid', 'a body to erase from is named twice');
  for (const { sha256, records } of bodies) {
    if (sha256 === EMPTY || records.length === 0)
      throw new EvidenceError('invalid', `body ${sha256}: there is no record to erase`);
    for (const [field, text] of Object.entries(texts)) {
      const named = records === 'all' ? undefined : records.find((id) => text.includes(id));
      if (named !== undefined)
        throw new EvidenceError(
          'invalid',
          `${field}: it names the record that is erased, and is kept for ever`,
        );
    }
  }
}

/** Throws `invalid` for a body that no entry refers to, or that other statements rely on. Returns the digest of the configuration in force. */
async function assertErasable(log: EraseContext['log'], { bodies }: ErasureRequest): Promise<string | null> {
  const unseen = new Set(bodies.map(({ sha256 }) => sha256));
  const wanted = new Set(unseen);
  let config: string | null = null;
  for await (const { sha256, role, entry } of references(log)) {
    const after = entry.predicate === 'config' ? entry.fields['after'] : undefined;
    if (typeof after === 'string') config = after;
    if (!wanted.has(sha256)) continue;
    unseen.delete(sha256);
    if (ERASABLE.includes(role)) continue;
    const why = `entry ${entry.index} (${entry.stream}) can't be understood without it`;
    throw new EvidenceError('invalid', `body ${sha256}: it may not be erased: ${why}`);
  }
  for (const sha256 of unseen) throw new EvidenceError('invalid', `body ${sha256}: no entry refers to it`);
  return config;
}

async function sumsOf(lines: AsyncIterable<Uint8Array>): Promise<StoredBody['records']> {
  const tree = createFrontier();
  for await (const line of lines) tree.append(remainderLeaf(line));
  return { count: tree.size, root: Buffer.from(tree.root()).toString('hex') };
}

/** The lines; throws `invalid` at their end when a record was not among them. */
async function* allMet(id: string, erasing: Erasing): AsyncGenerator<Uint8Array> {
  yield* erasing.lines;
  const missed = erasing.missed().length;
  if (missed > 0)
    throw new EvidenceError('invalid', `body ${id}: ${missed} of the records to erase are not in it`);
}
