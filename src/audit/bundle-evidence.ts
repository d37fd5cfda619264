import type { Sealed } from '../evidence/contract.ts';
import { EvidenceError } from '../evidence/error.ts';
import { createFindings } from '../evidence/verify/report.ts';
import type { VerifyOptions } from '../evidence/verify/report.ts';
import type { Evidence, Question } from './contract.ts';
import type { Manifest } from './layout.ts';
import { sealedOf } from './verify/entries.ts';
import { examine } from './verify/examine.ts';
import { openFiles } from './verify/files.ts';
import { createKinds } from './verify/kinds.ts';

/** A bundle as evidence: everything in it was verified when it was opened, and is held to the same digests when it is read. */
export interface BundleEvidence extends Evidence, AsyncDisposable {
  readonly manifest: Manifest;
  readonly question: Question;
  /** What is worth knowing and no problem, as verify tells it. */
  readonly notes: readonly string[];
  /** An entry of range or context; undefined for any other. */
  entry(index: number): Sealed | undefined;
}

/** How many problems an error tells of. */
const TOLD = 3;

/**
 * Opens a bundle, a ZIP or the folder where it was unpacked. Derived files are not derived again: that is for verify. Rejects with `corrupt`, naming what
 * doesn't follow, when anything doesn't, with `foreign-key` when only the keys are not those that were given, and with `io`.
 */
export async function openBundle(path: string, options: VerifyOptions = {}): Promise<BundleEvidence> {
  await using cleanup = new AsyncDisposableStack();
  const findings = createFindings();
  const files = cleanup.use(await openFiles(path));
  const kinds = cleanup.use(createKinds());
  const examined = await examine(files, options, kinds.kindsOf, findings);
  if (examined !== undefined) cleanup.use(examined);
  await examined?.contents.finish();
  const { problems, problemCount, notes } = findings;
  if (examined === undefined || problemCount > 0) {
    const told = problems.slice(0, TOLD).map(({ where, message }) => `${where}: ${message}`);
    const more = problemCount > TOLD ? ` (and ${problemCount - TOLD} more)` : '';
    const foreign = problems.length > 0 && problems.every(({ code }) => code === 'foreign-key');
    throw new EvidenceError(
      foreign ? 'foreign-key' : 'corrupt',
      `${path} is not verified: ${told.join('; ')}${more}`,
    );
  }
  const { evidence, manifest, entries } = examined;
  const owned = cleanup.move();
  return {
    ...evidence,
    manifest,
    question: manifest.question,
    notes,
    entry(index) {
      const found = entries.entry(index);
      return found === undefined ? undefined : sealedOf(found);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
