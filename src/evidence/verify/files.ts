import { CHECKPOINT_KEY } from '../checkpoint.ts';
import { envelopeKey, envelopeLeaf, parseEnvelope, verifyEnvelope } from '../dsse.ts';
import type { Envelope } from '../dsse.ts';
import type { Keyring } from '../keyring.ts';
import { fingerprint, publicKeyPath, publicKeyPem } from '../public-keys.ts';
import { intentKey } from '../intent.ts';
import { bodyKey, parseStatement, rotationFields, tsaPath } from '../statement.ts';
import { parseTilePath } from '../tiles.ts';
import { readStoredBody } from './bodies.ts';
import { parseCheckpointFile } from './heads.ts';
import type { Ledger } from './ledger.ts';
import type { Findings } from './report.ts';
import type { Source } from './source.ts';
import { isTileWithin } from './tree.ts';

export interface Accounted {
  /** Size that was verified. */
  readonly size: number;
  readonly keys: Keyring;
  readonly ledger: Ledger;
}

const MANY = 10_000;

/**
 * Looks at every object of the store for those that nothing accounts for. Returns the keys of those beyond the verified size,
 * which a commit may explain.
 */
export async function checkFiles(source: Source, known: Accounted, findings: Findings): Promise<string[]> {
  const beyond: string[] = [];
  const loose = { bodies: 0, authorities: 0 };
  const envelopes = createLooseEnvelopes(known.keys, findings);
  const keyPaths = publishedPaths(known.keys);
  for await (const { key, regular, tampered } of source.walk('')) {
    if (tampered !== undefined) {
      findings.problem('altered', key, tampered);
      continue;
    }
    const verdict = regular ? classify(key, known, keyPaths) : 'unknown';
    if (verdict === 'unknown') findings.problem('unknown-file', key, 'the log knows no such object');
    if (verdict === 'beyond' && beyond.length < MANY) beyond.push(key);
    if (verdict === 'loose body' && (await isLooseBody(source, key, known.ledger, findings)))
      loose.bodies += 1;
    if (verdict === 'loose envelope') await envelopes.add(source, key);
    if (verdict === 'loose authority') loose.authorities += 1;
    if (verdict === 'erased') findings.note(`${key} is still there, though an erasure names it`);
  }
  noteLoose({ ...loose, envelopes: envelopes.finish() }, findings);
  const unexplained: string[] = [];
  for (const key of beyond) {
    const spki = envelopes.announced(key);
    if (spki === undefined) unexplained.push(key);
    else await checkKey(source, spki, findings);
  }
  return unexplained;
}

function noteLoose(
  { bodies, envelopes, authorities }: { bodies: number; envelopes: number; authorities: number },
  findings: Findings,
): void {
  if (bodies > 0)
    findings.note(`${bodies} bodies that no entry refers to: collected, and not sealed before a stop`);
  if (envelopes > 0)
    findings.note(`${envelopes} envelopes that are not in the log: signed, and not appended before a stop`);
  if (authorities > 0)
    findings.note(
      `${authorities} files of authorities' certificates that no entry names: published before a stop, and not trusted`,
    );
}

/** Every key that was ever in force is published under its own name, and as it is. */
export async function checkKeys(source: Source, keys: Keyring, findings: Findings): Promise<void> {
  for (const { spki } of keys.history()) if (spki !== null) await checkKey(source, spki, findings);
}

async function checkKey(source: Source, spki: Uint8Array, findings: Findings): Promise<void> {
  const where = publicKeyPath(spki);
  const pem = await source.get(where);
  if (pem === undefined) findings.problem('missing', where, 'a key in force is not published');
  else if (Buffer.from(pem).toString('latin1') !== publicKeyPem(spki)) {
    findings.problem('altered', where, `not the key ${fingerprint(spki)}`);
  }
}

function publishedPaths(keys: Keyring): ReadonlySet<string> {
  return new Set(keys.history().flatMap(({ spki }) => (spki === null ? [] : [publicKeyPath(spki)])));
}

type Verdict =
  | 'known'
  | 'unknown'
  | 'beyond'
  | 'erased'
  | 'loose body'
  | 'loose envelope'
  | 'loose authority';

