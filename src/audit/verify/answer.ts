import { z } from 'zod';
import type { Check } from '../../controls/check.ts';
import type { CheckpointInfo, Sealed } from '../../evidence/contract.ts';
import { EvidenceError } from '../../evidence/error.ts';
import { bodyKey, subjectKey } from '../../evidence/statement.ts';
import type { Findings } from '../../evidence/verify/report.ts';
import { claimsOf } from '../../evidence/verify/statements.ts';
import type { TimedToken } from '../../evidence/verify/time.ts';
import { createContext } from '../context.ts';
import type { Evidence } from '../contract.ts';
import { bodyName } from '../layout.ts';
import { toLines } from '../lines.ts';
import {
  bodiesOf,
  bodyNamed,
  bodySubjects,
  checkIn,
  choose,
  snapshotUsed,
  verdictBody,
} from '../selection.ts';
import type { Chosen, KindsOf } from '../selection.ts';
import type { Bodies } from './bodies.ts';
import type { Contents } from './contents.ts';
import { sealedOf } from './entries.ts';
import type { BundleEntries } from './entries.ts';
import { splitLines } from './lines.ts';

/** Everything of a bundle that was looked at by now. */
export interface Parts {
  readonly contents: Contents;
  readonly entries: BundleEntries;
  readonly bodies: Bodies;
  readonly checkpoint: CheckpointInfo;
  readonly tokens: readonly TimedToken[];
  readonly kindsOf: KindsOf;
  readonly findings: Findings;
}

interface Answer extends Parts {
  readonly erasures: Erasures;
  readonly evidence: Evidence;
}

/** By the digest of the body. */
type Erasures = ReadonlyMap<string, Erased>;

/** What an erasure says of a body. */
interface Erased {
  /** Of its entry. */
  readonly index: number;
  readonly remainder: string | null;
  readonly records: { readonly count: number; readonly root: string };
  readonly erased: number;
}

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().nonnegative();
const records = z.strictObject({ count, root: digest });
const erasureLine = z.strictObject({ id: digest, remainder: digest.nullable(), records, erased: count });
const verdictLine = z.looseObject({ id: z.string(), body: digest.nullable(), records: records.optional() });

/**
 * Holds context and bodies to the question: exactly those that it asks for are there, each as the statements say. What doesn't fit is among the findings.
 * Returns the evidence: to be used only when there are no findings.
 */
export async function checkAnswer(parts: Parts): Promise<Evidence> {
  const erasures = await readErasures(parts);
  const evidence = evidenceOf(parts, erasures);
  const answer = { ...parts, erasures, evidence };
  const configurations = await checkContext(answer);
  const chosen = await choose(
    parts.contents.manifest.question,
    await sealedChecks(answer, configurations),
    parts.kindsOf,
  );
  for (const entry of all(parts)) await want(answer, chosen, entry);
  checkPresence(answer);
  for (const { index, statement } of parts.entries.between(0, Infinity)) {
    checkSubjects(parts, index, statement);
    checkClaims(answer, index, statement);
  }
  return evidence;
}

function* all({ entries }: Parts): Generator<Sealed> {
  for (const entry of entries.between(0, Infinity)) yield sealedOf(entry);
}

function* outside({ entries, contents }: Parts): Generator<Sealed> {
  const { first, end } = contents.manifest.range;
  for (const entry of entries.between(0, first)) yield sealedOf(entry);
  for (const entry of entries.between(end, Infinity)) yield sealedOf(entry);
}

/** As the question has it, from here on without what isn't asked for. */
function evidenceOf(parts: Parts, erasures: Erasures): Evidence {
  const { contents, entries, bodies, checkpoint, tokens } = parts;
  const { range } = contents.manifest;
  return {
    origin: entries.origin,
    sample: entries.sample,
    checkpoint,
    range,
    async *entries() {
      for (const entry of entries.between(range.first, range.end)) yield sealedOf(entry);
    },
    context: [...outside(parts)],
    tokens: tokens.map(({ size, authority, sha256, genTime }) => ({ size, authority, sha256, genTime })),
    async lines(sha256) {
      const last = bodies.wantedBy(sha256);
      const present = last === undefined ? null : presentOf(sha256, last, erasures);
      return present === null ? undefined : toLines(rawLines(contents, present), present);
    },
  };
}

