import { link, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EvidenceError } from '../../evidence/error.ts';
import type { Signer } from '../../evidence/keys.ts';
import { signNote } from '../../evidence/note.ts';
import { equalBytes, sha256 } from '../../evidence/merkle.ts';
import { publicKeyPath } from '../../evidence/public-keys.ts';
import type { StoreReader } from '../../evidence/reader.ts';
import type { Question, Write } from '../contract.ts';
import { AuditError } from '../error.ts';
import {
  bodyName,
  DERIVED,
  MANIFEST,
  MANIFEST_NOTE,
  type Manifest,
  manifestNoteText,
  manifestPieces,
  REVISION,
  sumLine,
  SUMS,
} from '../layout.ts';
import type { KindsOf } from '../selection.ts';
import { createSpool } from '../spool.ts';
import { bodyBytes } from '../store-bodies.ts';
import { openStoreEvidence, type StoreEvidence } from '../store-evidence.ts';
import { type PlannedFiles, planFiles } from './files.ts';
import { addLog } from './log.ts';
import { writeZip } from './zip.ts';

export interface BundleProgress {
  readonly stage: 'entries' | 'proofs' | 'bodies' | 'derived' | 'writing';
  readonly done: number;
  readonly total: number;
}

export interface BundleOptions {
  readonly question: Omit<Question, 'at'>;
  /** The key that signs the log's checkpoints. */
  readonly signer: Signer;
  readonly kindsOf: KindsOf;
  /** Writes every derived file. */
  readonly derive: (evidence: StoreEvidence, question: Question, write: Write) => Promise<void>;
  readonly agent: Manifest['agent'];
  /** Where the ZIP goes. Temporary files come beside it. */
  readonly file: string;
  /** Replace a file that is there. */
  readonly force?: boolean;
  readonly progress?: (progress: BundleProgress) => void;
}

export interface WrittenBundle {
  readonly question: Question;
  readonly range: { readonly first: number; readonly end: number };
  readonly entries: number;
  readonly bodies: number;
  readonly files: number;
  readonly bytes: number;
  /** SHA-256, hex, of manifest.json. */
  readonly manifest: string;
}

/**
 * Writes the bundle that answers a question at the reader's checkpoint (docs/adr/0018-bundle.md): the same bytes whenever it is asked there. Nothing is at
 * `file` before all of it is durable. Throws `question`, `io` (also when `file` is there already), and EvidenceError for what doesn't verify.
 */
export async function writeBundle(reader: StoreReader, options: BundleOptions): Promise<WrittenBundle> {
  assertSigner(reader, options.signer);
  if (options.force !== true) await assertAbsent(options.file);
  const directory = dirname(options.file);
  const tell = options.progress ?? (() => {});
  await using evidence = await openStoreEvidence(reader, {
    question: options.question,
    temporary: directory,
    kindsOf: options.kindsOf,
    progress: (done, total) => tell({ stage: 'entries', done, total }),
  });
  await using spool = await createSpool(directory);
  const files = planFiles(spool, (digest) => bodyBytes(reader, digest));
  const entries = await addLog(reader, evidence, files, (done, total) =>
    tell({ stage: 'proofs', done, total }),
  );
  const bodies = await addBodies(evidence, files, tell);
  await addDerived(evidence, files, options.derive, tell);
  const manifest = await addManifest(evidence, files, options);
  const { count, bytes } = totals(files);
  const draft = join(spool.directory, 'bundle.zip');
  let written = 0;
  await writeZip(files.inOrder(), draft, (more) => {
    written += more;
    tell({ stage: 'writing', done: written, total: bytes });
  });
  await publish(draft, options.file, options.force === true);
  const { question, range } = evidence;
  return { question, range, entries, bodies, files: count, bytes, manifest };
}

