import { createHash } from 'node:crypto';
import { EvidenceError } from '../error.ts';
import { createFrontier } from '../merkle.ts';
import type { Frontier } from '../merkle.ts';
import { bodyKey, subjectKey } from '../statement.ts';
import type { Statement } from '../statement.ts';
import { createCommitCheck } from './commits.ts';
import { openEntry, readEntries } from './entries.ts';
import type { LogKeys } from './entries.ts';
import type { Heads } from './heads.ts';
import type { Ledger } from './ledger.ts';
import type { Findings } from './report.ts';
import type { Source } from './source.ts';
import { claimsOf, createStatementRules } from './statements.ts';
import { createTileCheck } from './tree.ts';

/** A tree that the log must have had. */
export interface Point {
  readonly size: number;
  /** Hex. */
  readonly root: string;
  /** Who says so: an object's key, or a name for it. */
  readonly where: string;
}

export interface Pass {
  readonly source: Source;
  readonly log: LogKeys;
  readonly heads: Heads;
  /** Beside the checkpoints of the store. */
  readonly points: readonly Point[];
  readonly ledger: Ledger;
  readonly findings: Findings;
  readonly progress: (done: number) => void;
}

/**
 * Goes over all entries once, in their order: envelopes, statements, leaves, tiles, commits, and the root at each checkpoint.
 * Returns how many entries were examined.
 */
export async function checkEntries(pass: Pass): Promise<number> {
  const { source, log, heads, ledger, findings } = pass;
  const { size } = heads.head;
  const frontier = createFrontier();
  const tiles = createTileCheck(source, heads.sizes, findings);
  const commits = createCommitCheck(source, heads, ledger, findings);
  const rules = createStatementRules(
    log.origin,
    rememberLast((at) => ledger.rootAt(at)),
  );
  const roots = createRootCheck(pass);
  const digestOf = rememberLast((key: string) => digestAt(source, key));
  try {
    for await (const entry of readEntries(source, size)) {
      const { index, leaf } = entry;
      await commits.add(index, leaf, () => rootOf(frontier));
      if (!ledger.addLeaf(entry.hash)) {
        findings.problem('sequence', `entry ${index}`, 'the same entry is in the log twice');
      }
      const statement = openEntry(entry, [log.envelope], findings);
      if (statement !== undefined) {
        rules.check(index, statement, (code, message) => findings.problem(code, `entry ${index}`, message));
        await recordBodies(pass, index, statement, digestOf);
      }
      const hash = Buffer.from(entry.hash, 'hex');
      frontier.append(hash);
      await tiles.add(leaf, hash);
      roots.reached(frontier);
      pass.progress(frontier.size);
    }
    await tiles.finish();
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    findings.caught('log/tile', error);
    findings.note(`the entries from ${frontier.size} on could not be read, and were not examined`);
  }
  return frontier.size;
}

/** Compares the root with all that is known of the log at a size. */
function createRootCheck({ heads, points, ledger, findings }: Pass): { reached(frontier: Frontier): void } {
  const sizes = new Set([...heads.sizes, ...points.map(({ size }) => size)]);
  return {
    reached(frontier) {
      const { size } = frontier;
      if (!sizes.has(size)) return;
      const root = rootOf(frontier);
      const published = ledger.rootAt(size);
      if (published !== undefined && published !== root) {
        findings.problem('altered', `log/checkpoints/${size}`, `the entries give the root ${root}`);
      }
      for (const point of points) {
        if (point.size === size && point.root !== root) {
          findings.problem(
            'forked',
            point.where,
            `of size ${size} has the root ${point.root}, this log ${root}`,
          );
        }
      }
    },
  };
}

/** Bodies are examined later, each once; what else a statement refers to, at once. */
async function recordBodies(
  { ledger, findings }: Pass,
  index: number,
  statement: Statement,
  digestOf: (key: string) => Promise<string | undefined>,
): Promise<void> {
  for (const claim of claimsOf(index, statement)) ledger.addClaim(claim);
  for (const subject of statement.subjects) {
    const key = subjectKey(subject);
    if (key === bodyKey(subject.sha256)) {
      ledger.addSubject(index, subject.sha256);
      if (statement.predicate === 'assessment' && subject.name === 'verdicts')
        ledger.addIndex(subject.sha256);
      continue;
    }
    const digest = await digestOf(key);
    if (digest === undefined) findings.problem('missing', key, `entry ${index} refers to it`);
    else if (digest !== subject.sha256) findings.problem('altered', key, `not what entry ${index} refers to`);
  }
}

async function digestAt(source: Source, key: string): Promise<string | undefined> {
  const bytes = await source.get(key);
  return bytes === undefined ? undefined : createHash('sha256').update(bytes).digest('hex');
}

/** Entries of a commit ask for the same again and again. */
function rememberLast<K, V>(look: (key: K) => V): (key: K) => V {
  let last: { readonly key: K; readonly value: V } | undefined;
  return (key) => {
    if (last?.key !== key) last = { key, value: look(key) };
    return last.value;
  };
}

function rootOf(frontier: Frontier): string {
  return Buffer.from(frontier.root()).toString('hex');
}
