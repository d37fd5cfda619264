import type { JsonObject } from './contract.ts';
import { sigstoreBundle, trustedRoot } from './cosign.ts';
import { envelopeLeaf, parseEnvelope } from './dsse.ts';
import { logReader } from './head.ts';
import { proveInclusion } from './merkle.ts';
import type { StoreReader } from './reader.ts';
import { tileNodes } from './tiles.ts';

/** What stock cosign needs to verify one entry, beside the body and the envelope's key. */
export interface EntryProof {
  /** A Sigstore bundle v0.3: the envelope, and its inclusion in the log at the reader's checkpoint. */
  readonly bundle: JsonObject;
  /** A Sigstore trusted root that names this log alone. */
  readonly trustedRoot: JsonObject;
}

/** Proves an entry at the reader's checkpoint. Throws as the reader does. */
export async function proveEntry(reader: StoreReader, index: number): Promise<EntryProof> {
  const { size, root, note } = reader.checkpoint();
  const { keys, origin } = reader.identity;
  const checkpointKeys = keys.checkpointKeys(size);
  const envelope = parseEnvelope(await reader.envelope(index), `entry ${index}`);
  const bundle = sigstoreBundle({
    envelope: { ...envelope, payloadType: 'application/vnd.in-toto+json' },
    leaf: envelopeLeaf(envelope, keys.envelopeKey(index)).leaf,
    index,
    proof: await proveInclusion(index, size, tileNodes(logReader(reader.store), size)),
    checkpoint: { size, root: Buffer.from(root, 'hex'), note },
    origin,
    logSpki: checkpointKeys[0]!,
  });
  return { bundle, trustedRoot: trustedRoot(origin, checkpointKeys) };
}
