import { CHECKPOINT_KEY, checkpointKey, openCheckpoint } from '../checkpoint.ts';
import type { CheckpointInfo } from '../contract.ts';
import { EvidenceError } from '../error.ts';
import { intentKey, parseIntent } from '../intent.ts';
import { parseNote } from '../note.ts';
import type { HighWater } from '../state.ts';
import type { Ledger } from './ledger.ts';
import type { Findings } from './report.ts';
import type { Source } from './source.ts';

/** The checkpoints of a store whose signatures verify. */
export interface Heads {
  /** The largest: what is verified. */
  readonly head: CheckpointInfo;
  /** What `log/checkpoint` says; undefined when that is missing or wrong. */
  readonly newest: CheckpointInfo | undefined;
  /** Sizes of all of them, ascending. */
  readonly sizes: readonly number[];
}

export interface LogIdentity {
  readonly origin: string;
  /** SPKI, DER. */
  readonly checkpoint: Uint8Array;
}

/** Opens every checkpoint. Undefined when none can be trusted; why is among the findings. */
export async function openHeads(
  source: Source,
  log: LogIdentity,
  ledger: Ledger,
  findings: Findings,
): Promise<Heads | undefined> {
  // First what is numbered, then the newest: a writer publishes in this order, so that at most one commit is beyond it.
  const numbered = await numbersIn(source, 'log/checkpoints/');
  const newest = await tryOpen(source, CHECKPOINT_KEY, log, findings);
  const sizes: number[] = [];
  let head = newest;
  for (const size of numbered) {
    const checkpoint = await tryOpen(source, checkpointKey(size), log, findings);
    if (checkpoint === undefined) continue;
    if (checkpoint.size !== size) {
      findings.problem('altered', checkpointKey(size), `holds the checkpoint of size ${checkpoint.size}`);
      continue;
    }
    sizes.push(size);
    ledger.addCheckpoint(size, checkpoint.root);
    if (head === undefined || size > head.size) head = checkpoint;
  }
  if (newest !== undefined) await checkPublishedTwice(source, newest, sizes, ledger, findings);
  return head === undefined ? undefined : { head, newest, sizes };
}

async function checkPublishedTwice(
  source: Source,
  newest: CheckpointInfo,
  sizes: number[],
  ledger: Ledger,
  findings: Findings,
): Promise<void> {
  const key = checkpointKey(newest.size);
  const bytes = await source.get(key);
  if (bytes === undefined) findings.problem('missing', key, 'the newest checkpoint is not under its size');
  else if (Buffer.from(bytes).toString('utf8') !== newest.note) {
    findings.problem('altered', key, `not the same as ${CHECKPOINT_KEY}`);
  }
  // Written since the folder was listed.
  if (!sizes.includes(newest.size)) sizes.push(newest.size);
  ledger.addCheckpoint(newest.size, newest.root);
}

/**
 * Judges whether the newest checkpoint was put back: `mark` is what was acknowledged here (undefined: not known). One commit
 * beyond it is what an interrupted writer leaves; the next one publishes it.
 */
export async function checkRollBack(
  source: Source,
  { head, newest, sizes }: Heads,
  mark: HighWater | undefined,
  findings: Findings,
): Promise<void> {
  const published = newest?.size ?? 0;
  if (mark !== undefined && mark.size > published) {
    const said = `${mark.size} entries were acknowledged here, and it has ${published}`;
    findings.problem('rolled-back', CHECKPOINT_KEY, said);
    return;
  }
  if (mark === undefined) {
    findings.note(
      'no high-water mark is beside this store: that its newest entries were taken away can only be excluded by a checkpoint kept elsewhere',
    );
  }
  const beyond = sizes.filter((size) => size > published);
  if (beyond.length === 0) return;
  const interrupted = beyond.length === 1 && (await intentEnd(source, published)) === head.size;
  if (interrupted && mark !== undefined) {
    findings.note(`the commit of ${published} to ${head.size} was interrupted before it was published`);
  } else if (newest === undefined) {
    findings.problem('missing', CHECKPOINT_KEY, `the log goes on to ${head.size}`);
  } else {
    findings.problem('rolled-back', CHECKPOINT_KEY, `says ${published}, and the log goes on to ${head.size}`);
  }
}

/** The numbers that name objects directly in a folder, ascending. Other names are left to the walk over the whole store. */
async function numbersIn(source: Source, folder: string): Promise<number[]> {
  const numbers: number[] = [];
  for await (const { key, regular } of source.walk(folder)) {
    const name = key.slice(folder.length);
    if (regular && /^(0|[1-9]\d{0,14})$/.test(name)) numbers.push(Number(name));
  }
  return numbers.sort((a, b) => a - b);
}

async function intentEnd(source: Source, from: number): Promise<number | undefined> {
  try {
    const bytes = await source.get(intentKey(from));
    return bytes === undefined ? undefined : parseIntent(bytes, from).size;
  } catch (error) {
    if (error instanceof EvidenceError) return undefined;
    throw error;
  }
}

async function tryOpen(
  source: Source,
  key: string,
  log: LogIdentity,
  findings: Findings,
): Promise<CheckpointInfo | undefined> {
  try {
    const bytes = await source.get(key);
    if (bytes === undefined) return undefined;
    const checkpoint = openCheckpoint(bytes, log.origin, [log.checkpoint], key);
    const others = parseNote(bytes).signatures.length - 1;
    if (others > 0) findings.note(`${key} has ${others} more signatures, of keys that are not known here`);
    return checkpoint;
  } catch (error) {
    findings.caught(key, error);
    return undefined;
  }
}
