import { join } from 'node:path';
import type { Check } from '../controls/check.ts';
import type { Erased, Sealed } from '../evidence/contract.ts';
import { readErasure } from '../evidence/erasures.ts';
import { EvidenceError } from '../evidence/error.ts';
import { tsaPath } from '../evidence/statement.ts';
import type { StoreReader } from '../evidence/reader.ts';
import { compareUtf8 } from '../inventory/utf8.ts';
import { type ContextFinder, createContext } from './context.ts';
import type { Evidence, Question, Token } from './contract.ts';
import { AuditError } from './error.ts';
import { type Range, rangeOf } from './range.ts';
import {
  authoritiesOf,
  bodiesOf,
  bodyNamed,
  checkIn,
  choose,
  type Chosen,
  type KindsOf,
  snapshotUsed,
  verdictBody,
} from './selection.ts';
import { createSpool, spooledLines, spoolFile } from './spool.ts';
import { createStoreBodies, type StoreBodies } from './store-bodies.ts';
import { openStoreCheckpoints, type StoreCheckpoints } from './store-checkpoints.ts';

export interface AskOptions {
  readonly question: Omit<Question, 'at'>;
  /** A directory for temporary files: a kilobyte or two for each entry of the period. */
  readonly temporary: string;
  readonly kindsOf: KindsOf;
  /** Entries examined, of so many. */
  readonly progress?: (done: number, total: number) => void;
}

/** The answer to a question, read from a store at the reader's checkpoint. */
export interface StoreEvidence extends Evidence, AsyncDisposable {
  readonly question: Question;
  readonly published: StoreCheckpoints;
  /** Sizes of the checkpoints that the answer rests on, ascending. */
  readonly checkpoints: readonly number[];
  readonly bodies: StoreBodies;
}

/**
 * Reads what answers a question. Every entry of the log is read and verified, once. Throws `question` when nothing was sealed in the period or no
 * collector has the name, EvidenceError for what doesn't verify.
 */
