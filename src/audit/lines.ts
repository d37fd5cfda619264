import { EvidenceError } from '../evidence/error.ts';
import { erasedLeaf } from '../evidence/remainder.ts';
import type { Line } from './contract.ts';

/** The lines of a body, or of what remains of one, from their bytes. Throws `corrupt` for a line that is neither a record nor the place of an erased one. */
export async function* toLines(lines: AsyncIterable<Uint8Array>, sha256: string): AsyncGenerator<Line> {
  let number = 0;
  for await (const raw of lines) {
    number += 1;
    yield toLine(raw, () => `body ${sha256}: line ${number}`);
  }
}

function toLine(raw: Uint8Array, where: () => string): Line {
  const erased = erasedLeaf(raw);
  if (erased !== undefined) return { erased, raw };
  const { salt, ...record } = parse(raw, where);
  if (typeof salt !== 'string' || !hasId(record))
    throw new EvidenceError('corrupt', `${where()} is not a record with an id and a salt`);
  return { record, raw };
}

function parse(raw: Uint8Array, where: () => string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString());
  } catch (cause) {
    throw new EvidenceError('corrupt', `${where()} is not JSON`, { cause });
  }
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function hasId(record: Record<string, unknown>): record is Record<string, unknown> & { readonly id: string } {
  return typeof record['id'] === 'string' && record['id'] !== '';
}