function classify(key: string, { ledger, size }: Accounted, keyPaths: ReadonlySet<string>): Verdict {
  const hash = /([0-9a-f]{64})[^/]*$/.exec(key)?.[1] ?? '';
  if (key === envelopeKey(hash)) return ledger.hasLeaf(hash) ? 'known' : 'loose envelope';
  if (key === bodyKey(hash)) return classifyBody(hash, ledger);
  if (key === tsaPath(hash)) return ledger.hasAuthority(hash) ? 'known' : 'loose authority';
  if (key === `keys/${hash}.pem`) return keyPaths.has(key) ? 'known' : 'beyond';
  if (key === CHECKPOINT_KEY) return 'known';
  if (isTileWithin(key, size)) return 'known';
  if (key.startsWith('log/') && parseTilePath(key.slice('log/'.length)) !== undefined) return 'beyond';
  const file = parseCheckpointFile(key);
  if (file !== undefined) {
    if (file.size > size) return 'beyond';
    return ledger.rootAt(file.size) === undefined ? 'unknown' : 'known';
  }
  const from = Number(/\/(\d{1,15})$/.exec(key)?.[1]);
  if (key !== intentKey(from)) return 'unknown';
  if (from >= size) return 'beyond';
  return ledger.hasIntent(from) ? 'known' : 'unknown';
}

function classifyBody(sha256: string, ledger: Ledger): Verdict {
  const last = ledger.lastReference(sha256);
  const erased = ledger.erasedBody(sha256);
  if (last !== undefined) return erased !== undefined && last <= erased.entry ? 'erased' : 'known';
  const remainder = ledger.remainderUse(sha256);
  if (remainder === undefined) return 'loose body';
  return remainder === 'current' ? 'known' : 'erased';
}

async function isLooseBody(
  source: Source,
  key: string,
  ledger: Ledger,
  findings: Findings,
): Promise<boolean> {
  try {
    const sha256 = key.slice('content/'.length, -'.zst'.length);
    await readStoredBody(source, sha256);
    return ledger.lastReference(sha256) === undefined;
  } catch (error) {
    findings.caught(key, error);
    return false;
  }
}

/** Envelopes that no leaf is made of. They may announce a rotation that was not appended. */
interface LooseEnvelopes {
  add(source: Source, key: string): Promise<void>;
  /** How many a key signed that is or was in force, or that a rotation among them brings. The others are among the findings. */
  finish(): number;
  /** The key (SPKI) that belongs into a file, when a rotation among them brings it. Asked after the end. */
  announced(path: string): Uint8Array | undefined;
}

function createLooseEnvelopes(keys: Keyring, findings: Findings): LooseEnvelopes {
  const inForce = spkisOf(keys, 'envelope');
  const announced = new Map<string, Uint8Array>();
  const strange: { readonly key: string; readonly envelope: Envelope }[] = [];
  let count = 0;

  function announce(envelope: Envelope, key: string): void {
    const statement = parseStatement(envelope.payload, key);
    if (statement.predicate !== 'rotation') return;
    const fields = rotationFields(statement);
    if (fields.key === null) return;
    const spki = Buffer.from(fields.key, 'base64');
    if (fingerprint(spki) === fields.to) announced.set(publicKeyPath(spki), spki);
  }
  function isSigned(envelope: Envelope, key: string, spki: Uint8Array): boolean {
    return envelopeKey(envelopeLeaf(envelope, spki).hash) === key && verifyEnvelope(envelope, spki);
  }
  return {
    async add(source, key) {
      try {
        const bytes = await source.get(key);
        if (bytes === undefined) return;
        const envelope = parseEnvelope(bytes, key);
        if (inForce.some((spki) => isSigned(envelope, key, spki))) {
          announce(envelope, key);
          count += 1;
        } else if (strange.length < MANY) strange.push({ key, envelope });
      } catch (error) {
        findings.caught(key, error);
      }
    },
    finish() {
      for (const { key, envelope } of strange) {
        if (isSignedByAny(envelope, key)) count += 1;
        else findings.problem('unknown-file', key, 'an envelope of no key in force');
      }
      return count;
    },
    announced: (path) => announced.get(path),
  };

  function isSignedByAny(envelope: Envelope, key: string): boolean {
    return [...announced.values()].some((spki) => {
      try {
        return isSigned(envelope, key, spki);
      } catch {
        // An Ed25519 key signs no envelope.
        return false;
      }
    });
  }
}

function spkisOf(keys: Keyring, use: 'envelope' | 'checkpoint'): Uint8Array[] {
  return keys
    .history()
    .filter((key) => key.use === use)
    .flatMap(({ spki }) => (spki === null ? [] : [spki]));
}
