import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { kindsRead } from '../../controls/judge.ts';
import { EvidenceError } from '../../evidence/error.ts';
import { readStore, readStoreFrom, type StoreReader } from '../../evidence/reader.ts';
import { createSandbox } from '../../inventory/sandbox.ts';
import { useProxies } from '../../network/proxy.ts';
import { type BundleProgress, writeBundle } from '../bundle/write.ts';
import { derive } from '../derive/derive.ts';
import type { MadeBundle } from './contract.ts';
import type { Reply, Request, StorePlace, Task } from './protocol.ts';

// The entry of a process that makes one bundle; make.ts starts it, signs for it, and kills it. Nothing imports it.

let signed: ((signature: Uint8Array) => void) | undefined;

function tell(reply: Reply): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send!(reply, (error: Error | null) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}

async function make({ place, question, agent, spki, file }: Task): Promise<MadeBundle> {
  const reader = await readerOf(place, question.at);
  await using sandbox = createSandbox();
  const { manifest, entries, bodies } = await writeBundle(reader, {
    question,
    signer: { spki, sign: askSignature },
    kindsOf: (check) => kindsRead(sandbox, check),
    derive,
    agent,
    file,
    progress: tellPercents(),
  });
  const { size } = await stat(file);
  return { bytes: size, sha256: await digestOf(file), manifest, entries, bodies };
}

async function readerOf(place: StorePlace, size: number): Promise<StoreReader> {
  if ('directory' in place) return readStore(place.directory, { size });
  useProxies(process.env);
  const { readableS3 } = await import('../../evidence/s3/open.ts');
  const { bucket, prefix } = place.s3;
  return readStoreFrom(readableS3(place.s3), { size, name: `s3://${bucket}/${prefix}` });
}

function askSignature(message: Uint8Array): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  signed = resolve;
  tell({ type: 'sign', message }).catch(reject);
  return promise;
}

/** Not more often than it shows. */
function tellPercents(): (progress: BundleProgress) => void {
  let told = '';
  return (progress) => {
    const { stage, done, total } = progress;
    const now = `${stage} ${Math.floor((100 * done) / total)}`;
    if (now === told) return;
    told = now;
    tell({ type: 'progress', progress }).catch(() => process.exit(1));
  };
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file)) hash.update(piece);
  return hash.digest('hex');
}

function why(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof EvidenceError) || error.code !== 'corrupt') return message;
  return `${message}; if it was erased since this was asked for, ask again`;
}

process.on('message', (request: Request) => {
  if (request.type === 'signed') return signed?.(request.signature);
  // It is ended by who reads the answer: what was said before an end may be lost.
  make(request.task)
    .then(
      (made) => tell({ type: 'done', made }),
      (error: unknown) => tell({ type: 'failed', why: why(error) }),
    )
    .catch(() => process.exit(1));
});
process.on('disconnect', () => process.exit(0));
