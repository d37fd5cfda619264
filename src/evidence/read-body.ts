import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { BodyRecord } from './contract.ts';
import { EvidenceError } from './error.ts';
import { bodyKey } from './statement.ts';
import type { ObjectStore } from './store.ts';
import { decodeZstd } from './zstd.ts';

/** A longer line is neither stored nor read. */
export const MAX_LINE_BYTES = 1 << 24;
const LF = 0x0a;

const recordSchema = z.looseObject({ id: z.string().min(1), salt: z.string().regex(/^[0-9a-f]{32}$/) });

/**
 * The lines of a body, without their LF, at constant memory. Throws `corrupt` when the body is missing, isn't one zstd frame
 * and nothing more, or, at the end, when its bytes don't have the digest: nothing of it may be used before that.
 */
export async function* readLines(store: ObjectStore, sha256: string): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let rest: Uint8Array[] = [];
  let held = 0;
  for await (const chunk of decompressed(store, sha256)) {
    hash.update(chunk);
    let begin = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, begin)) {
      const tail = chunk.subarray(begin, end);
      yield rest.length === 0 ? tail : Buffer.concat([...rest, tail]);
      [rest, held, begin] = [[], 0, end + 1];
    }
    if (begin === chunk.length) continue;
    rest.push(chunk.subarray(begin));
    held += chunk.length - begin;
    if (held > MAX_LINE_BYTES) refuse(sha256, `a line is longer than ${MAX_LINE_BYTES} bytes`);
  }
  if (rest.length > 0) refuse(sha256, 'its last line has no LF');
  if (hash.digest('hex') !== sha256) refuse(sha256, 'its bytes have another digest');
}

/** The records of a body, salts taken off. Throws as readLines, and `corrupt` for a line that is not a record. */
export async function* readBody(
  store: ObjectStore,
  sha256: string,
): AsyncGenerator<BodyRecord & Record<string, unknown>> {
  let number = 0;
  for await (const line of readLines(store, sha256)) {
    number += 1;
    yield parseRecord(sha256, number, line);
  }
}

/** The record of a line, its salt taken off. Throws `corrupt`, naming the body and the line's number. */
export function parseRecord(
  sha256: string,
  number: number,
  line: Uint8Array,
): BodyRecord & Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString());
  } catch {
    refuse(sha256, `line ${number} is not JSON`);
  }
  const parsed = recordSchema.safeParse(value);
  if (!parsed.success) refuse(sha256, `line ${number} is not a record with an id and a salt`);
  const { salt: _salt, ...record } = parsed.data;
  return record;
}

async function* decompressed(store: ObjectStore, sha256: string): AsyncGenerator<Uint8Array> {
  const pieces = await store.stream(bodyKey(sha256));
  if (pieces === undefined) refuse(sha256, 'it is missing');
  yield* decodeZstd(pieces, `body ${sha256}`);
}

function refuse(sha256: string, why: string): never {
  throw new EvidenceError('corrupt', `body ${sha256}: ${why}`);
}
