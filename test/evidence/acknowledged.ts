import type { EvidenceLog, Sealed, StatementDraft } from '../../src/evidence/contract.ts';
import { draft } from './helpers.ts';

/** What a log is asked for while faults happen. */
export const batches: readonly (readonly StatementDraft[])[] = [
  [draft('a')],
  [draft('b'), draft('b', { stream: 'run/hr' }), draft('c')],
  [draft('d')],
];

/** Entries that were acknowledged, by run id and stream. */
export type Acknowledged = Map<string, Sealed>;

type Named = Pick<Sealed, 'runId' | 'stream' | 'index' | 'leafHash'>;

/** Asks for everything, bodies too unless told otherwise; what fails is not acknowledged. */
export async function appendAll(
  log: EvidenceLog,
  acknowledged: Acknowledged,
  asked: typeof batches = batches,
  bodies = true,
): Promise<void> {
  for (const drafts of asked) {
    const record = { id: drafts[0]?.runId ?? '' };
    const body = bodies ? await log.storeBody([record]).catch(() => undefined) : undefined;
    const subjects = body === undefined ? [] : [{ name: 'datasets', sha256: body.sha256 }];
    const sealed = await log.append(drafts.map((one) => ({ ...one, subjects }))).catch(() => []);
    for (const entry of sealed) acknowledged.set(nameOf(entry), entry);
  }
}

/** What is lost of the acknowledged, changed or sealed twice among the entries from an index on: a sentence each. */
export async function missing(
  log: Pick<EvidenceLog, 'entries'>,
  from: number,
  acknowledged: ReadonlyMap<string, Named>,
): Promise<string[]> {
  const faults: string[] = [];
  const found = new Map<string, Named>();
  for await (const entry of log.entries(from)) {
    const name = nameOf(entry);
    if (found.has(name)) faults.push(`${name} was sealed twice`);
    found.set(name, entry);
  }
  for (const [name, entry] of acknowledged) {
    const kept = found.get(name);
    if (kept?.leafHash !== entry.leafHash || kept.index !== entry.index)
      faults.push(`${name} was acknowledged as entry ${entry.index}, and is ${kept?.index ?? 'lost'}`);
  }
  return faults;
}

function nameOf({ runId, stream }: Named): string {
  return `${runId} ${stream}`;
}
