import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Sealed } from '../../evidence/contract.ts';
import { compareUtf8 } from '../../inventory/utf8.ts';
import type { Evidence } from '../contract.ts';
import { AuditError } from '../error.ts';
import { checkPopulation } from './check-population.ts';
import { linesOf, type ProvenLine, proveLines } from './line-proofs.ts';

export interface SampleRequest {
  /** The auditor's own, told to nobody before the checkpoint was published. */
  readonly seed: string;
  /** How many records; all when the population is smaller. */
  readonly size: number;
  /** The records of one snapshot, by its log index; or those that a check applied to in an assessment (null: the last one that judged it). */
  readonly from:
    | { readonly snapshot: number }
    | { readonly check: string; readonly assessment: number | null };
}

export interface SampleItem extends ProvenLine {
  /** SHA-256, hex, of `<seed> LF <root of the checkpoint, hex> LF <record id>`: the smallest are drawn. */
  readonly score: string;
  /** Log index of the snapshot that holds the record. */
  readonly snapshot: number;
  /** What the check said of it; null when no check was asked about. */
  readonly outcome: 'pass' | 'fail' | 'unknown' | null;
}

export interface Sample {
  readonly seed: string;
  /** Of the checkpoint at which the evidence stands. */
  readonly checkpoint: { readonly origin: string; readonly size: number; readonly root: string };
  readonly check: string | null;
  /** Log index; null without a check. */
  readonly assessment: number | null;
  readonly population: number;
  /** By score. */
  readonly items: readonly SampleItem[];
}

/** A member of the population: whose snapshot holds its record. */
export interface Member {
  readonly id: string;
  readonly snapshot: number;
  readonly outcome: SampleItem['outcome'];
}

export interface Population {
  readonly assessment: number | null;
  readonly members: readonly Member[];
  /** By log index. */
  readonly snapshots: ReadonlyMap<number, Sealed>;
}

/**
 * Draws records at random in a way that neither side can steer: by a hash of the auditor's seed, the checkpoint's root and the record's
 * id. The same request gives the same sample. Rejects with AuditError `question` for a population that doesn't exist.
 */
export async function drawSample(evidence: Evidence, { seed, size, from }: SampleRequest): Promise<Sample> {
  const population =
    'snapshot' in from
      ? await snapshotPopulation(evidence, from.snapshot)
      : await checkPopulation(evidence, from.check, from.assessment);
  const { root } = evidence.checkpoint;
  const drawn = population.members
    .map((member) => ({ ...member, score: score(seed, root, member.id) }))
    .sort((a, b) => compareUtf8(a.score, b.score) || compareUtf8(a.id, b.id))
    .slice(0, size);
  const lines = await proveAll(evidence, population, drawn);
  const { origin, size: at } = evidence.checkpoint;
  return {
    seed,
    checkpoint: { origin, size: at, root },
    check: 'check' in from ? from.check : null,
    assessment: population.assessment,
    population: population.members.length,
    items: drawn.map((member) => ({ ...lines.get(`${member.snapshot} ${member.id}`)!, ...member })),
  };
}

function score(seed: string, root: string, id: string): string {
  return createHash('sha256').update(`${seed}\n${root}\n${id}`).digest('hex');
}

async function snapshotPopulation(evidence: Evidence, index: number): Promise<Population> {
  const snapshot = await findSnapshot(evidence, index);
  const members: Member[] = [];
  for await (const line of await linesOf(evidence, claimOf(snapshot).sha256)) {
    if ('record' in line) members.push({ id: line.record.id, snapshot: index, outcome: null });
  }
  return { assessment: null, members, snapshots: new Map([[index, snapshot]]) };
}

async function findSnapshot(evidence: Evidence, index: number): Promise<Sealed> {
  for (const entry of evidence.context)
    if (entry.index === index && entry.predicate === 'snapshot') return entry;
  for await (const entry of evidence.entries())
    if (entry.index === index && entry.predicate === 'snapshot') return entry;
  throw new AuditError(
    'question',
    `entry ${index} is no snapshot of this evidence: evidence/index.csv lists them`,
  );
}

async function proveAll(
  evidence: Evidence,
  { snapshots }: Population,
  drawn: readonly Member[],
): Promise<ReadonlyMap<string, ProvenLine>> {
  const proven = new Map<string, ProvenLine>();
  for (const [index, members] of Map.groupBy(drawn, (member) => member.snapshot)) {
    const { sha256, root } = claimOf(snapshots.get(index)!);
    const ids = new Set(members.map(({ id }) => id));
    for (const line of await proveLines(evidence, sha256, root, ids)) proven.set(`${index} ${line.id}`, line);
  }
  return proven;
}

const recordsClaim = z.object({ root: z.string() });

/** The body of a snapshot's records, and the root that its statement signs. */
function claimOf({ index, subjects, fields }: Sealed): {
  readonly sha256: string;
  readonly root: string;
} {
  const subject = subjects.find(({ name }) => name === 'records');
  const claim = recordsClaim.safeParse(fields['records']);
  if (subject === undefined || !claim.success)
    throw new AuditError('invalid', `entry ${index}: expected a snapshot with records`);
  return { sha256: subject.sha256, root: claim.data.root };
}
