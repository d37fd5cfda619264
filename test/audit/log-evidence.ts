import type { Evidence, Line } from '../../src/audit/contract.ts';
import type { Sealed } from '../../src/evidence/contract.ts';
import { readLines } from '../../src/evidence/read-body.ts';
import { readStore } from '../../src/evidence/reader.ts';
import { own } from '../../src/engine/own.ts';

export interface EvidenceChange {
  readonly first?: number;
  /** Gives other records than those sealed, or takes a body away. */
  readonly body?: (
    sha256: string,
    records: Record<string, unknown>[],
  ) => Record<string, unknown>[] | undefined;
  readonly entry?: (entry: Sealed) => Sealed;
}

/** The log in a directory as evidence, with what a test changes in it. */
export async function logEvidence(directory: string, change: EvidenceChange = {}): Promise<Evidence> {
  const reader = await readStore(directory);
  const { first = 0, body = (_, records) => records, entry = (one) => one } = change;
  const checkpoint = reader.checkpoint();
  async function* range(from: number, to: number): AsyncGenerator<Sealed> {
    for await (const one of reader.entries(from, to)) yield entry(one);
  }
  return {
    origin: reader.origin,
    sample: reader.sample,
    checkpoint,
    range: { first, end: checkpoint.size },
    context: await Array.fromAsync(range(0, first)),
    entries: () => range(first, checkpoint.size),
    tokens: [],
    async lines(sha256) {
      const lines: { record: Record<string, unknown>; raw: Uint8Array }[] = [];
      for await (const raw of readLines(reader.store, sha256)) {
        const { salt: _, ...record } = own<Record<string, unknown>>(JSON.parse(Buffer.from(raw).toString()));
        lines.push({ record, raw });
      }
      const changed = body(
        sha256,
        lines.map(({ record }) => record),
      );
      if (changed === undefined) return undefined;
      return iterate(
        own<Line[]>(changed.map((record, at) => ({ record, raw: lines[at]?.raw ?? Buffer.from('') }))),
      );
    },
  };
}

async function* iterate(lines: readonly Line[]): AsyncGenerator<Line> {
  yield* lines;
}
