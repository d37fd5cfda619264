import { createHash } from 'node:crypto';
import { EvidenceError } from '../error.ts';
import type { Keyring } from '../keyring.ts';
import { createFrontier, equalBytes } from '../merkle.ts';
import type { Frontier } from '../merkle.ts';
import { bodyKey, genesisFields, subjectKey, tsaPath } from '../statement.ts';
import type { Statement } from '../statement.ts';
import { createCommitCheck } from './commits.ts';
import { readEntries } from './entries.ts';
import type { OpenedEntry } from './entries.ts';
import { signingFault } from './heads.ts';
import type { Heads } from './heads.ts';
import type { Ledger } from './ledger.ts';
import type { Findings } from './report.ts';
import type { Source } from './source.ts';
import { claimsOf, createStatementRules } from './statements.ts';
import type { TimeRules } from './time.ts';
import { createTileCheck } from './tree.ts';

/** A tree that the log must have had. */
export interface Point {
  readonly size: number;
  /** Hex. */
  readonly root: string;
  /** Who says so: an object's key, or a name for it. */
  readonly where: string;
  /** SPKIs of the keys that signed it, when it is signed. */
  readonly signedBy?: readonly Uint8Array[];
}

export interface Pass {
  readonly source: Source;
  readonly origin: string;
  readonly heads: Heads;
  /** Beside the checkpoints of the store. */
  readonly points: readonly Point[];
  /** Takes the rotations as they come. */
  readonly keys: Keyring;
  readonly time: TimeRules;
  readonly ledger: Ledger;
  readonly findings: Findings;
  readonly progress: (done: number) => void;
}

/**
 * Goes over all entries once, in their order: envelopes, keys in force, statements, leaves, tiles, commits, and the root and the signatures at each
 * checkpoint. Returns how many entries were examined.
 */
export async function checkEntries(pass: Pass): Promise<number> {
  const { source, heads, ledger, findings } = pass;
  const { size } = heads.head;
  const frontier = createFrontier();
  const tiles = createTileCheck(source, heads.sizes, findings);
  const commits = createCommitCheck(source, heads, ledger, findings);
  const statements = createEntryCheck(pass);
  const points = createPointCheck(pass);
  try {
    for await (const entry of readEntries(source, size)) {
      const { index, leaf } = entry;
      const begins = await commits.add(index, leaf, () => rootOf(frontier));
      if (!ledger.addLeaf(entry.hash)) {
        findings.problem('sequence', `entry ${index}`, 'the same entry is in the log twice');
      }
      await statements.check(entry, begins);
      const hash = Buffer.from(entry.hash, 'hex');
      frontier.append(hash);
      await tiles.add(leaf, hash);
      points.reached(frontier);
      pass.progress(frontier.size);
    }
    await tiles.finish();
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    findings.caught('log/tile', error);
    findings.note(`the entries from ${frontier.size} on could not be read, and were not examined`);
  }
  for (const fault of pass.keys.unfinished()) findings.problem('sequence', 'keys', fault);
  return frontier.size;
}

/** Compares root and signatures with all that is known of the log at a size. */
function createPointCheck({ heads, points, keys, ledger, findings }: Pass): {
  reached(frontier: Frontier): void;
} {
  let next = 0;
  function checkSigned(size: number, where: string, signedBy: readonly Uint8Array[]): void {
    const fault = signingFault(signedBy, keys.checkpointKeys(size));
    if (fault !== undefined) findings.problem('foreign-key', where, fault);
  }
  return {
    reached(frontier) {
      const { size } = frontier;
      const published = heads.sizes[next] === size;
      const known = points.filter((point) => point.size === size);
      if (!published && known.length === 0) return;
      const root = rootOf(frontier);
      if (published) {
        next += 1;
        const where = `log/checkpoints/${size}`;
        if (ledger.rootAt(size) !== root) {
          findings.problem('altered', where, `the entries give the root ${root}`);
        }
        checkSigned(size, where, ledger.signersAt(size));
      }
      for (const point of known) {
        if (point.root !== root) {
          const said = `of size ${size} has the root ${point.root}, this log ${root}`;
          findings.problem('forked', point.where, said);
        }
        if (point.signedBy !== undefined) checkSigned(size, point.where, point.signedBy);
      }
    },
  };
}

/** Judges what an envelope says, and remembers what it refers to. */
function createEntryCheck({ source, origin, keys, time, ledger, findings }: Pass): {
  check(entry: OpenedEntry, beginsCommit: boolean): Promise<void>;
} {
  const rules = createStatementRules(
    origin,
    rememberLast((at) => ledger.rootAt(at)),
  );
  const digestOf = rememberLast((key: string) => digestAt(source, key));

  /** True when the key that signed the entry is the one in force; a rotation takes effect. */
  function checkKey(index: number, statement: Statement, signedBy: Uint8Array): boolean {
    const where = `entry ${index}`;
    for (const fault of keys.take(index, statement, signedBy)) findings.problem('sequence', where, fault);
    if (equalBytes(keys.envelopeKey(index), signedBy)) return true;
    findings.problem('foreign-key', where, 'is not signed by the key in force');
    return false;
  }

  return {
    async check({ index, opened }, beginsCommit) {
      if ('problem' in opened) {
        const { code, where, message } = opened.problem;
        findings.problem(code, where, message);
        return;
      }
      const { statement, signedBy } = opened;
      if (!checkKey(index, statement, signedBy)) return;
      const where = `entry ${index}`;
      const report = (code: Parameters<Findings['problem']>[0], message: string): void =>
        findings.problem(code, where, message);
      rules.check(index, statement, report);
      time.check(index, statement, report);
      if (beginsCommit && isSecondOfPair(keys, index)) {
        report('sequence', 'the two entries of a rotation are of one commit');
      }
      await recordBodies(index, statement);
    },
  };

  /** Bodies are examined later, each once; what else a statement refers to, at once. */
  async function recordBodies(index: number, statement: Statement): Promise<void> {
    for (const claim of claimsOf(index, statement)) ledger.addClaim(claim);
    const authorities = statement.predicate === 'genesis' ? genesisFields(statement).authorities : [];
    const certificates = authorities.map(({ ca }) => ({ name: tsaPath(ca), sha256: ca }));
    for (const { name, sha256 } of [...statement.subjects, ...certificates]) {
      const key = subjectKey({ name, sha256 });
      if (key === bodyKey(sha256)) {
        ledger.addSubject(index, sha256);
        if (statement.predicate === 'assessment' && name === 'verdicts')
          ledger.addIndex(index, sha256, 'verdicts');
        if (statement.predicate === 'erasure' && name === 'erased') ledger.addIndex(index, sha256, 'erased');
        continue;
      }
      if (key === tsaPath(sha256)) ledger.addAuthority(sha256);
      const digest = await digestOf(key);
      if (digest === undefined) findings.problem('missing', key, `entry ${index} refers to it`);
      else if (digest !== sha256) findings.problem('altered', key, `not what entry ${index} refers to`);
      else if (isLaterCheckpoint(key, index))
        findings.problem('sequence', `entry ${index}`, `refers to ${key}, which came after it`);
    }
  }
}

/** An object of the log that the entry could not know. */
function isLaterCheckpoint(key: string, index: number): boolean {
  return Number(/^log\/checkpoints\/(\d+)$/.exec(key)?.[1] ?? 0) > index;
}

/** True when the envelope key came into force with the entry, which is then the second of two. */
function isSecondOfPair(keys: Keyring, index: number): boolean {
  return index > 0 && keys.history().some((key) => key.use === 'envelope' && key.index === index);
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
