import { hash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { CHECKPOINT_KEY, checkpointKey, signCheckpoint } from '../../src/evidence/checkpoint.ts';
import { directoryStore, STATE_FOLDER } from '../../src/evidence/directory.ts';
import { envelopeKey, signEnvelope } from '../../src/evidence/dsse.ts';
import { type Entry, makeEntry } from '../../src/evidence/entry.ts';
import { readHead } from '../../src/evidence/head.ts';
import { encodeIntent, intentKey } from '../../src/evidence/intent.ts';
import type { EvidenceKeys, Signer } from '../../src/evidence/keys.ts';
import { openState } from '../../src/evidence/state.ts';
import { encodeStatement, type Statement } from '../../src/evidence/statement.ts';
import { edgeRoot, growEdge } from '../../src/evidence/tree.ts';

/** A statement, and who signs it: the envelope key given, unless another is named. */
export interface Forged {
  readonly statement: Statement;
  readonly signer?: Signer;
}

/** Who signs what is forged. */
export interface Forgers {
  readonly envelope: Signer;
  /** Each signs the checkpoint, in this order. */
  readonly checkpoint: readonly Signer[];
}

/**
 * Commits a statement as a writer with the right keys and wrong intentions would: whatever it says. `make` gets an honest one
 * to start from.
 */
export async function forge(
  directory: string,
  keys: Pick<EvidenceKeys, 'envelope' | 'checkpoint'>,
  make: (honest: Statement) => Statement,
): Promise<void> {
  const forgers = { envelope: keys.envelope, checkpoint: [keys.checkpoint] };
  await forgeCommit(directory, forgers, (honest) => [{ statement: make(honest) }]);
}

/** Commits any statements, signed by anybody: everything else about them is as a writer would have it. */
export async function forgeCommit(
  directory: string,
  { envelope, checkpoint: signers }: Forgers,
  make: (honest: Statement) => readonly Forged[] | Promise<readonly Forged[]>,
): Promise<void> {
  const store = directoryStore(directory, join(directory, STATE_FOLDER, 'tmp'));
  const newest = await store.get(CHECKPOINT_KEY);
  if (newest === undefined) throw new Error('there is no log to forge');
  const { head, identity } = await readHead(store, newest);
  const { size: from, root: previousRoot } = head.checkpoint;
  const entries: Entry[] = [];
  for (const { statement, signer = envelope } of await make(honest(identity, head.checkpoint))) {
    const signed = await signEnvelope(encodeStatement(statement), signer);
    entries.push(makeEntry(from + entries.length, statement, signed, signer.spki));
  }
  const leaves = entries.map(({ leaf }) => leaf);
  const { edge, tiles } = growEdge(head.edge, leaves);
  const root = edgeRoot(edge);
  const { size, note, root: hex } = await signCheckpoint(identity.origin, edge.size, root, signers);
  await store.create([
    ...entries.map((entry) => ({ key: envelopeKey(entry.leafHash), bytes: entry.envelope })),
    { key: intentKey(from), bytes: encodeIntent({ from, size, previousRoot, leaves }) },
    ...tiles,
    { key: checkpointKey(size), bytes: Buffer.from(note) },
  ]);
  await store.replace(CHECKPOINT_KEY, Buffer.from(note), () => true);
  using state = openState(directory);
  state.commit({ size, root: hex }, []);
}

function honest(
  { origin, sample }: { readonly origin: string; readonly sample: boolean },
  { size, root, note }: { readonly size: number; readonly root: string; readonly note: string },
): Statement {
  return {
    predicate: 'run',
    log: origin,
    stream: 'run/forged',
    seq: 0,
    runId: 'forged',
    startedAt: 1_990_000_000,
    finishedAt: 1_990_000_000,
    sealedAt: 1_990_000_000,
    config: null,
    anchor: { size, root, tokens: [] },
    agent: { version: '0', build: 'forged' },
    sample,
    subjects: [{ name: `log/checkpoints/${size}`, sha256: hash('sha256', note) }],
    fields: {
      collector: 'aws',
      type: 'aws',
      outcome: 'ok',
      datasets: 0,
      failed: 0,
      apiCalls: 0,
      throttled: 0,
    },
  };
}

/** Puts a body into the store; returns its digest. */
export async function putBody(directory: string, body: Uint8Array | string): Promise<string> {
  const sha256 = hash('sha256', body);
  await writeFile(join(directory, `content/${sha256}.zst`), zstdCompressSync(Buffer.from(body)));
  return sha256;
}
