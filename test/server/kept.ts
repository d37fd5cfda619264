import { createHash, randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { onTestFinished } from 'vitest';
import type { Bundles } from '../../src/audit/jobs/contract.ts';
import { saveJob, zipPath } from '../../src/audit/jobs/folder.ts';
import { openBundles } from '../../src/audit/jobs/jobs.ts';
import { temporaryDirectory, testKeys } from '../evidence/helpers.ts';
import { type Guarded, guarded, NOW, oneEach } from './access/guarded.ts';

export const ID = 'a'.repeat(32);
export const OTHER = 'b'.repeat(32);

export interface Kept extends Guarded {
  readonly bundles: Bundles;
  /** Of the bundle ID. */
  readonly bytes: Buffer;
  readonly etag: string;
  readonly directory: string;
}

/** A server with two bundles that are done, one of so many bytes; both expire in a week. */
export async function kept(size: number): Promise<Kept> {
  const directory = await temporaryDirectory();
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const bytes = randomBytes(size);
  await put(directory, ID, bytes);
  await put(directory, OTHER, randomBytes(10));
  let server: Guarded | undefined;
  const ignore = (): void => {};
  const bundles = await openBundles({
    directory,
    place: { directory: '/nowhere' },
    checkpoint: () => Promise.resolve({ origin: 'test.example/log', size: 5 }),
    erasure: -1,
    signer: () => Promise.resolve(testKeys(1).checkpoint),
    agent: { version: '0.0.0', build: 'test' },
    env: {},
    logger: { info: ignore, warn: ignore, error: ignore },
    now: () => server?.now ?? NOW,
    doubted: () => false,
    keep: 604_800,
    memory: 512,
  });
  onTestFinished(() => bundles[Symbol.asyncDispose]());
  server = await guarded({ tokens: oneEach }, {}, { bundles });
  return Object.assign(server, { bundles, bytes, etag: `"${digest(bytes)}"`, directory });
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function put(directory: string, id: string, bytes: Buffer): Promise<void> {
  const sha256 = digest(bytes);
  await saveJob(directory, {
    id,
    state: 'done',
    why: null,
    by: 'token:kim',
    links: [],
    question: { from: 1_795_996_800, to: 1_796_083_200, controls: null, collectors: null, at: 5 },
    made: { bytes: bytes.length, sha256, manifest: sha256, entries: 1, bodies: 1 },
    createdAt: NOW,
    expiresAt: NOW + 604_800,
  });
  await writeFile(zipPath(directory, id), bytes);
}
