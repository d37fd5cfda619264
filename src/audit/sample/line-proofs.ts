import {
  createFrontier,
  leafHash,
  nodeHash,
  proveInclusion,
  verifyInclusion,
} from '../../evidence/merkle.ts';
import type { Evidence, Line } from '../contract.ts';
import { AuditError } from '../error.ts';

/** A line of a body, and that it is one of the lines whose root was signed (RFC 6962 2.1.1). Hashes are hex. */
export interface ProvenLine {
  readonly id: string;
  /** As it was hashed: its salt included. */
  readonly line: string;
  readonly index: number;
  readonly size: number;
  readonly hashes: readonly string[];
  readonly root: string;
}

/** Lines of a body by record id, each proven against the signed root. Throws AuditError `incomplete` for an id that isn't there (any more), `invalid` for another root. */
export async function proveLines(
  evidence: Evidence,
  sha256: string,
  root: string,
  ids: ReadonlySet<string>,
): Promise<readonly ProvenLine[]> {
  const leaves: Uint8Array[] = [];
  const found: { readonly id: string; readonly index: number; readonly raw: Uint8Array }[] = [];
  for await (const line of await linesOf(evidence, sha256)) {
    if ('record' in line && ids.has(line.record.id)) {
      found.push({ id: line.record.id, index: leaves.length, raw: Uint8Array.from(line.raw) });
    }
    leaves.push('record' in line ? leafHash(line.raw) : Buffer.from(line.erased, 'hex'));
  }
  const lost = [...ids].filter((id) => !found.some((line) => line.id === id));
  if (lost.length > 0)
    throw new AuditError(
      'incomplete',
      `body ${sha256}: there is no record ${lost[0]}: erased on request, or never there`,
    );
  const frontier = createFrontier();
  for (const leaf of leaves) frontier.append(leaf);
  const computed = Buffer.from(frontier.root()).toString('hex');
  if (computed !== root)
    throw new AuditError(
      'invalid',
      `body ${sha256}: its lines have the root ${computed}, and ${root} was signed`,
    );
  const rows = nodesOf(leaves);
  return Promise.all(
    found.map(async ({ id, index, raw }) => {
      const hashes = await proveInclusion(
        index,
        leaves.length,
        async (level, at) => rows[level]?.[at] ?? new Uint8Array(),
      );
      if (!verifyInclusion(index, leaves.length, leafHash(raw), hashes, Buffer.from(root, 'hex')))
        throw new AuditError('invalid', `body ${sha256}: the proof of record ${id} doesn't hold`);
      const line = Buffer.from(raw).toString('utf8');
      return {
        id,
        line,
        index,
        size: leaves.length,
        hashes: hashes.map((hash) => Buffer.from(hash).toString('hex')),
        root,
      };
    }),
  );
}

export async function linesOf(evidence: Evidence, sha256: string): Promise<AsyncIterable<Line>> {
  const lines = await evidence.lines(sha256);
  if (lines === undefined)
    throw new AuditError('incomplete', `the body ${sha256} is not part of this evidence`);
  return lines;
}

/** The hashes of all perfect subtrees, by level. */
function nodesOf(leaves: readonly Uint8Array[]): readonly (readonly Uint8Array[])[] {
  const rows: (readonly Uint8Array[])[] = [leaves];
  for (let row = leaves; row.length > 1;) {
    const pairs = Math.floor(row.length / 2);
    row = Array.from({ length: pairs }, (_, at) => nodeHash(row[2 * at]!, row[2 * at + 1]!));
    rows.push(row);
  }
  return rows;
}
