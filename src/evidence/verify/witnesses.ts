import { createHash } from 'node:crypto';
import { cosignaturesKey } from '../anchor.ts';
import { checkpointKey } from '../checkpoint.ts';
import { openCosignatures } from '../cosignature.ts';
import type { WitnessKey } from '../cosignature.ts';
import { EvidenceError } from '../error.ts';
import { parseNote } from '../note.ts';
import type { Findings, Trust, Witnessed } from './report.ts';
import type { Source } from './source.ts';

/** Gathers what witnesses have cosigned. */
export interface WitnessCheck {
  /** The checkpoint of a size, as published, and the lines kept beside it. */
  add(size: number, checkpoint: Uint8Array, lines: Uint8Array): void;
  /** The newest checkpoint that each witness has cosigned, in their order. */
  newest(): Witnessed[];
  /** Names in lines of keys that were not given. */
  unknown(): readonly string[];
}

const KEPT_NAMES = 20;

export function createWitnessCheck(witnesses: readonly WitnessKey[], findings: Findings): WitnessCheck {
  const newest = new Map<WitnessKey, Witnessed>();
  const unknown = new Set<string>();
  return {
    add(size, checkpoint, lines) {
      const where = cosignaturesKey(size);
      try {
        const { text } = parseNote(checkpoint);
        const opened = openCosignatures(text, decode(lines), witnesses);
        for (const { witness, time } of opened.verified) {
          if (size >= (newest.get(witness)?.size ?? 0))
            newest.set(witness, { witness: witness.name, size, time });
        }
        for (const name of opened.unknown) if (unknown.size < KEPT_NAMES) unknown.add(name);
      } catch (error) {
        if (!(error instanceof EvidenceError)) throw error;
        findings.problem('signature', where, error.message);
      }
    },
    newest: () => witnesses.flatMap((witness) => newest.get(witness) ?? []),
    unknown: () => [...unknown],
  };
}

function decode(lines: Uint8Array): string {
  const text = Buffer.from(lines).toString('utf8');
  if (Buffer.compare(Buffer.from(text), lines) === 0) return text;
  throw new EvidenceError('corrupt', 'cosignatures are UTF-8');
}

export function trustInWitnesses(witnesses: readonly WitnessKey[]): Trust[] {
  return witnesses.map(({ name, text }) => ({
    use: 'witness',
    fingerprint: createHash('sha256').update(text).digest('hex'),
    name,
    from: 'given',
  }));
}

/** Reads the cosignatures beside all checkpoints of at most a size. */
export async function readCosignatures(
  source: Source,
  cosigned: readonly number[],
  size: number,
  check: WitnessCheck,
): Promise<void> {
  for (const at of cosigned) {
    if (at > size) return;
    const checkpoint = await source.get(checkpointKey(at));
    const lines = await source.get(cosignaturesKey(at));
    // Lines over no checkpoint are a file that nothing accounts for.
    if (checkpoint !== undefined && lines !== undefined) check.add(at, checkpoint, lines);
  }
}