/** The file that has the body, or what remains of it; null when all of it was erased. A later entry may have brought it back. */
function presentOf(sha256: string, last: number, erasures: Erasures): string | null {
  const erased = erasures.get(sha256);
  return erased === undefined || erased.index <= last ? sha256 : erased.remainder;
}

function rawLines(contents: Contents, sha256: string): AsyncGenerator<Uint8Array> {
  const name = bodyName(sha256);
  return splitLines(contents.stream(name), name);
}

/** Every erasure, the last of a body counting. */
async function readErasures(parts: Parts): Promise<Erasures> {
  const found = new Map<string, Erased>();
  for (const one of parts.entries.of('erasure')) {
    const entry = sealedOf(one);
    const list = bodyNamed(entry, 'erased');
    if (list === undefined) continue;
    await each({ ...parts, erasures: found }, list, entry.index, (record) => {
      const { id, ...line } = erasureLine.parse(record);
      found.set(id, { index: entry.index, ...line });
    });
  }
  return found;
}

/** The entries outside the range are those that the ones in it rest on, as the writer finds them. Returns the configurations that were in force within. */
async function checkContext(answer: Answer): Promise<readonly Sealed[]> {
  const { contents, entries, evidence, findings } = answer;
  const { range } = contents.manifest;
  const finder = createContext(range);
  const used = new Set<number>();
  const lists = new Set<string>();
  let attested = 0;
  for (const entry of all(answer)) {
    finder.see(entry);
    if (entry.predicate === 'attestation') {
      if (entry.seq !== attested)
        findings.problem('missing', `entry ${entry.index}`, 'an attestation sealed before it is left out');
      attested = entry.seq + 1;
    }
    const inside = entry.index >= range.first && entry.index < range.end;
    const inputs = inside && entry.predicate === 'assessment' ? bodyNamed(entry, 'inputs') : undefined;
    if (inputs === undefined || lists.has(inputs)) continue;
    lists.add(inputs);
    await each(answer, inputs, entry.index, (record) => {
      const index = snapshotUsed(record);
      if (index !== undefined && index < range.first) used.add(index);
    });
  }
  const snapshots = [...used].flatMap((index) => {
    const entry = entries.entry(index);
    if (entry === undefined)
      findings.problem('missing', `entry ${index}`, 'assessments rest on this snapshot');
    return entry === undefined ? [] : [sealedOf(entry)];
  });
  const expected = new Set(finder.indexes(snapshots));
  for (const { index } of evidence.context) {
    if (!expected.has(index))
      findings.problem('unknown-file', `entry ${index}`, 'nothing in the range rests on it');
  }
  return finder.configurations();
}

/** Every check of the configurations that were in force within the range. */
async function sealedChecks(answer: Answer, configurations: readonly Sealed[]): Promise<readonly Check[]> {
  const checks: Check[] = [];
  for (const entry of configurations) {
    const documents = bodyNamed(entry, 'documents');
    if (documents === undefined) continue;
    await each(answer, documents, entry.index, (record) => {
      const check = checkIn(record);
      if (check !== undefined) checks.push(check);
    });
  }
  return checks;
}

async function want(answer: Answer, chosen: Chosen, entry: Sealed): Promise<void> {
  const { bodies, findings } = answer;
  for (const { sha256 } of bodiesOf(chosen, entry)) bodies.want(sha256, entry.index);
  const verdicts = entry.predicate === 'assessment' ? bodyNamed(entry, 'verdicts') : undefined;
  if (verdicts === undefined) return;
  await each(answer, verdicts, entry.index, (record) => {
    const body = verdictBody(chosen, record);
    if (body === undefined) return;
    bodies.want(body, entry.index);
    const said = verdictLine.parse(record);
    const sums = bodies.sums(body);
    if (said.records === undefined || sums === undefined) return;
    if (said.records.count !== sums.count || said.records.root !== sums.root)
      findings.problem('altered', bodyName(body), `not the records that the verdict on ${said.id} names`);
  });
}

