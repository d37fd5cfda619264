import { createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { CHECKPOINT_KEY, checkpointKey } from '../checkpoint.ts';
import type { CheckpointInfo } from '../contract.ts';
import { EvidenceError } from '../error.ts';
import { intentKey, parseIntent } from '../intent.ts';
import { equalBytes } from '../merkle.ts';
import { ed25519Key, parseCheckpoint, parseNote } from '../note.ts';
import type { NoteSignature } from '../note.ts';
import type { HighWater } from '../state.ts';
import type { Ledger } from './ledger.ts';
import type { Findings } from './report.ts';
import type { Source } from './source.ts';
import { firstAbove } from './time.ts';

/** The checkpoints of a store that a key of the log has signed. Whether all have that must, is judged when the entries before are known. */
export interface Heads {
  /** The largest: what is verified. */
  readonly head: CheckpointInfo;
  /** What `log/checkpoint` says; undefined when that is missing or wrong. */
  readonly newest: CheckpointInfo | undefined;
  /** Sizes of all of them, ascending. */
  readonly sizes: readonly number[];
}

/** Keys (SPKI, DER) by which a checkpoint of the log may be signed. */
export interface Signers {
  readonly origin: string;
  /** The checkpoint, and which of the keys signed it. Throws `corrupt` or `foreign-key`, beginning with `where`. */
  open(bytes: Uint8Array, where: string): Promise<SignedCheckpoint>;
}

export interface SignedCheckpoint {
  readonly checkpoint: CheckpointInfo;
  readonly signedBy: readonly Uint8Array[];
  /** Lines of other keys. */
  readonly others: number;
}

interface Known {
  readonly keyId: string;
  readonly spki: Uint8Array;
  readonly key: KeyObject;
}

export function createSigners(origin: string, spkis: readonly Uint8Array[]): Signers {
  const known = spkis.map((spki): Known => {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    return { keyId: ed25519Key(origin, spki).keyId, spki, key };
  });
  return { origin, open: (bytes, where) => openSigned(bytes, origin, known, where) };
}

async function openSigned(
  bytes: Uint8Array,
  origin: string,
  known: readonly Known[],
  where: string,
): Promise<SignedCheckpoint> {
  try {
    const { text, signatures } = parseNote(bytes);
    const ours = (line: NoteSignature): Known | undefined =>
      line.name === origin ? known.find(({ keyId }) => keyId === line.keyId) : undefined;
    const signedBy: Uint8Array[] = [];
    for (const line of signatures) {
      const signer = ours(line);
      if (signer === undefined) continue;
      const repeated = signedBy.includes(signer.spki);
      if (repeated || !(await verifyElsewhere(Buffer.from(text), signer.key, line.signature))) {
        throw new EvidenceError('corrupt', `the signature of the key ${line.keyId} is wrong or repeated`);
      }
      signedBy.push(signer.spki);
    }
    if (signedBy.length === 0) throw new EvidenceError('foreign-key', 'no key of this log signed it');
    const { size, root, extensions, origin: named } = parseCheckpoint(text);
    if (named !== origin) throw new EvidenceError('corrupt', `the origin is ${named}`);
    if (extensions.length > 0) throw new EvidenceError('corrupt', 'lines follow the root');
    const note = Buffer.from(bytes).toString('utf8');
    const checkpoint = { origin, size, root: Buffer.from(root).toString('hex'), note };
    return { checkpoint, signedBy, others: signatures.length - signedBy.length };
  } catch (cause) {
    if (!(cause instanceof EvidenceError)) throw cause;
    throw new EvidenceError(cause.code, `${where}: ${cause.message}`, { cause });
  }
}

function verifyElsewhere(message: Uint8Array, key: KeyObject, signature: Uint8Array): Promise<boolean> {
  return new Promise((resolve, reject) => {
    verify(null, message, key, signature, (error, holds) => {
      if (error === null) resolve(holds);
      else reject(error);
    });
  });
}

/** Why a checkpoint of a size, signed by these keys, is not what the keys in force there had to sign; undefined when it is. */
export function signingFault(
  signedBy: readonly Uint8Array[],
  inForce: readonly Uint8Array[],
): string | undefined {
  const missing = inForce.filter((key) => !signedBy.some((signer) => equalBytes(signer, key))).length;
  if (missing === 0) return undefined;
  return signedBy.length < inForce.length
    ? `${inForce.length} keys were in force, and ${signedBy.length} signed it`
    : 'a key signed it that was not in force';
}

/** Checkpoints that are opened side by side. */
const TOGETHER = 256;

/** Opens every checkpoint. Undefined when none can be trusted; why is among the findings. */
export async function openHeads(
  source: Source,
  listed: readonly number[],
  newestBytes: Uint8Array | undefined,
  signers: Signers,
  ledger: Ledger,
  findings: Findings,
): Promise<Heads | undefined> {
  const tryOpen = async (key: string, bytes: Uint8Array | undefined) => {
    try {
      if (bytes === undefined) return undefined;
      const signed = await signers.open(bytes, key);
      if (signed.others > 0)
        findings.note(`${key} has ${signed.others} more signatures, of keys that are not known here`);
      return signed;
    } catch (error) {
      findings.caught(key, error);
      return undefined;
    }
  };
  const newest = await tryOpen(CHECKPOINT_KEY, newestBytes);
  const sizes: number[] = [];
  let head = newest?.checkpoint;
  for (let at = 0; at < listed.length; at += TOGETHER) {
    const some = listed.slice(at, at + TOGETHER).map(async (size) => {
      const key = checkpointKey(size);
      return { size, signed: await tryOpen(key, await source.get(key)) };
    });
    for (const { size, signed } of await Promise.all(some)) {
      if (signed === undefined) continue;
      const { checkpoint, signedBy } = signed;
      if (checkpoint.size !== size) {
        findings.problem('altered', checkpointKey(size), `holds the checkpoint of size ${checkpoint.size}`);
        continue;
      }
      sizes.push(size);
      ledger.addCheckpoint(size, checkpoint.root, signedBy);
      if (head === undefined || size > head.size) head = checkpoint;
    }
  }
  if (newest !== undefined) await checkPublishedTwice(source, newest, sizes, ledger, findings);
  return head === undefined ? undefined : { head, newest: newest?.checkpoint, sizes };
}

async function checkPublishedTwice(
  source: Source,
  { checkpoint: newest, signedBy }: SignedCheckpoint,
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
  const place = firstAbove(sizes, newest.size);
  if (sizes[place - 1] !== newest.size) sizes.splice(place, 0, newest.size);
  ledger.addCheckpoint(newest.size, newest.root, signedBy);
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
  const beyond = sizes.length - firstAbove(sizes, published);
  if (beyond === 0) return;
  const interrupted = beyond === 1 && (await intentEnd(source, published)) === head.size;
  if (interrupted && mark !== undefined) {
    findings.note(`the commit of ${published} to ${head.size} was interrupted before it was published`);
  } else if (newest === undefined) {
    findings.problem('missing', CHECKPOINT_KEY, `the log goes on to ${head.size}`);
  } else {
    findings.problem('rolled-back', CHECKPOINT_KEY, `says ${published}, and the log goes on to ${head.size}`);
  }
}

/** What lies directly in `log/checkpoints/`. */
export interface CheckpointFiles {
  /** Sizes of checkpoints, ascending. */
  readonly sizes: readonly number[];
  /** Tokens, by size, then by authority. */
  readonly tokens: readonly { readonly size: number; readonly authority: string }[];
  /** Sizes that have signature lines of witnesses, ascending. */
  readonly cosigned: readonly number[];
}

/** Other names are left to the walk over the whole store. */
export async function listCheckpoints(source: Source): Promise<CheckpointFiles> {
  const [sizes, cosigned]: [number[], number[]] = [[], []];
  const tokens: { size: number; authority: string }[] = [];
  for await (const { key, regular } of source.walk('log/checkpoints/')) {
    const file = regular ? parseCheckpointFile(key) : undefined;
    if (file === undefined) continue;
    if (file.kind === 'checkpoint') sizes.push(file.size);
    if (file.kind === 'cosignatures') cosigned.push(file.size);
    if (file.kind === 'token') tokens.push({ size: file.size, authority: file.authority });
  }
  const ascending = (one: number, other: number): number => one - other;
  tokens.sort((one, other) => one.size - other.size || (one.authority < other.authority ? -1 : 1));
  return { sizes: sizes.sort(ascending), tokens, cosigned: cosigned.sort(ascending) };
}

export type CheckpointFile =
  | { readonly kind: 'checkpoint' | 'cosignatures'; readonly size: number }
  | { readonly kind: 'token'; readonly size: number; readonly authority: string };

const FILE = /^log\/checkpoints\/(0|[1-9]\d{0,14})(?:\.(sigs|([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\.tsr))?$/;

/** What is kept under this key: a checkpoint, or what others have signed over one. Undefined for any other key. */
export function parseCheckpointFile(key: string): CheckpointFile | undefined {
  const [whole, digits, suffix, authority] = FILE.exec(key) ?? [];
  if (whole === undefined) return undefined;
  const size = Number(digits);
  if (authority !== undefined) return { kind: 'token', size, authority };
  return { kind: suffix === undefined ? 'checkpoint' : 'cosignatures', size };
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
