import { createHash } from 'node:crypto';
import { z } from 'zod';
import { EvidenceError } from '../error.ts';
import { parseJcs } from '../jcs.ts';
import { createFrontier, leafHash } from '../merkle.ts';
import { bodyKey } from '../statement.ts';
import { decodeZstd } from '../zstd.ts';
import type { Ledger } from './ledger.ts';
import type { Findings } from './report.ts';
import type { Source } from './source.ts';

/** No writer makes longer lines. */
const MAX_LINE_BYTES = 1 << 24;
const LF = 10;
const DIGEST = /^[0-9a-f]{64}$/;

const recordSchema = z.looseObject({
  id: z.string().min(1),
  salt: z.string().regex(/^[0-9a-f]{32}$/),
});

type BodyRecord = z.infer<typeof recordSchema>;

export interface BodySums {
  readonly count: number;
  /** Hex. */
  readonly root: string;
}

/** Examines every body that an entry refers to, then what the entries say of them. Returns how many. */
export async function checkBodies(
  source: Source,
  ledger: Ledger,
  findings: Findings,
  progress: (done: number) => void,
): Promise<number> {
  let done = 0;
  async function check(sha256: string, take?: (record: BodyRecord) => void): Promise<void> {
    try {
      const sums = await readBody(source, sha256, take);
      if (sums === undefined) findings.problem('missing', bodyKey(sha256), 'an entry refers to this body');
      else ledger.setBody(sha256, sums.count, sums.root);
    } catch (error) {
      findings.caught(bodyKey(sha256), error);
    }
    done += 1;
    progress(done);
  }
  function takeReference({ body }: BodyRecord): void {
    if (typeof body === 'string' && DIGEST.test(body)) ledger.addNested(body);
    else if (body !== null) throw new EvidenceError('corrupt', 'a line refers to no body, nor says null');
  }
  for (const sha256 of ledger.bodies())
    await check(sha256, ledger.isIndex(sha256) ? takeReference : undefined);
  for (const sha256 of ledger.takeNested()) await check(sha256);
  for (const { entry, field, count, root } of ledger.brokenClaims()) {
    const said = `${field}: no body of this entry has ${count} records with the root ${root}`;
    findings.problem('altered', `entry ${entry}`, said);
  }
  return done;
}

/**
 * Decodes a body and checks its form: its digest, canonical lines each ended by LF, sorted by the bytes of their unique ids.
 * Undefined when it isn't there. Throws `corrupt` and `io`.
 */
export async function readBody(
  source: Source,
  sha256: string,
  take: (record: BodyRecord) => void = () => undefined,
): Promise<BodySums | undefined> {
  const key = bodyKey(sha256);
  const compressed = await source.stream(key);
  if (compressed === undefined) return undefined;
  const hash = createHash('sha256');
  const frontier = createFrontier();
  let last: Uint8Array = new Uint8Array();
  for await (const line of lines(hashed(decodeZstd(compressed, key), hash), key)) {
    const record = parseRecord(line, `${key}, line ${frontier.size + 1}`);
    const id = Buffer.from(record.id);
    take(record);
    if (Buffer.compare(id, last) <= 0) {
      throw new EvidenceError('corrupt', `${key}, line ${frontier.size + 1}: out of order, or an id twice`);
    }
    frontier.append(leafHash(line));
    last = id;
  }
  const digest = hash.digest('hex');
  if (digest !== sha256) throw new EvidenceError('corrupt', `${key} decodes to other bytes: ${digest}`);
  return { count: frontier.size, root: Buffer.from(frontier.root()).toString('hex') };
}

function parseRecord(line: Uint8Array, where: string): BodyRecord {
  const record = recordSchema.safeParse(parseJcs(line, where));
  if (record.success) return record.data;
  const [issue] = record.error.issues;
  throw new EvidenceError('corrupt', `${where}: ${issue?.path.join('.')}: ${issue?.message}`);
}

async function* hashed(
  bytes: AsyncIterable<Uint8Array>,
  hash: { update(chunk: Uint8Array): unknown },
): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    hash.update(chunk);
    yield chunk;
  }
}

/** The lines without their LF. Throws `corrupt` when the last has none, or one is too long. */
async function* lines(bytes: AsyncIterable<Uint8Array>, where: string): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let held = 0;
  for await (const chunk of bytes) {
    let begin = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, begin)) {
      yield Buffer.concat([...parts, chunk.subarray(begin, end)]);
      [parts, held, begin] = [[], 0, end + 1];
    }
    const rest = chunk.subarray(begin);
    if (rest.length > 0) parts.push(rest);
    held += rest.length;
    if (held > MAX_LINE_BYTES)
      throw new EvidenceError('corrupt', `${where}: a line over ${MAX_LINE_BYTES} bytes`);
  }
  if (held > 0) throw new EvidenceError('corrupt', `${where}: the last line has no end`);
}
