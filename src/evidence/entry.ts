import { EvidenceError } from './error.ts';
import type { Sealed } from './contract.ts';
import {
  encodeEnvelope,
  type Envelope,
  envelopeKey,
  envelopeLeaf,
  parseEnvelope,
  verifyEnvelope,
} from './dsse.ts';
import { parseStatement, type Statement } from './statement.ts';
import type { ObjectStore } from './store.ts';

/** An entry with the bytes that stand for it. */
export interface Entry {
  readonly index: number;
  /** Hex. */
  readonly leafHash: string;
  readonly leaf: Uint8Array;
  readonly statement: Statement;
  /** As stored. */
  readonly envelope: Uint8Array;
}

/** The entry of an envelope that the key (SPKI, DER) has just signed. */
export function makeEntry(index: number, statement: Statement, envelope: Envelope, spki: Uint8Array): Entry {
  const { leaf, hash } = envelopeLeaf(envelope, spki);
  return { index, leafHash: hash, leaf, statement, envelope: encodeEnvelope(envelope) };
}

/**
 * Reads the envelope of a leaf hash (hex) and checks it: its signature by the key in force, and that the log's entry made of
 * it has the leaf hash. Throws `corrupt` or, when the key isn't the one, `foreign-key`.
 */
export async function readEntry(
  store: ObjectStore,
  index: number,
  leafHash: string,
  spki: Uint8Array,
): Promise<Entry> {
  const key = envelopeKey(leafHash);
  const bytes = await store.get(key);
  if (bytes === undefined)
    throw new EvidenceError('corrupt', `${key}: the envelope of entry ${index} is missing`);
  const envelope = parseEnvelope(bytes, key);
  const { leaf, hash } = envelopeLeaf(envelope, spki);
  if (hash !== leafHash) {
    const known = verifyEnvelope(envelope, spki);
    if (!known)
      throw new EvidenceError('foreign-key', `${key}: entry ${index} is not signed by the key in force`);
    throw new EvidenceError('corrupt', `${key}: the envelope isn't the one in the log`);
  }
  if (!verifyEnvelope(envelope, spki)) throw new EvidenceError('corrupt', `${key}: the signature is wrong`);
  return { index, leafHash, leaf, statement: parseStatement(envelope.payload, key), envelope: bytes };
}

export function toSealed({ index, leafHash, statement }: Entry): Sealed {
  const { predicate, stream, seq, runId, startedAt, finishedAt, sealedAt, config, anchor, subjects, fields } =
    statement;
  return {
    index,
    leafHash,
    predicate,
    stream,
    seq,
    runId,
    startedAt,
    finishedAt,
    sealedAt,
    config,
    anchor,
    subjects,
    fields,
  };
}