function assertSigner(reader: StoreReader, { spki }: Signer): void {
  const { size } = reader.checkpoint();
  if (reader.identity.keys.checkpointKeys(size).some((key) => equalBytes(key, spki))) return;
  throw new EvidenceError(
    'foreign-key',
    `the checkpoint key given (${publicKeyPath(spki)}) is not in force at the checkpoint of size ${size}: ` +
      `expected ${reader.identity.keys.checkpointKeys(size).map(publicKeyPath).join(' or ')}`,
  );
}

async function assertAbsent(path: string): Promise<void> {
  const found = await open(path).catch(() => undefined);
  if (found === undefined) return;
  await found.close();
  throw taken(path);
}

function taken(path: string): AuditError {
  return new AuditError('io', `${path} is there already: give --force to replace it, or another name`);
}

async function addBodies(
  { bodies }: StoreEvidence,
  files: PlannedFiles,
  tell: (progress: BundleProgress) => void,
): Promise<number> {
  const total = bodies.count();
  const added = new Set<string>();
  let done = 0;
  for (const { sha256: digest, present } of bodies.all()) {
    done += 1;
    if (present === null || added.has(present)) continue;
    if (present !== digest) {
      added.add(present);
      // What remains is compared with the root that was signed.
      for await (const _ of (await bodies.lines(digest)) ?? []);
    }
    await files.addBody(bodyName(present), present);
    tell({ stage: 'bodies', done, total });
  }
  return total;
}

async function addDerived(
  evidence: StoreEvidence,
  files: PlannedFiles,
  derive: BundleOptions['derive'],
  tell: (progress: BundleProgress) => void,
): Promise<void> {
  let done = 0;
  await derive(evidence, evidence.question, async (name, bytes) => {
    await files.spool(name, bytes);
    tell({ stage: 'derived', done: (done += 1), total: DERIVED.length });
  });
}

/** Lists all other files, signs that list, and sums all of it. Returns the SHA-256 of the list. */
async function addManifest(
  { origin, sample, question, range, checkpoint }: StoreEvidence,
  files: PlannedFiles,
  { agent, signer }: BundleOptions,
): Promise<string> {
  const head = {
    apiVersion: 'annexa.dev/bundle/v1',
    revision: REVISION,
    origin,
    sample,
    question,
    range,
    checkpoint: hex(sha256(Buffer.from(checkpoint.note))),
    agent,
  } as const;
  const digest = await files.spool(MANIFEST, utf8(manifestPieces(head, files.byName())));
  const key = { name: origin, spki: signer.spki, sign: (bytes: Uint8Array) => signer.sign(bytes) };
  files.add(MANIFEST_NOTE, await signNote(manifestNoteText(origin, digest), [key]));
  await files.spool(SUMS, utf8(sums(files)));
  return digest;
}

function* sums(files: PlannedFiles): Generator<string> {
  for (const { name, sha256: digest } of files.byName()) yield sumLine(name, digest);
}

const PIECE = 1 << 18;

/** In pieces of some size, not a line each. */
function* utf8(texts: Iterable<string>): Generator<Uint8Array> {
  let held: string[] = [];
  let length = 0;
  for (const text of texts) {
    held.push(text);
    length += text.length;
    if (length < PIECE) continue;
    yield Buffer.from(held.join(''));
    [held, length] = [[], 0];
  }
  yield Buffer.from(held.join(''));
}

function totals(files: PlannedFiles): { readonly count: number; readonly bytes: number } {
  let [count, bytes] = [0, 0];
  for (const file of files.byName()) {
    count += 1;
    bytes += file.bytes;
  }
  return { count, bytes };
}

/** Gives the finished file its name, at once, and makes the name durable. */
async function publish(draft: string, file: string, force: boolean): Promise<void> {
  if (force) {
    await rename(draft, file);
  } else {
    await link(draft, file).catch((cause: unknown) => {
      if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') throw taken(file);
      throw cause;
    });
  }
  await using directory = await open(dirname(file));
  await directory.sync();
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
