import type { Evidence } from '../contract.ts';
import type { derive } from '../derive/derive.ts';
import type { Findings } from '../../evidence/verify/report.ts';
import { DERIVED } from '../layout.ts';
import type { Contents } from './contents.ts';
import { firstDifference } from './difference.ts';
import { checkInventory } from './inventory.ts';

const INVENTORY = 'inventory.sqlite';

export type Derive = typeof derive;

/** Derives every file again from the evidence, and compares byte by byte. */
export async function checkDerived(
  contents: Contents,
  evidence: Evidence,
  again: Derive,
  findings: Findings,
  progress: (done: number, total: number) => void,
): Promise<void> {
  const left = new Set(DERIVED);
  try {
    await again(evidence, contents.manifest.question, async (name, bytes) => {
      left.delete(name);
      await compare(contents, name, bytes, findings);
      progress(DERIVED.length - left.size, DERIVED.length);
    });
    for (const name of left) findings.problem('unsupported', name, 'this version derives no such file');
  } catch (error) {
    const [next = 'README.md'] = left;
    const why = error instanceof Error ? error.message : String(error);
    findings.problem('malformed', next, `can't be derived from the evidence: ${why}`);
  }
}

async function compare(
  contents: Contents,
  name: string,
  expected: AsyncIterable<Uint8Array>,
  findings: Findings,
): Promise<void> {
  try {
    if (name === INVENTORY) {
      await checkInventory(contents, name, expected, findings);
      return;
    }
    const difference = await firstDifference(contents.stream(name), expected);
    if (difference === undefined) return;
    findings.problem('altered', name, `not what the evidence gives, from line ${difference.line} on`);
  } catch (error) {
    findings.caught(name, error);
  }
}