/** The records of a small body, as the entry of this index refers to it, or what is left of them. */
async function each(
  { contents, bodies, erasures, findings }: Pick<Answer, 'contents' | 'bodies' | 'erasures' | 'findings'>,
  sha256: string,
  index: number,
  take: (record: unknown) => void,
): Promise<void> {
  const present = presentOf(sha256, index, erasures);
  // That it is missing or wrong is found when its presence is checked.
  if (present === null || bodies.sums(present) === undefined) return;
  try {
    for await (const line of toLines(rawLines(contents, present), present))
      if ('record' in line) take(line.record);
  } catch (error) {
    findings.caught(bodyName(present), error instanceof z.ZodError ? formError(present, error) : error);
  }
}

function formError(sha256: string, { issues: [issue] }: z.ZodError): EvidenceError {
  return new EvidenceError('corrupt', `body ${sha256}: ${issue?.path.join('.')}: ${issue?.message}`);
}

/** Every body that is asked for is there, or what remains of it, and no other is. */
function checkPresence({ bodies, contents, erasures, findings }: Answer): void {
  for (const { sha256, last } of bodies.wanted()) {
    const present = presentOf(sha256, last, erasures);
    const erased = erasures.get(sha256);
    if (present !== sha256 && erased !== undefined) {
      const what = present === null ? 'all of it was' : `${erased.erased} of its records were`;
      findings.note(`body ${sha256}: ${what} erased on request (entry ${erased.index})`);
    }
    if (present === null) {
      if (erased !== undefined && erased.erased !== erased.records.count)
        findings.problem('altered', bodyName(sha256), 'not all of it was erased, and nothing is left');
      continue;
    }
    const sums = bodies.sums(present);
    bodies.expect(present);
    if (sums === undefined) {
      // A file that is there and wrong is among the findings already.
      if (!contents.has(bodyName(present)))
        findings.problem('missing', bodyName(present), 'the question asks for this body');
    } else if (present === sha256) {
      if (sums.erased > 0)
        findings.problem('altered', bodyName(present), 'lines were erased, and no erasure says so');
    } else if (erased !== undefined && !isRemainder(sums, erased)) {
      findings.problem('altered', bodyName(present), `not what remains of body ${sha256}`);
    }
  }
  for (const sha256 of bodies.unexpected())
    findings.problem('unknown-file', bodyName(sha256), 'the question asks for no such body');
}

function isRemainder(sums: { count: number; root: string; erased: number }, said: Erased): boolean {
  return sums.count === said.records.count && sums.root === said.records.root && sums.erased === said.erased;
}

/** What a statement refers to beside bodies is a file of the bundle with the digest that it names. */
function checkSubjects(
  { contents, findings }: Parts,
  index: number,
  { subjects }: Pick<Sealed, 'subjects'>,
): void {
  for (const subject of subjects) {
    const key = subjectKey(subject);
    if (key === bodyKey(subject.sha256)) continue;
    const digest = contents.digestOf(key);
    if (digest === undefined) findings.problem('missing', key, `entry ${index} refers to it`);
    else if (digest !== subject.sha256) findings.problem('altered', key, `not what entry ${index} refers to`);
  }
}

/** What a statement says of its bodies holds, as far as they are asked for. */
function checkClaims(
  { bodies, erasures, findings }: Answer,
  index: number,
  statement: Parameters<typeof claimsOf>[1],
): void {
  const known = bodySubjects(statement).map(({ sha256 }) => {
    const last = bodies.wantedBy(sha256);
    if (last === undefined) return undefined;
    return presentOf(sha256, last, erasures) === sha256 ? bodies.sums(sha256) : erasures.get(sha256)?.records;
  });
  if (known.includes(undefined)) return;
  for (const { field, count, root } of claimsOf(index, statement)) {
    if (known.some((sums) => sums?.count === count && sums.root === root)) continue;
    const said = `${field}: no body of this entry has ${count} records with the root ${root}`;
    findings.problem('altered', `entry ${index}`, said);
  }
}
