import { createHash } from 'node:crypto';
import { z } from 'zod';
import { EvidenceError } from '../error.ts';
import { parseJcs } from '../jcs.ts';
import { createFrontier, leafHash } from '../merkle.ts';
import { erasedLeaf } from '../remainder.ts';
import { bodyKey } from '../statement.ts';
import { decodeZstd } from '../zstd.ts';
import type { Source } from './source.ts';

/** No writer makes longer lines. */
const MAX_LINE_BYTES = 1 << 24;
const LF = 10;

const recordSchema = z.looseObject({
  id: z.string().min(1),
  salt: z.string().regex(/^[0-9a-f]{32}$/),
});

/** A line of a body, its salt included. */
export type BodyRecord = z.infer<typeof recordSchema>;

export interface BodySums {
  readonly count: number;
  /** RFC 6962, hex: an erased line counts with its leaf hash. */
  readonly root: string;
  /** How many lines are erased. */
  readonly erased: number;
}

export interface BodyForm {
  /** Takes each record as it comes: before the digest is known to be right. */
  readonly take?: (record: BodyRecord) => void;
  /** What remains of a body, in which `{"erased":"<leaf hash>"}` stands for a line. */
  readonly remainder?: boolean;
}

/**
 * Reads the uncompressed bytes of a body and checks its form: its digest, canonical lines each ended by LF, sorted by the bytes of their
 * unique ids. `where` begins the message of what it throws: `corrupt`, and what reading throws.
 */
async function readBody(
  bytes: AsyncIterable<Uint8Array>,
  sha256: string,
  where: string,
  { take, remainder = false }: BodyForm = {},
): Promise<BodySums> {
  const hash = createHash('sha256');
  const frontier = createFrontier();
  let last: Uint8Array = new Uint8Array();
  let erased = 0;
  function add(line: Uint8Array): void {
    const gone = remainder ? erasedLeaf(line) : undefined;
    if (gone !== undefined) {
      erased += 1;
      frontier.append(Buffer.from(gone, 'hex'));
      return;
    }
    const record = parseRecord(line, `${where}, line ${frontier.size + 1}`);
    const id = Buffer.from(record.id);
    take?.(record);
    if (Buffer.compare(id, last) <= 0) {
      throw new EvidenceError('corrupt', `${where}, line ${frontier.size + 1}: out of order, or an id twice`);
    }
    frontier.append(leafHash(line));
    last = id;
  }
  const lines = createLines(where, add);
  for await (const chunk of bytes) {
    hash.update(chunk);
    lines.push(chunk);
  }
  lines.end();
  const digest = hash.digest('hex');
  if (digest !== sha256) throw new EvidenceError('corrupt', `${where} decodes to other bytes: ${digest}`);
  return { count: frontier.size, root: Buffer.from(frontier.root()).toString('hex'), erased };
}

/** As readBody, of a stored body. Undefined when it isn't there. Throws `corrupt` and `io`. */
export async function readStoredBody(
  source: Source,
  sha256: string,
  form?: BodyForm,
): Promise<BodySums | undefined> {
  const key = bodyKey(sha256);
  const compressed = await source.stream(key);
  return compressed === undefined ? undefined : readBody(decodeZstd(compressed, key), sha256, key, form);
}

function parseRecord(line: Uint8Array, where: string): BodyRecord {
  const record = recordSchema.safeParse(parseJcs(line, where));
  if (record.success) return record.data;
  const [issue] = record.error.issues;
  throw new EvidenceError('corrupt', `${where}: ${issue?.path.join('.')}: ${issue?.message}`);
}

/** Cuts bytes into lines without their LF. Throws `corrupt` when the last has none, or one is too long. */
function createLines(
  where: string,
  take: (line: Uint8Array) => void,
): { push(chunk: Uint8Array): void; end(): void } {
  let parts: Uint8Array[] = [];
  let held = 0;
  return {
    push(chunk) {
      let begin = 0;
      for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, begin)) {
        const rest = chunk.subarray(begin, end);
        take(parts.length === 0 ? rest : Buffer.concat([...parts, rest]));
        [parts, held, begin] = [[], 0, end + 1];
      }
      const rest = chunk.subarray(begin);
      if (rest.length > 0) parts.push(rest);
      held += rest.length;
      if (held > MAX_LINE_BYTES)
        throw new EvidenceError('corrupt', `${where}: a line over ${MAX_LINE_BYTES} bytes`);
    },
    end() {
      if (held > 0) throw new EvidenceError('corrupt', `${where}: the last line has no end`);
    },
  };
}
