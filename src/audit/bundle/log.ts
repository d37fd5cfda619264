import { checkpointKey } from '../../evidence/checkpoint.ts';
import type { Sealed } from '../../evidence/contract.ts';
import { trustedRoot } from '../../evidence/cosign.ts';
import { envelopeKey, envelopeLeaf, parseEnvelope } from '../../evidence/dsse.ts';
import { EvidenceError } from '../../evidence/error.ts';
import { logReader } from '../../evidence/head.ts';
import { jcs } from '../../evidence/jcs.ts';
import { sha256 } from '../../evidence/merkle.ts';
import { publicKeyPath, publicKeyPem } from '../../evidence/public-keys.ts';
import type { StoreReader } from '../../evidence/reader.ts';
import { tsaPath } from '../../evidence/statement.ts';
import { tileNodes } from '../../evidence/tiles.ts';
import {
  AUTHORITIES,
  CONSISTENCY,
  envelopeLine,
  ENVELOPES,
  FRONTIER,
  jsonFile,
  proofLine,
  PROOFS,
  TRUSTED_ROOT,
  VERIFY_SCRIPT,
} from '../layout.ts';
import { authoritiesOf } from '../selection.ts';
import { inOrder, type StoreEvidence } from '../store-evidence.ts';
import type { PlannedFiles } from './files.ts';
import { createProver, type Prover, rememberNodes } from './proofs.ts';
import { verifyScript } from './script.ts';

/** Everything of the log: envelopes, proofs, checkpoints with what is beside them, keys and certificates. Returns how many entries. */
export async function addLog(
  reader: StoreReader,
  evidence: StoreEvidence,
  files: PlannedFiles,
  proven: (done: number, total: number) => void,
): Promise<number> {
  const { context, range, published, checkpoints } = evidence;
  const stamped = [...new Set(evidence.tokens.map(({ size }) => size))];
  const infos = await Promise.all(checkpoints.map((size) => published.open(size)));
  const known = infos.map(({ size, root }) => ({ size, root: Buffer.from(root, 'hex') }));
  const nodes = rememberNodes(tileNodes(logReader(reader.store), reader.checkpoint().size));
  const prover = await createProver(known, stamped, nodes);
  const total = context.length + range.end - range.first;
  let done = 0;
  await files.spool(ENVELOPES, envelopes(reader, inOrder(evidence)));
  await files.spool(
    PROOFS,
    proofs(prover, inOrder(evidence), () => proven((done += 1), total)),
  );
  files.add(FRONTIER, jsonFile(await prover.frontier(range.first)));
  files.add(CONSISTENCY, jsonFile(await prover.consistency()));
  for (const { size, note } of infos) {
    files.add(checkpointKey(size), note);
    for (const key of await published.companions(size)) files.add(key, await read(reader, key));
  }
  await addKeys(reader, evidence, files);
  files.add(VERIFY_SCRIPT, await verifyScript());
  return total;
}

/** Entries read side by side. */
const READ_AHEAD = 16;
const PIECE = 1 << 18;

async function* envelopes(reader: StoreReader, entries: AsyncIterable<Sealed>): AsyncGenerator<Uint8Array> {
  let waiting: Promise<string>[] = [];
  let lines: string[] = [];
  let length = 0;
  for await (const entry of entries) {
    waiting.push(envelopeOf(reader, entry));
    if (waiting.length < READ_AHEAD) continue;
    const read = await Promise.all(waiting);
    waiting = [];
    lines.push(...read);
    length += read.reduce((sum, line) => sum + line.length, 0);
    if (length < PIECE) continue;
    yield Buffer.from(lines.join(''));
    [lines, length] = [[], 0];
  }
  yield Buffer.from([...lines, ...(await Promise.all(waiting))].join(''));
}

/** Read again, so checked again: it gives the leaf that is in the log. */
async function envelopeOf(reader: StoreReader, { index, leafHash }: Sealed): Promise<string> {
  const key = envelopeKey(leafHash);
  const bytes = await read(reader, key);
  const { hash } = envelopeLeaf(parseEnvelope(bytes, key), reader.identity.keys.envelopeKey(index));
  if (hash !== leafHash) throw new EvidenceError('corrupt', `${key}: the envelope isn't the one in the log`);
  return envelopeLine(index, bytes);
}

async function* proofs(
  prover: Prover,
  entries: AsyncIterable<Sealed>,
  each: () => void,
): AsyncGenerator<Uint8Array> {
  let lines: string[] = [];
  let length = 0;
  for await (const entry of entries) {
    const line = proofLine(await prover.prove(entry));
    each();
    lines.push(line);
    length += line.length;
    if (length < PIECE) continue;
    yield Buffer.from(lines.join(''));
    [lines, length] = [[], 0];
  }
  yield Buffer.from(lines.join(''));
}

async function addKeys(reader: StoreReader, evidence: StoreEvidence, files: PlannedFiles): Promise<void> {
  const history = reader.identity.keys.history();
  const spkis = history.flatMap(({ spki }) => spki ?? []);
  for (const spki of spkis) files.add(publicKeyPath(spki), publicKeyPem(spki));
  const logKeys = history.flatMap(({ use, spki }) => (use === 'checkpoint' ? (spki ?? []) : []));
  files.add(TRUSTED_ROOT, `${jcs(trustedRoot(reader.origin, logKeys), TRUSTED_ROOT)}\n`);
  const digests = new Set<string>();
  for await (const entry of inOrder(evidence)) for (const digest of authoritiesOf(entry)) digests.add(digest);
  for (const size of evidence.checkpoints)
    for (const digest of await evidence.published.vouchers(size)) digests.add(digest);
  const pems: Uint8Array[] = [];
  for (const digest of [...digests].sort()) {
    const pem = await read(reader, tsaPath(digest));
    if (Buffer.from(sha256(pem)).toString('hex') !== digest)
      throw new EvidenceError('corrupt', `${tsaPath(digest)}: its bytes have another digest`);
    files.add(tsaPath(digest), pem);
    pems.push(pem);
  }
  files.add(AUTHORITIES, Buffer.concat(pems));
}

async function read({ store }: StoreReader, key: string): Promise<Uint8Array> {
  const bytes = await store.get(key);
  if (bytes === undefined) throw new EvidenceError('corrupt', `${key} is missing`);
  return bytes;
}
