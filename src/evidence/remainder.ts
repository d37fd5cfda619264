import { EvidenceError } from './error.ts';
import { leafHash } from './merkle.ts';

/** What stands in the place of an erased line: JCS of its leaf hash. A record has an id, so it never looks like this. */
const PLACEHOLDER = /^\{"erased":"([0-9a-f]{64})"\}$/;
const PLACEHOLDER_BYTES = 77;

export interface Erasing {
  /** What remains, line by line; to be read once. */
  readonly lines: AsyncGenerator<Uint8Array>;
  /** How many lines are erased by now, those that were before included. Final at the end. */
  erased(): number;
  /** Ids that were asked for and not met by now. */
  missed(): readonly string[];
}

/**
 * Replaces the lines of a body, or of what remains of one, whose ids are given (ADR 0017), at constant memory. Lines are without their LF.
 * `lines` throws `corrupt` for a line that is neither a record nor the place of an erased one.
 */
export function eraseLines(lines: AsyncIterable<Uint8Array>, ids: ReadonlySet<string>): Erasing {
  const met = new Set<string>();
  let erased = 0;
  async function* replaced(): AsyncGenerator<Uint8Array> {
    for await (const line of lines) {
      const id = idOf(line);
      if (id !== undefined && !ids.has(id)) {
        yield line;
        continue;
      }
      erased += 1;
      if (id !== undefined) met.add(id);
      yield id === undefined ? line : placeholder(leafHash(line));
    }
  }
  return {
    lines: replaced(),
    erased: () => erased,
    missed: () => [...ids].filter((id) => !met.has(id)),
  };
}

/**
 * The leaf hash that a line of a remainder counts with in the root that was signed: of an erased line, the one that it names.
 * Throws `corrupt` for a line that is neither a record nor exactly what stands for an erased one.
 */
export function remainderLeaf(line: Uint8Array): Uint8Array {
  const erased = erasedLeaf(line);
  if (erased !== undefined) return Buffer.from(erased, 'hex');
  idOf(line);
  return leafHash(line);
}

/** The leaf hash, hex, of the erased line that this one stands for; undefined for any other line. */
export function erasedLeaf(line: Uint8Array): string | undefined {
  if (line.length !== PLACEHOLDER_BYTES) return undefined;
  return PLACEHOLDER.exec(textOf(line))?.[1];
}

function placeholder(hash: Uint8Array): Uint8Array {
  return Buffer.from(`{"erased":"${Buffer.from(hash).toString('hex')}"}`);
}

/** Of a record; undefined for an erased one. */
function idOf(line: Uint8Array): string | undefined {
  if (erasedLeaf(line) !== undefined) return undefined;
  const value = parse(line);
  if (typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string')
    return value.id;
  throw new EvidenceError('corrupt', 'a line is neither a record with an id nor the place of an erased one');
}

function parse(line: Uint8Array): unknown {
  try {
    return JSON.parse(textOf(line));
  } catch (cause) {
    throw new EvidenceError('corrupt', 'a line is not JSON', { cause });
  }
}

function textOf(line: Uint8Array): string {
  return Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString();
}
