import { CHECKPOINT_KEY, checkpointKey } from '../checkpoint.ts';
import { EvidenceError } from '../error.ts';
import { intentKey, parseIntent } from '../intent.ts';
import type { Intent } from '../intent.ts';
import { equalBytes } from '../merkle.ts';
import { growEdge, readEdge } from '../tree.ts';
import type { Heads, Signers } from './heads.ts';
import type { Ledger } from './ledger.ts';
import type { Findings } from './report.ts';
import type { Source } from './source.ts';
import { firstAbove } from './time.ts';

/** Follows the commits from one to the next: each has an intent, which holds its exact entries, and ends in a checkpoint. */
export interface CommitCheck {
  /** Takes an entry; `rootBefore` (hex) is asked for where a commit begins. Returns whether one does there. */
  add(index: number, leaf: Uint8Array, rootBefore: () => string): Promise<boolean>;
}

export function createCommitCheck(
  source: Source,
  { head, sizes }: Heads,
  ledger: Ledger,
  findings: Findings,
): CommitCheck {
  let end = 0;
  let intent: Intent | undefined;

  async function begin(from: number, rootBefore: string): Promise<void> {
    intent = await readIntent(source, from, findings);
    if (intent !== undefined) ledger.addIntent(from);
    const next = firstAbove(sizes, from);
    end = intent?.size ?? sizes[next] ?? head.size;
    if (intent !== undefined && intent.previousRoot !== rootBefore) {
      findings.problem('altered', intentKey(from), 'begins from another root than the log has there');
    }
    if (ledger.rootAt(end) === undefined) {
      findings.problem('missing', checkpointKey(end), 'a commit without its checkpoint');
    }
    for (const size of sizes.slice(next, firstAbove(sizes, end - 1))) {
      findings.problem('unknown-file', checkpointKey(size), 'no commit ends there');
    }
  }

  return {
    async add(index, leaf, rootBefore) {
      const begins = index === end;
      if (begins) await begin(index, rootBefore());
      const committed = intent?.leaves[index - intent.from];
      if (committed !== undefined && !equalBytes(committed, leaf)) {
        findings.problem('altered', intentKey(intent?.from ?? 0), `entry ${index} is another one`);
      }
      return begins;
    },
  };
}

async function readIntent(source: Source, from: number, findings: Findings): Promise<Intent | undefined> {
  const where = intentKey(from);
  try {
    const bytes = await source.get(where);
    if (bytes !== undefined) return parseIntent(bytes, from);
    findings.problem('missing', where, 'a commit without its intent');
  } catch (error) {
    findings.caught(where, error);
  }
  return undefined;
}

/**
 * Judges the objects beyond the verified size: the writer may have gone on meanwhile; or an interrupted commit, whose intent
 * says what they have to be, left them.
 */
export async function checkBeyond(
  source: Source,
  { head }: Heads,
  signers: Signers,
  beyond: readonly string[],
  findings: Findings,
): Promise<void> {
  if (beyond.length === 0) return;
  if (await hasGrown(source, head.size, signers)) {
    findings.note(`the log grew while ${head.size} entries of it were verified`);
    return;
  }
  const explained = await interruptedCommit(source, head, findings);
  for (const key of beyond) {
    const expected = explained.get(key);
    if (expected === undefined) {
      findings.problem('unknown-file', key, `beyond the ${head.size} entries of the newest checkpoint`);
      continue;
    }
    const stored = await source.get(key);
    if (stored !== undefined && !equalBytes(stored, expected)) {
      findings.problem('altered', key, 'not what the interrupted commit gives');
    }
  }
}

/** Whether a writer has come further since. */
export async function hasGrown(source: Source, size: number, signers: Signers): Promise<boolean> {
  try {
    const newest = await source.get(CHECKPOINT_KEY);
    if (newest === undefined) return false;
    return (await signers.open(newest, CHECKPOINT_KEY)).checkpoint.size > size;
  } catch (error) {
    if (error instanceof EvidenceError) return false;
    throw error;
  }
}

/** The objects that the intent at the head gives, by their keys. */
async function interruptedCommit(
  source: Source,
  head: Heads['head'],
  findings: Findings,
): Promise<Map<string, Uint8Array>> {
  const where = intentKey(head.size);
  const objects = new Map<string, Uint8Array>();
  try {
    const bytes = await source.get(where);
    if (bytes === undefined) return objects;
    const intent = parseIntent(bytes, head.size);
    if (intent.previousRoot !== head.root) throw new EvidenceError('corrupt', 'begins from another root');
    const edge = await readEdge((path) => source.get(`log/${path}`), head.size);
    for (const tile of growEdge(edge, intent.leaves).tiles) objects.set(tile.key, tile.bytes);
    objects.set(where, bytes);
    findings.note(`a commit of ${intent.leaves.length} entries was interrupted; the next writer finishes it`);
  } catch (error) {
    findings.caught(where, error);
  }
  return objects;
}
