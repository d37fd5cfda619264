import { CHECKPOINT_KEY, openCheckpoint } from './checkpoint.ts';
import type { CheckpointInfo } from './contract.ts';
import { fingerprint, publicKeyPath } from './public-keys.ts';
import { readHighWater } from './state.ts';
import type { HighWater } from './state.ts';
import { checkBodies } from './verify/bodies.ts';
import { checkBeyond } from './verify/commits.ts';
import { readGenesis } from './verify/entries.ts';
import type { LogKeys } from './verify/entries.ts';
import { checkFiles, checkKeys } from './verify/files.ts';
import { checkRollBack, openHeads } from './verify/heads.ts';
import { createLedger } from './verify/ledger.ts';
import type { Ledger } from './verify/ledger.ts';
import { checkEntries } from './verify/pass.ts';
import type { Point } from './verify/pass.ts';
import { createFindings } from './verify/report.ts';
import type { Findings, TimeReport, Trust, VerifyOptions, VerifyReport, Witnessed } from './verify/report.ts';
import { directorySource } from './verify/source.ts';
import type { Source } from './verify/source.ts';

export type { VerifyOptions, VerifyReport } from './verify/report.ts';

/** Of a store, beside what any verdict is asked for. */
export interface StoreOptions extends VerifyOptions {
  /** What was acknowledged beside the store; undefined when that isn't known. Read before the store. */
  readonly highWater?: HighWater | undefined;
}

/** Verifies the store in a directory, its high-water mark included, while a writer may go on. Never throws: it reports. */
export async function verifyDirectory(root: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  const findings = createFindings();
  let highWater: HighWater | undefined;
  try {
    highWater = readHighWater(root);
  } catch (error) {
    findings.caught('state', error);
  }
  return verifyInto(findings, directorySource(root), { ...options, highWater });
}

/**
 * Verifies a store from its bytes alone, with none of the code that holds keys, signs or writes: every leaf is rebuilt from its
 * envelope, every tile from the leaves, every root from the tiles; every body is decoded; and every object is accounted for.
 * Memory does not grow with the log. Never throws: it reports.
 */
export async function verifyStore(source: Source, options: StoreOptions = {}): Promise<VerifyReport> {
  return verifyInto(createFindings(), source, options);
}

async function verifyInto(findings: Findings, source: Source, options: StoreOptions): Promise<VerifyReport> {
  const seen: Seen = {
    entries: 0,
    bodies: 0,
    checkpoint: null,
    trust: [],
    time: { tokens: 0, newest: null, covered: 0, late: 0, asserted: 0 },
    witnessed: [],
    splitView: null,
  };
  try {
    using ledger = createLedger();
    await verifyAll({ source, options, ledger, findings }, seen);
  } catch (error) {
    findings.caught('', error);
  }
  const { problems, problemCount, notes } = findings;
  return { kind: 'store', ok: problemCount === 0, problems, problemCount, notes, ...seen };
}

interface Seen {
  entries: number;
  bodies: number;
  checkpoint: CheckpointInfo | null;
  trust: Trust[];
  time: TimeReport;
  witnessed: Witnessed[];
  splitView: VerifyReport['splitView'];
}

interface Verification {
  readonly source: Source;
  readonly options: StoreOptions;
  readonly ledger: Ledger;
  readonly findings: Findings;
}

async function verifyAll(verification: Verification, seen: Seen): Promise<void> {
  const { source, options, ledger, findings } = verification;
  const log = await identify(source, findings);
  if (log === undefined) return;
  seen.trust = trustedKeys(log, options.trusted, findings);
  await checkKeys(source, log, findings);
  const heads = await openHeads(source, log, ledger, findings);
  if (heads === undefined) {
    findings.problem('missing', CHECKPOINT_KEY, 'no checkpoint is signed by the key of the log');
    return;
  }
  const { head } = heads;
  seen.checkpoint = head;
  await checkRollBack(source, heads, options.highWater, findings);
  seen.entries = await checkEntries({
    source,
    log,
    heads,
    points: knownPoints(verification, log, head),
    ledger,
    findings,
    progress: (done) => options.progress?.({ stage: 'entries', done, total: head.size }),
  });
  const total = ledger.countBodies();
  seen.bodies = await checkBodies(source, ledger, findings, (done) =>
    options.progress?.({ stage: 'bodies', done, total }),
  );
  const beyond = await checkFiles(source, { size: head.size, keys: log, ledger }, findings);
  await checkBeyond(source, heads, log, beyond, findings);
}

/** The log's name and keys, as its own genesis says. */
async function identify(source: Source, findings: Findings): Promise<LogKeys | undefined> {
  try {
    const log = await readGenesis(source);
    if (log !== undefined) return log;
    findings.problem(
      'missing',
      'log',
      'there is no first entry: not an evidence store, or one without its log',
    );
  } catch (error) {
    findings.caught('entry 0', error);
  }
  return undefined;
}

function trustedKeys(log: LogKeys, trusted: readonly string[] | undefined, findings: Findings): Trust[] {
  if (trusted === undefined) {
    findings.note(
      'the keys are known from this store alone: compare their fingerprints with ones that came another way',
    );
  }
  return (['envelope', 'checkpoint'] as const).map((use) => {
    const print = fingerprint(log[use]);
    if (trusted !== undefined && !trusted.includes(print)) {
      findings.problem(
        'foreign-key',
        publicKeyPath(log[use]),
        `this ${use} key is not among the trusted ones`,
      );
    }
    return { fingerprint: print, use, name: '', from: trusted === undefined ? 'store' : 'given' };
  });
}

/** What is known of the log beside itself: the high-water mark, and a checkpoint that was kept. */
function knownPoints({ options, findings }: Verification, log: LogKeys, head: CheckpointInfo): Point[] {
  const points: Point[] = [];
  const { highWater, since } = options;
  if (highWater !== undefined) points.push({ ...highWater, where: 'the high-water mark' });
  if (since === undefined) {
    findings.note('split view not excluded: no checkpoint kept elsewhere was given');
    return points;
  }
  const where = 'the checkpoint given';
  try {
    const { size, root } = openCheckpoint(since, log.origin, [log.checkpoint], where);
    points.push({ size, root, where });
    if (size > head.size) {
      findings.problem('rolled-back', CHECKPOINT_KEY, `has ${head.size} entries, and ${where} ${size}`);
    }
  } catch (error) {
    findings.caught(where, error);
  }
  return points;
}