export async function openStoreEvidence(reader: StoreReader, options: AskOptions): Promise<StoreEvidence> {
  await using cleanup = new AsyncDisposableStack();
  const spool = cleanup.use(await createSpool(options.temporary));
  const checkpoint = reader.checkpoint();
  const question: Question = { ...options.question, at: checkpoint.size };
  const published = await openStoreCheckpoints(reader, question.at);
  const range = await findRange(reader, published, question);
  const path = join(spool.directory, 'entries.jsonl');
  const scan = await scanLog(reader, range, path, options);
  assertCollectors(question.collectors, scan.collectors);
  const bodies = createStoreBodies(reader, spool.database('bodies.sqlite'), scan.erasures);
  const entries = () => spooledEntries(path);
  const context = await findContext(reader, scan, range, bodies);
  const checks = await sealedChecks(scan.finder.configurations(), bodies);
  const chosen = await choose(question, checks, options.kindsOf);
  const sizes = new Set([range.first, range.end, question.at]);
  for await (const entry of inOrder({ context, range, entries })) {
    sizes.add(entry.anchor.size);
    await selectBodies(chosen, entry, bodies);
  }
  const checkpoints = await checkpointsOf(published, range, sizes, context);
  const tokens: Token[] = [];
  for (const size of checkpoints) {
    tokens.push(...(await published.tokens(size)));
    assertSealed(size, await published.vouchers(size), scan.authorities);
  }
  const owned = cleanup.move();
  return {
    origin: reader.origin,
    sample: reader.sample,
    checkpoint,
    question,
    range,
    entries,
    context,
    tokens,
    published,
    checkpoints,
    bodies,
    lines: (sha256) => bodies.lines(sha256),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function findRange(
  reader: StoreReader,
  published: StoreCheckpoints,
  question: Question,
): Promise<Range> {
  const { from, to, at } = question;
  const range = await rangeOf(question, {
    sizes: published.sizes.includes(at) ? published.sizes : [...published.sizes, at],
    tokens: await published.between(from, to),
    sealedBefore: (moment) => sealedBefore(reader, moment),
  });
  if (range.first < range.end) return range;
  throw new AuditError('question', 'nothing was sealed in the period that was asked for');
}

/** How many entries were sealed before the moment: `sealedAt` never falls. */
async function sealedBefore(reader: StoreReader, moment: number): Promise<number> {
  let [low, high] = [0, reader.checkpoint().size];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((await reader.entry(middle)).sealedAt < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Entries of context and range, ascending. */
export async function* inOrder(
  evidence: Pick<Evidence, 'context' | 'range' | 'entries'>,
): AsyncGenerator<Sealed> {
  const { context, range } = evidence;
  const later = context.findIndex(({ index }) => index >= range.first);
  const split = later < 0 ? context.length : later;
  yield* context.slice(0, split);
  yield* evidence.entries();
  yield* context.slice(split);
}

interface Scan {
  readonly finder: ContextFinder;
  readonly erasures: { readonly indexes: readonly number[]; readonly bodies: ReadonlyMap<string, Erased> };
  /** The lists of inputs of the range's assessments, each with the index of one that has it. */
  readonly inputs: ReadonlyMap<string, number>;
  /** Names of those that snapshots and runs of the range are of. */
  readonly collectors: ReadonlySet<string>;
  /** Digests of the certificates that the log's configurations and its genesis name. */
  readonly authorities: ReadonlySet<string>;
}

/** Reads the whole log, and writes the entries of the range to a file, a line each. */
async function scanLog(reader: StoreReader, range: Range, path: string, options: AskOptions): Promise<Scan> {
  const finder = createContext(range);
  const indexes: number[] = [];
  const erased = new Map<string, Erased>();
  const inputs = new Map<string, number>();
  const collectors = new Set<string>();
  const authorities = new Set<string>();
  await using file = await spoolFile(path);
  const total = reader.checkpoint().size;
  for await (const entry of reader.entries()) {
    const { index, predicate } = entry;
    finder.see(entry);
    for (const ca of authoritiesOf(entry)) authorities.add(ca);
    if (index % 256 === 0) options.progress?.(index, total);
    if (predicate === 'erasure') {
      indexes.push(index);
      for await (const { id, ...line } of readErasure(reader.store, entry))
        erased.set(id, { index, ...line });
    }
    if (index < range.first || index >= range.end) continue;
    await file.write(`${JSON.stringify(entry)}\n`);
    const { collector } = entry.fields;
    if (typeof collector === 'string') collectors.add(collector);
    const list = predicate === 'assessment' ? bodyNamed(entry, 'inputs') : undefined;
    if (list !== undefined) inputs.set(list, index);
  }
  await file.end();
  return { finder, erasures: { indexes, bodies: erased }, inputs, collectors, authorities };
}

async function findContext(
  reader: StoreReader,
  { finder, inputs }: Scan,
  { first }: Range,
  bodies: StoreBodies,
): Promise<readonly Sealed[]> {
  const used = new Set<number>();
  for (const [list, at] of inputs) {
    for (const line of await bodies.kept(list, at)) {
      const index = snapshotUsed(line);
      if (index !== undefined && index < first) used.add(index);
    }
  }
  const read = (indexes: Iterable<number>) => Promise.all([...indexes].map((index) => reader.entry(index)));
  return read(finder.indexes(await read(used)));
}

/** Every check of the configurations, as often as it is in one. */
async function sealedChecks(configurations: readonly Sealed[], bodies: StoreBodies): Promise<Check[]> {
  const checks: Check[] = [];
  for (const entry of configurations) {
    const documents = bodyNamed(entry, 'documents');
    if (documents === undefined) continue;
    for (const line of await bodies.kept(documents, entry.index)) {
      const check = checkIn(line);
      if (check !== undefined) checks.push(check);
    }
  }
  return checks;
}

async function selectBodies(chosen: Chosen, entry: Sealed, bodies: StoreBodies): Promise<void> {
  for (const { sha256 } of bodiesOf(chosen, entry)) bodies.add(sha256, entry.index);
  const verdicts = entry.predicate === 'assessment' ? bodyNamed(entry, 'verdicts') : undefined;
  if (verdicts === undefined) return;
  for (const line of await bodies.kept(verdicts, entry.index)) {
    const body = verdictBody(chosen, line);
    if (body !== undefined) bodies.add(body, entry.index);
  }
}

/** To the sizes known so far: those with tokens in the range, and for entries after it the first with tokens that covers each. */
async function checkpointsOf(
  { stamped, tokens }: Pick<StoreCheckpoints, 'stamped' | 'tokens'>,
  { first, end }: Range,
  sizes: Set<number>,
  context: readonly Sealed[],
): Promise<readonly number[]> {
  for (const size of stamped)
    if (size >= first && size <= end && (await tokens(size)).length > 0) sizes.add(size);
  for (const { index } of context.filter((entry) => entry.index >= end)) {
    for (const size of stamped.filter((one) => one > index)) {
      if ((await tokens(size)).length === 0) continue;
      sizes.add(size);
      break;
    }
  }
  sizes.delete(0);
  return [...sizes].sort((one, other) => one - other);
}

async function* spooledEntries(path: string): AsyncGenerator<Sealed> {
  for await (const line of spooledLines(path)) {
    const entry: Sealed = JSON.parse(line);
    yield entry;
  }
}

/** Who can write to the store could else put certificates and tokens of his own into it. */
function assertSealed(size: number, used: readonly string[], sealed: ReadonlySet<string>): void {
  const stranger = used.find((ca) => !sealed.has(ca));
  if (stranger === undefined) return;
  throw new EvidenceError(
    'corrupt',
    `a token over log/checkpoints/${size} is vouched for by ${tsaPath(stranger)}, which no sealed configuration names`,
  );
}

function assertCollectors(asked: readonly string[] | null, known: ReadonlySet<string>): void {
  const unknown = asked?.find((name) => !known.has(name));
  if (unknown === undefined) return;
  const names = [...known].sort(compareUtf8).join(', ');
  throw new AuditError(
    'question',
    `no collector ${unknown} ran in the period; there are: ${names || 'none'}`,
  );
}
