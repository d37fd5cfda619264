import { checkpointKey } from '../../evidence/checkpoint.ts';
import { verifyInclusion } from '../../evidence/merkle.ts';
import type { Frontier } from '../../evidence/merkle.ts';
import { equalBytes } from '../../evidence/merkle.ts';
import type { Statement } from '../../evidence/statement.ts';
import type { Findings } from '../../evidence/verify/report.ts';
import type { StatementRules } from '../../evidence/verify/statements.ts';
import type { TimeRules } from '../../evidence/verify/time.ts';
import { ENVELOPES, PROOFS, proofLine, proofSchema } from '../layout.ts';
import { provenIn } from '../range.ts';
import { decode, parseJson, rootOf } from './checkpoints.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { Contents } from './contents.ts';
import type { BundleEntries, BundleEntry } from './entries.ts';
import { splitLines } from './lines.ts';

/** A tree that the log must have had. */
export interface Point {
  readonly size: number;
  /** Hex. */
  readonly root: string;
}

export interface History {
  readonly contents: Contents;
  readonly entries: BundleEntries;
  readonly checkpoints: Checkpoints;
  readonly rules: StatementRules;
  /** For the entries of the range, and for those outside: of these not every token that covers them is here. */
  readonly times: TimeRules;
  readonly timesOutside: TimeRules;
  /** A checkpoint that was kept elsewhere. */
  readonly since: Point | undefined;
  readonly findings: Findings;
}

/** How a checkpoint that was kept elsewhere fits: `apart` is beyond what a bundle can show. */
export type Fit = 'within' | 'forked' | 'apart';

/**
 * Goes over the entries: those of the range are without a gap and give, from the tree before it on, the root of every checkpoint up to its end; those
 * outside stand for themselves. What they say is held to the rules of the log and of time.
 */
export function checkHistory(history: History, frontier: Frontier | undefined): Fit {
  const { entries, checkpoints, contents, rules, times, timesOutside, findings } = history;
  const { first, end } = contents.manifest.range;
  const roots = createRoots(history);
  const whole = createWholeStreams(findings);
  let next = first;
  if (frontier !== undefined) roots.reached(frontier);
  for (const entry of entries.between(0, Infinity)) {
    const { index, statement, hash } = entry;
    const where = `entry ${index}`;
    const problem = (code: Parameters<Findings['problem']>[0], text: string): void =>
      findings.problem(code, where, text);
    const inside = index >= first && index < end;
    if (inside) rules.check(index, statement, problem);
    // The configuration of an entry outside the range need not be here.
    else rules.checkAlone(index, { ...statement, config: null }, problem);
    whole.take(statement);
    (inside ? times : timesOutside).check(index, statement, problem);
    if (!inside) continue;
    if (index !== next)
      findings.problem('missing', where, `the entries ${next} to ${index - 1} are not there`);
    next = index + 1;
    frontier?.append(hash);
    if (frontier !== undefined) roots.reached(frontier);
  }
  if (next !== end)
    findings.problem('missing', `entry ${next}`, `the range ends at ${end}, its entries before`);
  for (const size of checkpoints.keys()) {
    if (size >= first && size <= end && !roots.seen(size) && frontier !== undefined && size > frontier.size) {
      findings.problem('missing', checkpointKey(size), 'its entries are not there');
    }
  }
  whole.finish();
  return roots.fit();
}

/** Streams of which a bundle has every entry, wherever: keys and erased bodies depend on them. */
function createWholeStreams(findings: Findings): { take(statement: Statement): void; finish(): void } {
  const streams = new Map<string, Set<number>>();
  return {
    take({ predicate, stream, seq }) {
      if (predicate !== 'rotation' && predicate !== 'erasure') return;
      streams.set(stream, (streams.get(stream) ?? new Set()).add(seq));
    },
    finish() {
      for (const [stream, seen] of streams) {
        const missing = [...seen].find((seq) => seq > 0 && !seen.has(seq - 1));
        if (missing !== undefined)
          findings.problem('missing', ENVELOPES, `number ${missing - 1} of ${stream} is not there`);
      }
    },
  };
}

/** Compares the root with all that is known of the log at a size. */
function createRoots({ checkpoints, since, findings }: History): {
  reached(frontier: Frontier): void;
  seen(size: number): boolean;
  fit(): Fit;
} {
  const seen = new Set<number>();
  const known = since === undefined ? undefined : checkpoints.get(since.size)?.root;
  let fit: Fit = known === undefined ? 'apart' : known === since?.root ? 'within' : 'forked';
  return {
    reached(frontier) {
      const { size } = frontier;
      const published = checkpoints.get(size);
      if (published === undefined && size !== since?.size) return;
      const root = frontier.root();
      seen.add(size);
      if (published !== undefined && !equalBytes(rootOf(published), root)) {
        const said = `the entries give the root ${Buffer.from(root).toString('hex')}`;
        findings.problem('altered', checkpointKey(size), said);
      }
      if (size !== since?.size) return;
      if (since.root !== Buffer.from(root).toString('hex')) fit = 'forked';
      else if (fit === 'apart') fit = 'within';
    },
    seen: (size) => seen.has(size),
    fit: () => fit,
  };
}

/** Holds every entry to the checkpoint in which it has to be proven, by the proofs that stock tools use as well. */
export async function checkProofs(
  { contents, entries, checkpoints, findings }: History,
  withTokens: readonly number[],
): Promise<void> {
  const sizes = [...checkpoints.keys()];
  const wanted = entries.between(0, Infinity);
  let number = 0;
  try {
    for await (const line of splitLines(contents.stream(PROOFS), PROOFS)) {
      number += 1;
      const entry: BundleEntry | undefined = wanted.next().value ?? undefined;
      const complaint = proofError(line, entry, checkpoints, sizes, withTokens);
      if (complaint !== undefined) findings.problem('altered', `${PROOFS}, line ${number}`, complaint);
    }
  } catch (error) {
    findings.caught(PROOFS, error);
  }
  const rest: BundleEntry | undefined = wanted.next().value ?? undefined;
  if (rest !== undefined) findings.problem('missing', PROOFS, `there is no proof of entry ${rest.index}`);
}

function proofError(
  line: Uint8Array,
  entry: BundleEntry | undefined,
  checkpoints: Checkpoints,
  sizes: readonly number[],
  withTokens: readonly number[],
): string | undefined {
  const parsed = proofSchema.safeParse(parseJson(line, PROOFS));
  if (!parsed.success || !equalBytes(Buffer.from(proofLine(parsed.data)), Buffer.concat([line, LF]))) {
    return 'not a proof as any writer of bundles writes it';
  }
  const { index, size, hashes } = parsed.data;
  if (entry === undefined || index !== entry.index) {
    return `a proof of entry ${index}, expected one of ${entry?.index ?? 'none'}`;
  }
  if ((sizes.at(-1) ?? 0) <= index) return `no checkpoint covers entry ${index}`;
  const expected = provenIn(index, sizes, withTokens);
  if (size !== expected) return `entry ${index} is proven at ${size}, expected at ${expected}`;
  const checkpoint = checkpoints.get(size);
  if (
    checkpoint !== undefined &&
    verifyInclusion(index, size, entry.hash, hashes.map(decode), rootOf(checkpoint))
  ) {
    return undefined;
  }
  return `entry ${index} is not at its place in the checkpoint of ${size}`;
}

const LF = Buffer.from('\n');
