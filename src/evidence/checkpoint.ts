import { EvidenceError } from './error.ts';
import type { CheckpointInfo } from './contract.ts';
import type { Signer } from './keys.ts';
import { ed25519Key, formatCheckpoint, openNote, parseCheckpoint, signNote } from './note.ts';

/** The checkpoint that the log publishes: the only object that ever changes. */
export const CHECKPOINT_KEY = 'log/checkpoint';

/** Where the checkpoint of a size stays for ever. */
export function checkpointKey(size: number): string {
  return `log/checkpoints/${size}`;
}

export async function signCheckpoint(
  origin: string,
  size: number,
  root: Uint8Array,
  signers: readonly Signer[],
): Promise<CheckpointInfo> {
  const text = formatCheckpoint(origin, size, root);
  const note = await signNote(
    text,
    signers.map((signer) => ({ name: origin, spki: signer.spki, sign: (bytes) => signer.sign(bytes) })),
  );
  return { origin, size, root: Buffer.from(root).toString('hex'), note };
}

/**
 * The checkpoint, signed under the origin by each of the keys (SPKI, DER), which are those that must sign its size. Lines of other keys are
 * ignored. Throws `corrupt` or `foreign-key`, beginning with `where`.
 */
export function openCheckpoint(
  bytes: Uint8Array,
  origin: string,
  spkis: readonly Uint8Array[],
  where: string,
): CheckpointInfo {
  return within(where, () => {
    const { text, signedBy } = openNote(
      bytes,
      spkis.map((spki) => ed25519Key(origin, spki)),
    );
    if (signedBy.length < spkis.length)
      throw new EvidenceError(
        'foreign-key',
        `it is signed by ${signedBy.length} of the ${spkis.length} keys in force`,
      );
    const checkpoint = parseCheckpoint(text);
    if (checkpoint.origin !== origin)
      throw new EvidenceError('corrupt', `the origin is ${checkpoint.origin}`);
    if (checkpoint.extensions.length > 0) throw new EvidenceError('corrupt', 'lines follow the root');
    const note = Buffer.from(bytes).toString('utf8');
    return { origin, size: checkpoint.size, root: Buffer.from(checkpoint.root).toString('hex'), note };
  });
}

/** Puts `where` before the message of an EvidenceError. */
export function within<T>(where: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof EvidenceError)) throw cause;
    throw new EvidenceError(cause.code, `${where}: ${cause.message}`, { cause });
  }
}
