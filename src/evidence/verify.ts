import { createPublicKey } from 'node:crypto';
import { CHECKPOINT_KEY } from './checkpoint.ts';
import type { CheckpointInfo } from './contract.ts';
import { parseWitnessKey } from './cosignature.ts';
import type { WitnessKey } from './cosignature.ts';
import { createKeyring } from './keyring.ts';
import type { Keyring } from './keyring.ts';
import { publicKeyPath } from './public-keys.ts';
import { readHighWater } from './state.ts';
import type { HighWater } from './state.ts';
import { tsaPath } from './statement.ts';
import { checkBeyond, hasGrown } from './verify/commits.ts';
import { checkBodies } from './verify/content.ts';
import { readGenesis } from './verify/entries.ts';
import type { LogKeys } from './verify/entries.ts';
import { checkFiles, checkKeys } from './verify/files.ts';
import { checkRollBack, createSigners, listCheckpoints, openHeads } from './verify/heads.ts';
import type { CheckpointFiles, SignedCheckpoint, Signers } from './verify/heads.ts';
import { createLedger } from './verify/ledger.ts';
import type { Ledger } from './verify/ledger.ts';
import { checkEntries } from './verify/pass.ts';
import type { Point } from './verify/pass.ts';
import { createFindings, noTime } from './verify/report.ts';
import type { Findings, VerifyOptions, VerifyReport } from './verify/report.ts';
import { directorySource } from './verify/source.ts';
import type { Source } from './verify/source.ts';
import { createTimeRules } from './verify/time.ts';
import { givenAuthorities, listAuthorities, openTokens, storedAuthorities } from './verify/tokens.ts';
import type { OpenedTokens, TrustedAuthorities } from './verify/tokens.ts';
import { judgeKeys, judgeSplitView } from './verify/trust.ts';
import { createWitnessCheck, readCosignatures, trustInWitnesses } from './verify/witnesses.ts';

export type { VerifyOptions, VerifyReport } from './verify/report.ts';

/** Of a store, beside what any verdict is asked for. */
export interface StoreOptions extends VerifyOptions {
  /** What was acknowledged beside the store; undefined when that isn't known. Read before the store. */
  readonly highWater?: HighWater | undefined;
}

/**
 * Verifies the store in a directory, its high-water mark included, while a writer may go on. Throws only `key` and `invalid`, for options that are
 * none: everything else it reports.
 */
export async function verifyDirectory(root: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  let highWater: HighWater | undefined;
  let unreadable: unknown;
  try {
    highWater = readHighWater(root);
  } catch (error) {
    unreadable = error;
  }
  return verifyInto(directorySource(root), { ...options, highWater }, unreadable);
}

/**
 * Verifies a store from its bytes alone, with none of the code that holds keys, signs or writes: every leaf is rebuilt from its
 * envelope, every tile from the leaves, every root from the tiles; every body is decoded; every signature of the log, of authorities and of witnesses
 * is checked; and every object is accounted for. Memory does not grow with the log. Throws as verifyDirectory.
 */
export async function verifyStore(source: Source, options: StoreOptions = {}): Promise<VerifyReport> {
  return verifyInto(source, options);
}

/** A writer that goes on may take away what an earlier checkpoint needs, as an erasure does: then a later one is verified. */
const ATTEMPTS = 3;

/** `unreadable`: why what was acknowledged beside the store is not known. */
async function verifyInto(
  source: Source,
  options: StoreOptions,
  unreadable?: unknown,
): Promise<VerifyReport> {
  const witnesses = (options.witnesses ?? []).map(parseWitnessKey);
  const given = options.tsaCa === undefined ? undefined : givenAuthorities(options.tsaCa);
  for (let attempt = 1; ; attempt += 1) {
    const findings = createFindings();
    if (unreadable !== undefined) findings.caught('state', unreadable);
    const seen: Seen = {
      entries: 0,
      bodies: 0,
      checkpoint: null,
      trust: [],
      time: noTime,
      witnessed: [],
      splitView: null,
    };
    let again = false;
    try {
      using ledger = createLedger();
      again = await verifyAll({ source, options, witnesses, given, ledger, findings }, seen);
    } catch (error) {
      findings.caught('', error);
    }
    const { problems, problemCount, notes } = findings;
    if (problemCount > 0 && again && attempt < ATTEMPTS) continue;
    return { kind: 'store', ok: problemCount === 0, problems, problemCount, notes, ...seen };
  }
}

