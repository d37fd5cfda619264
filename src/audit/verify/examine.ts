import { checkpointKey, openCheckpoint } from '../../evidence/checkpoint.ts';
import type { CheckpointInfo } from '../../evidence/contract.ts';
import { createStatementRules } from '../../evidence/verify/statements.ts';
import type { Findings, VerifyOptions, VerifyReport } from '../../evidence/verify/report.ts';
import { createTimeRules } from '../../evidence/verify/time.ts';
import { judgeKeys, judgeSplitView } from '../../evidence/verify/trust.ts';
import type { Evidence } from '../contract.ts';
import type { Manifest } from '../layout.ts';
import type { KindsOf } from '../selection.ts';
import { checkAnswer } from './answer.ts';
import { readBodies } from './bodies.ts';
import { openCheckpoints, openFrontier } from './checkpoints.ts';
import type { Checkpoints } from './checkpoints.ts';
import { openContents } from './contents.ts';
import type { Contents } from './contents.ts';
import { readEntries } from './entries.ts';
import type { BundleEntries } from './entries.ts';
import type { BundleFiles } from './files.ts';
import { checkFixed, checkManifest } from './fixed.ts';
import { checkHistory, checkProofs } from './history.ts';
import type { Fit, Point } from './history.ts';
import { checkExtent, openOthers, stampedSizes } from './times.ts';
import type { Others } from './times.ts';

/** What was seen of a bundle: as much of a report as there is by now. */
export type Seen = Pick<
  VerifyReport,
  'entries' | 'bodies' | 'checkpoint' | 'trust' | 'time' | 'witnessed' | 'splitView'
>;

export const NOTHING_SEEN: Seen = {
  entries: 0,
  bodies: 0,
  checkpoint: null,
  trust: [],
  time: { tokens: 0, newest: null, covered: 0, late: 0, asserted: 0 },
  witnessed: [],
  splitView: null,
};

/** A bundle, everything of it looked at but the files that are derived. */
export interface Examined extends Disposable {
  readonly manifest: Manifest;
  readonly contents: Contents;
  readonly entries: BundleEntries;
  /** Nothing may be used of it when there are problems among the findings. */
  readonly evidence: Evidence;
  readonly seen: Seen;
}

/**
 * Examines all that ADR 0018 lists but the derived files, at constant memory. What is wrong is among the findings; undefined when so much is that
 * there is nothing to go on with. The files stay open: the evidence reads them again, and holds them to the same digests.
 */
export async function examine(
  files: BundleFiles,
  options: VerifyOptions,
  kindsOf: KindsOf,
  findings: Findings,
): Promise<Examined | undefined> {
  const contents = await openContents(files, findings);
  if (contents === undefined) return undefined;
  using cleanup = new DisposableStack();
  const { manifest } = contents;
  const total = manifest.range.end - manifest.range.first;
  const entries = await readEntries(contents, findings, (done) =>
    options.progress?.({ stage: 'entries', done: Math.min(done, total), total }),
  );
  if (entries === undefined) return undefined;
  cleanup.use(entries);
  const trust = judgeKeys(entries.keyring, options.trusted, findings);
  const checkpoints = await openCheckpoints(contents, entries, findings);
  const checkpoint = checkpoints.get(manifest.question.at);
  await checkManifest(contents, entries, checkpoint, findings);
  const others = await openOthers(contents, checkpoints, options, findings);
  const time = await checkLog({ contents, entries, checkpoints, others, options, findings });
  const bodies = cleanup.use(
    await readBodies(contents, findings, (done, all) =>
      options.progress?.({ stage: 'bodies', done, total: all }),
    ),
  );
  await checkFixed(contents, entries, findings);
  if (checkpoint === undefined) return undefined;
  const { tokens } = others;
  const evidence = await checkAnswer({ contents, entries, bodies, checkpoint, tokens, kindsOf, findings });
  const owned = cleanup.move();
  return {
    manifest,
    contents,
    entries,
    evidence,
    seen: {
      entries: entries.count,
      bodies: bodies.count,
      checkpoint,
      trust: [...trust, ...others.trust],
      time: time.report,
      witnessed: others.witnessed,
      splitView: time.splitView,
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

interface Log {
  readonly contents: Contents;
  readonly entries: BundleEntries;
  readonly checkpoints: Checkpoints;
  readonly others: Others;
  readonly options: VerifyOptions;
  readonly findings: Findings;
}

/** Entries, their order, their proofs and their times. */
async function checkLog(log: Log): Promise<{ report: Seen['time']; splitView: Seen['splitView'] }> {
  const { contents, entries, checkpoints, others, options, findings } = log;
  const { tokens, refused, witnessed, unknown } = others;
  await checkExtent(contents, entries, checkpoints, tokens, findings);
  const since = openSince(options.since, entries, findings);
  const times = createTimeRules(tokens, refused);
  const history = {
    contents,
    entries,
    checkpoints,
    rules: createStatementRules(entries.origin, (size) => checkpoints.get(size)?.root, {
      first: contents.manifest.range.first,
      configs: [],
    }),
    times,
    timesOutside: createTimeRules(tokens, refused),
    since,
    findings,
  };
  const fit = checkHistory(history, await openFrontier(contents, checkpoints, findings));
  await checkProofs(history, stampedSizes(tokens));
  const known = judgeSince(since, fit, findings);
  const signed = known === undefined ? undefined : { checkpoint: known, signedBy: [], others: 0 };
  return {
    report: times.report(),
    splitView: judgeSplitView({ witnessed, unknown, since: signed }, findings),
  };
}

const SINCE = 'the checkpoint given';

function openSince(
  bytes: Uint8Array | undefined,
  { origin, keyring }: BundleEntries,
  findings: Findings,
): CheckpointInfo | undefined {
  if (bytes === undefined) return undefined;
  try {
    // Its size says which keys have to have signed it.
    const size = Number(Buffer.from(bytes).toString('latin1').split('\n', 2)[1]);
    return openCheckpoint(
      bytes,
      origin,
      keyring.checkpointKeys(Number.isSafeInteger(size) ? size : 0),
      SINCE,
    );
  } catch (error) {
    findings.caught(SINCE, error);
    return undefined;
  }
}

/** The checkpoint given, when the log of the bundle is shown to contain it. */
function judgeSince(
  since: CheckpointInfo | undefined,
  fit: Fit,
  findings: Findings,
): (CheckpointInfo & Point) | undefined {
  if (since === undefined || fit === 'within') return since;
  if (fit === 'forked') {
    const said = `of size ${since.size} has the root ${since.root}: this bundle is of another history`;
    findings.problem('forked', SINCE, said);
  } else {
    findings.note(
      `that the log goes on from ${SINCE} (${checkpointKey(since.size)}) can't be shown: it is neither in the range nor ` +
        'among the checkpoints of this bundle. Ask for a bundle whose period covers it, or verify the store',
    );
  }
  return undefined;
}
