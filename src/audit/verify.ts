import { createFindings } from '../evidence/verify/report.ts';
import type { Findings, VerifyOptions, VerifyReport } from '../evidence/verify/report.ts';
import { derive } from './derive/derive.ts';
import { checkDerived } from './verify/derived.ts';
import type { Derive } from './verify/derived.ts';
import { NOTHING_SEEN, examine } from './verify/examine.ts';
import type { Seen } from './verify/examine.ts';
import { openFiles } from './verify/files.ts';
import type { BundleFiles } from './verify/files.ts';
import { REVISION } from './layout.ts';
import { createKinds } from './verify/kinds.ts';

export type { VerifyOptions, VerifyReport } from '../evidence/verify/report.ts';

/**
 * Verifies a bundle, a ZIP or the folder where it was unpacked, from its bytes alone (docs/adr/0018-bundle.md): every leaf of the range is rebuilt from
 * its envelope, every checkpoint reached, every file accounted for, and every derived file derived again. Memory does not grow with
 * it. Never throws: it reports.
 */
export async function verifyBundle(path: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  const findings = createFindings();
  let seen = NOTHING_SEEN;
  try {
    await using files = await openFiles(path);
    seen = await verifyInto(files, options, { derive }, findings);
  } catch (error) {
    findings.caught('', error);
  }
  return reportOf(seen, findings);
}

/** What verifying rests on, beside what is in the bundle. */
export interface Workers {
  /** As src/audit/derive has it. */
  readonly derive: Derive;
}

/** The same of files that are open already. */
export async function verifyFiles(
  files: BundleFiles,
  options: VerifyOptions = {},
  workers: Workers = { derive },
): Promise<VerifyReport> {
  const findings = createFindings();
  let seen = NOTHING_SEEN;
  try {
    seen = await verifyInto(files, options, workers, findings);
  } catch (error) {
    findings.caught('', error);
  }
  return reportOf(seen, findings);
}

async function verifyInto(
  files: BundleFiles,
  options: VerifyOptions,
  workers: Workers,
  findings: Findings,
): Promise<Seen> {
  await using kinds = createKinds();
  using examined = await examine(files, options, kinds.kindsOf, findings);
  if (examined === undefined) return NOTHING_SEEN;
  const { contents, evidence, seen } = examined;
  const { revision } = contents.manifest;
  if (revision !== REVISION) {
    findings.note(
      `the reports, tables and verify.sh are of revision ${revision}, and this version derives revision ${REVISION}: they were not derived again, and rest on the word of who signed the manifest`,
    );
  } else if (findings.problemCount === 0) {
    await checkDerived(contents, evidence, workers.derive, findings, (done, total) =>
      options.progress?.({ stage: 'derived', done, total }),
    );
  } else {
    findings.note('nothing was derived again: what it would be derived from has problems');
  }
  await contents.finish();
  return seen;
}

function reportOf(seen: Seen, { problems, problemCount, notes }: Findings): VerifyReport {
  const told = problems.map(({ code, where, message }) => {
    const named = message.startsWith(`${where}: `);
    return { code, where, message: named ? message.slice(where.length + 2) : message };
  });
  return { kind: 'bundle', ok: problemCount === 0, problems: told, problemCount, notes, ...seen };
}