type Seen = {
  -readonly [
    field in keyof Omit<VerifyReport, 'kind' | 'ok' | 'problems' | 'problemCount' | 'notes'>
  ]: VerifyReport[field];
};

interface Verification {
  readonly source: Source;
  readonly options: StoreOptions;
  readonly witnesses: readonly WitnessKey[];
  /** Authorities that came another way. */
  readonly given: TrustedAuthorities | undefined;
  readonly ledger: Ledger;
  readonly findings: Findings;
}

/** Returns whether the log grew meanwhile. */
async function verifyAll(verification: Verification, seen: Seen): Promise<boolean> {
  const { source, options, ledger, findings } = verification;
  const log = await identify(source, findings);
  if (log === undefined) return false;
  // In the order in which a writer publishes, from the last: so that what is read later explains what was read before.
  const files = await listCheckpoints(source);
  const newest = await readNewest(source, findings);
  const signers = createSigners(log.origin, await publishedKeys(source, log));
  const heads = await openHeads(source, files.sizes, newest, signers, ledger, findings);
  const keys = createKeyring(log);
  if (heads === undefined) {
    seen.trust = judgeKeys(keys, options.trusted, findings);
    findings.problem('missing', CHECKPOINT_KEY, 'no checkpoint is signed by the key of the log');
    return false;
  }
  const { head } = heads;
  seen.checkpoint = head;
  await checkRollBack(source, heads, options.highWater, findings);
  const stamped = await readTokens(verification, files, head.size);
  const since = await openSince(signers, options.since, head, findings);
  const time = createTimeRules(stamped.tokens, stamped.refused);
  seen.entries = await checkEntries({
    source,
    origin: log.origin,
    heads,
    points: knownPoints(options.highWater, since),
    keys,
    time,
    ledger,
    findings,
    progress: (done) => options.progress?.({ stage: 'entries', done, total: head.size }),
  });
  seen.time = time.report();
  await checkKeys(source, keys, findings);
  await judgeTrust(verification, { keys, stamped, files, head, since }, seen);
  const total = ledger.countBodies();
  seen.bodies = await checkBodies(source, ledger, findings, (done) =>
    options.progress?.({ stage: 'bodies', done, total: Math.max(done, total) }),
  );
  const beyond = await checkFiles(source, { size: head.size, keys, ledger }, findings);
  await checkBeyond(source, heads, signers, beyond, findings);
  return hasGrown(source, head.size, signers);
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

async function readNewest(source: Source, findings: Findings): Promise<Uint8Array | undefined> {
  try {
    return await source.get(CHECKPOINT_KEY);
  } catch (error) {
    findings.caught(CHECKPOINT_KEY, error);
    return undefined;
  }
}

const KEY_FILE = /^keys\/[0-9a-f]{64}\.pem$/;
const MOST_KEYS = 1000;

/**
 * The Ed25519 keys that the store publishes, the genesis's first: by which a checkpoint may be signed, until the entries before it say
 * which ones had to. A key that never is in force is found in the end.
 */
async function publishedKeys(source: Source, log: LogKeys): Promise<Uint8Array[]> {
  const found = new Map([[publicKeyPath(log.checkpoint), log.checkpoint]]);
  for await (const { key, regular } of source.walk('keys/')) {
    if (!regular || !KEY_FILE.test(key) || found.size === MOST_KEYS) continue;
    const spki = ed25519Spki(await source.get(key));
    if (spki !== undefined && publicKeyPath(spki) === key) found.set(key, spki);
  }
  return [...found.values()];
}

function ed25519Spki(pem: Uint8Array | undefined): Uint8Array | undefined {
  try {
    const key = createPublicKey(Buffer.from(pem ?? []));
    return key.asymmetricKeyType === 'ed25519' ? key.export({ type: 'spki', format: 'der' }) : undefined;
  } catch {
    return undefined;
  }
}

interface Stamped extends OpenedTokens, TrustedAuthorities {
  /** Digests of the files in `tsa/`. */
  readonly published: readonly string[];
}

/** By the authorities given, else by those that the store publishes: that statements name them is judged at the end. */
async function readTokens(
  { source, given, findings }: Verification,
  files: CheckpointFiles,
  size: number,
): Promise<Stamped> {
  const published = await listAuthorities(source);
  const stored = await storedAuthorities(source, published, findings);
  const trusted = given ?? stored;
  const opened = await openTokens(source, files, size, trusted.authorities, findings);
  return { ...opened, ...trusted, published };
}

async function openSince(
  signers: Signers,
  since: Uint8Array | undefined,
  head: CheckpointInfo,
  findings: Findings,
): Promise<SignedCheckpoint | undefined> {
  if (since === undefined) return undefined;
  const where = SINCE;
  try {
    const signed = await signers.open(since, where);
    const { size } = signed.checkpoint;
    if (size > head.size)
      findings.problem('rolled-back', CHECKPOINT_KEY, `has ${head.size} entries, and ${where} ${size}`);
    return signed;
  } catch (error) {
    findings.caught(where, error);
    return undefined;
  }
}

const SINCE = 'the checkpoint given';

/** What is known of the log beside itself: the high-water mark, and a checkpoint that was kept. */
function knownPoints(highWater: HighWater | undefined, since: SignedCheckpoint | undefined): Point[] {
  const points: Point[] = [];
  if (highWater !== undefined) points.push({ ...highWater, where: 'the high-water mark' });
  if (since !== undefined) {
    const { size, root } = since.checkpoint;
    points.push({ size, root, where: SINCE, signedBy: since.signedBy });
  }
  return points;
}

/** What the verdict rests on, once all entries are known. */
async function judgeTrust(
  { source, options, witnesses, given, ledger, findings }: Verification,
  {
    keys,
    stamped,
    files,
    head,
    since,
  }: {
    readonly keys: Keyring;
    readonly stamped: Stamped;
    readonly files: CheckpointFiles;
    readonly head: CheckpointInfo;
    readonly since: SignedCheckpoint | undefined;
  },
  seen: Seen,
): Promise<void> {
  seen.trust = [
    ...judgeKeys(keys, options.trusted, findings),
    ...stamped.trust,
    ...trustInWitnesses(witnesses),
  ];
  if (given === undefined) await judgeAuthorities({ source, ledger, findings }, stamped, files, head.size);
  const cosigned = createWitnessCheck(witnesses, findings);
  await readCosignatures(source, files.cosigned, head.size, cosigned);
  seen.witnessed = cosigned.newest();
  seen.splitView = judgeSplitView(
    { witnessed: seen.witnessed, unknown: cosigned.unknown(), since },
    findings,
  );
}

/** Only certificates that a statement names may be trusted. When others lie beside them, the tokens are opened again without those. */
async function judgeAuthorities(
  { source, ledger, findings }: Pick<Verification, 'source' | 'ledger' | 'findings'>,
  { published, tokens, trust }: Stamped,
  files: CheckpointFiles,
  size: number,
): Promise<void> {
  if (tokens.length > 0) {
    const roots = trust.filter(({ use }) => use === 'authority').length;
    findings.note(
      `the certificates of timestamp authorities (${roots}) are known from this store alone: give yours with --tsa-ca`,
    );
  }
  const named = published.filter((digest) => ledger.hasAuthority(digest));
  if (named.length === published.length) return;
  const unnamed = published.filter((digest) => !named.includes(digest)).map(tsaPath);
  const { authorities } = await storedAuthorities(source, named, findings);
  const again = createFindings();
  await openTokens(source, files, size, authorities, again);
  for (const { where, message } of again.problems) {
    findings.problem(
      'time',
      where,
      `by the authorities that entries name, without ${unnamed.join(', ')}: ${message}`,
    );
  }
}
