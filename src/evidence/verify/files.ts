import { envelopeKey, envelopeLeaf, parseEnvelope, verifyEnvelope } from '../dsse.ts';
import { fingerprint, publicKeyPath, publicKeyPem } from '../public-keys.ts';
import { CHECKPOINT_KEY, checkpointKey } from '../checkpoint.ts';
import { intentKey } from '../intent.ts';
import { bodyKey } from '../statement.ts';
import { parseTilePath } from '../tiles.ts';
import { readBody } from './bodies.ts';
import type { Ledger } from './ledger.ts';
import type { Findings } from './report.ts';
import type { Source } from './source.ts';
import { isTileWithin } from './tree.ts';

export interface Accounted {
  /** Size that was verified. */
  readonly size: number;
  /** Keys in force, SPKI (DER). */
  readonly keys: { readonly envelope: Uint8Array; readonly checkpoint: Uint8Array };
  readonly ledger: Ledger;
}

const MANY = 10_000;

/**
 * Looks at every object of the store for those that nothing accounts for. Returns the keys of those beyond the verified size,
 * which a commit may explain.
 */
export async function checkFiles(source: Source, known: Accounted, findings: Findings): Promise<string[]> {
  const beyond: string[] = [];
  let [bodies, envelopes] = [0, 0];
  for await (const { key, regular } of source.walk('')) {
    const verdict = regular ? classify(key, known) : 'unknown';
    if (verdict === 'unknown') findings.problem('unknown-file', key, 'the log knows no such object');
    if (verdict === 'beyond' && beyond.length < MANY) beyond.push(key);
    if (verdict === 'loose body' && (await isLooseBody(source, key, findings))) bodies += 1;
    if (verdict === 'loose envelope' && (await isLooseEnvelope(source, key, known, findings))) envelopes += 1;
  }
  if (bodies > 0)
    findings.note(`${bodies} bodies that no entry refers to: collected, and not sealed before a stop`);
  if (envelopes > 0)
    findings.note(`${envelopes} envelopes that are not in the log: signed, and not appended before a stop`);
  return beyond;
}

/** Every key in force is published under its own name, and as it is. */
export async function checkKeys(source: Source, keys: Accounted['keys'], findings: Findings): Promise<void> {
  for (const spki of [keys.envelope, keys.checkpoint]) {
    const where = publicKeyPath(spki);
    const pem = await source.get(where);
    if (pem === undefined) findings.problem('missing', where, 'a key in force is not published');
    else if (Buffer.from(pem).toString('latin1') !== publicKeyPem(spki)) {
      findings.problem('altered', where, `not the key ${fingerprint(spki)}`);
    }
  }
}

type Verdict = 'known' | 'unknown' | 'beyond' | 'loose body' | 'loose envelope';

function classify(key: string, known: Accounted): Verdict {
  if (key === CHECKPOINT_KEY) return 'known';
  if ([known.keys.envelope, known.keys.checkpoint].some((spki) => key === publicKeyPath(spki)))
    return 'known';
  const hash = /([0-9a-f]{64})[^/]*$/.exec(key)?.[1] ?? '';
  if (key === bodyKey(hash)) return known.ledger.isReferenced(hash) ? 'known' : 'loose body';
  if (key === envelopeKey(hash)) return known.ledger.hasLeaf(hash) ? 'known' : 'loose envelope';
  if (isTileWithin(key, known.size)) return 'known';
  if (parseTilePath(key.slice('log/'.length)) !== undefined && key.startsWith('log/')) return 'beyond';
  const number = Number(/\/(\d{1,15})$/.exec(key)?.[1]);
  if (key === checkpointKey(number)) {
    return number > known.size ? 'beyond' : known.ledger.rootAt(number) === undefined ? 'unknown' : 'known';
  }
  if (key === intentKey(number)) {
    return number >= known.size ? 'beyond' : known.ledger.hasIntent(number) ? 'known' : 'unknown';
  }
  return 'unknown';
}

async function isLooseBody(source: Source, key: string, findings: Findings): Promise<boolean> {
  try {
    await readBody(source, key.slice('content/'.length, -'.zst'.length));
    return true;
  } catch (error) {
    findings.caught(key, error);
    return false;
  }
}

async function isLooseEnvelope(
  source: Source,
  key: string,
  known: Accounted,
  findings: Findings,
): Promise<boolean> {
  try {
    const bytes = await source.get(key);
    if (bytes === undefined) return false;
    const envelope = parseEnvelope(bytes, key);
    const spki = known.keys.envelope;
    const ours = envelopeKey(envelopeLeaf(envelope, spki).hash) === key && verifyEnvelope(envelope, spki);
    if (!ours) findings.problem('unknown-file', key, 'an envelope of no key in force');
    return ours;
  } catch (error) {
    findings.caught(key, error);
    return false;
  }
}
