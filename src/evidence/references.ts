import { z } from 'zod';
import type { BodyRecord, Sealed } from './contract.ts';
import { EvidenceError } from './error.ts';
import { bodyKey, subjectKey } from './statement.ts';

/**
 * What a body is to the entry that refers to it: the records of a snapshot, what an assessment rests on, the records that one verdict
 * names, what an attestation rests on, who had access; `kept`: anything that other statements rely on, so that it may never be erased.
 */
export type Role = 'snapshot' | 'inputs' | 'verdict' | 'attestation' | 'access' | 'kept';

export interface Reference {
  readonly sha256: string;
  readonly role: Role;
  readonly entry: Sealed;
}

/** What references are read from. */
export interface Referring {
  entries(from?: number, to?: number): AsyncIterable<Sealed>;
  body(sha256: string): AsyncIterable<BodyRecord & Record<string, unknown>>;
}

const verdictLine = z.looseObject({
  body: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
});

/** Lists of verdicts whose references are remembered: assessments in a row mostly have the same. */
const REMEMBERED = 64;

/** Every body that entries from an index on refer to, those that lists of verdicts name included; as often as it is referred to. */
export async function* references(log: Referring, from = 0): AsyncGenerator<Reference> {
  const lists = new Map<string, readonly string[]>();
  async function verdictsOf(list: string): Promise<readonly string[]> {
    const known = lists.get(list) ?? (await readList(log, list));
    lists.delete(list);
    lists.set(list, known);
    for (const oldest of lists.keys()) {
      if (lists.size <= REMEMBERED) break;
      lists.delete(oldest);
    }
    return known;
  }
  for await (const entry of log.entries(from)) {
    for (const subject of entry.subjects) {
      if (subjectKey(subject) !== bodyKey(subject.sha256)) continue;
      yield { sha256: subject.sha256, role: roleOf(entry, subject.name), entry };
      if (entry.predicate !== 'assessment' || subject.name !== 'verdicts') continue;
      for (const sha256 of await verdictsOf(subject.sha256)) yield { sha256, role: 'verdict', entry };
    }
  }
}

function roleOf({ predicate }: Sealed, name: string): Role {
  if (predicate === 'snapshot' && name === 'records') return 'snapshot';
  if (predicate === 'assessment' && name === 'inputs') return 'inputs';
  return predicate === 'attestation' || predicate === 'access' ? predicate : 'kept';
}

async function readList(log: Referring, list: string): Promise<string[]> {
  const bodies: string[] = [];
  for await (const line of log.body(list)) {
    const parsed = verdictLine.safeParse(line);
    if (!parsed.success)
      throw new EvidenceError('corrupt', `body ${list}: ${line.id} refers to no body, nor says null`);
    if (parsed.data.body !== null) bodies.push(parsed.data.body);
  }
  return bodies;
}
