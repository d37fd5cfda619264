import { cpSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { EvidenceLog } from '../../src/evidence/contract.ts';
import { createLog, openLog, openOrCreateLog } from '../../src/evidence/log.ts';
import type { Patience } from '../../src/evidence/s3/client.ts';
import { readableS3 } from '../../src/evidence/s3/open.ts';
import { s3Source } from '../../src/evidence/s3/source.ts';
import { verifyStore } from '../../src/evidence/verify.ts';
import { type Acknowledged, appendAll, batches, missing } from './acknowledged.ts';
import { faultsProxy, type S3Fault } from './faults-proxy.ts';
import { draft, temporaryDirectory, testClock, testKeys } from './helpers.ts';
import { BUCKET, memoryS3 } from './s3-memory.ts';

/** How often the client sends a request: with 1 each fault is the log's own to deal with. */
export type Sent = 1 | 2;

export interface RoundsOptions {
  readonly fault: S3Fault;
  readonly sent: Sent;
  /** The first request that meets the fault, and the distance to the next. */
  readonly first?: number;
  readonly step?: number;
  /** Requests in a row that meet the fault. */
  readonly times?: number;
}

/** Entries before the first fault: the commits fill a tile, and partial tiles go. */
const BEFORE = 253;
const options = { keys: testKeys(), now: testClock(), agent: { version: '0.0.0', build: 'test' } };
/** Only what is never answered needs to be given up soon. */
function patienceFor(fault: S3Fault, sent: Sent): Patience {
  return { connect: 5000, request: fault === 'slow' ? 250 : 10_000, attempts: sent };
}

const creation = { ...options, domain: 'acme.example', sample: false };

/**
 * One fault at a request of a log in a bucket, at each in turn: nothing acknowledged may be lost, nothing sealed twice, and the log
 * must go on and verify. Returns how many requests there are, and what went wrong.
 */
export async function s3Rounds({
  fault,
  sent,
  first = 1,
  step = 1,
  times = 1,
}: RoundsOptions): Promise<{ readonly requests: number; readonly faults: readonly string[] }> {
  const base = await temporaryDirectory();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(base, { recursive: true, force: true }));
  const server = stack.use(await memoryS3());
  const proxy = stack.use(await faultsProxy(server.endpoint));
  const patience = patienceFor(fault, sent);
  const place = { bucket: BUCKET, prefix: '', region: 'eu-central-1', forcePathStyle: true };
  const store = readableS3({ ...place, endpoint: proxy.endpoint }, patience);
  const direct = { ...place, endpoint: server.endpoint };

  const prepared = join(base, 'prepared');
  await using log = await createLog({ ...creation, directory: prepared, store: readableS3(direct) });
  await log.append(Array.from({ length: BEFORE - 1 }, (_, i) => draft(`before-${i}`)));
  await log[Symbol.asyncDispose]();
  const objects = new Map(server.objects);

  async function round(at: number): Promise<string[]> {
    const directory = join(base, 'round');
    await rm(directory, { recursive: true, force: true });
    cpSync(prepared, directory, { recursive: true });
    server.objects.clear();
    for (const [key, versions] of objects) server.objects.set(key, versions);
    const acknowledged: Acknowledged = new Map();
    proxy.plan(fault, at, times);
    const opened = await openLog({ ...options, directory, store }).catch(() => undefined);
    if (opened !== undefined) {
      await appendAll(opened, acknowledged);
      const met = proxy.count >= at;
      proxy.heal();
      // It goes on by itself once the server does.
      if (met) await appendAll(opened, acknowledged);
      await opened[Symbol.asyncDispose]();
    }
    proxy.heal();
    return afterwards(directory, acknowledged);
  }

  async function afterwards(directory: string, acknowledged: Acknowledged): Promise<string[]> {
    await using again: EvidenceLog = await openLog({ ...options, directory, store: readableS3(direct) });
    const faults = await missing(again, BEFORE, acknowledged);
    await appendAll(again, acknowledged);
    const all = batches.flat().length;
    if (acknowledged.size !== all) faults.push(`${acknowledged.size} of ${all} were acknowledged in the end`);
    faults.push(...(await missing(again, BEFORE, acknowledged)));
    const { size } = again.checkpoint();
    if (size !== BEFORE + all) faults.push(`the log has ${size} entries`);
    const { problems } = await verifyStore(s3Source(direct));
    return [...faults, ...problems.map(({ where, message }) => `verify: ${where}: ${message}`)];
  }

  const faults: string[] = [];
  for (let at = first; ; at += step) {
    const found = await round(at).catch((error: unknown) => [String(error)]);
    faults.push(...found.map((text) => `${fault} at request ${at}: ${text}`));
    if (proxy.count < at) return { requests: at, faults };
  }
}

/** As s3Rounds, while a log is created. */
export async function s3CreationRounds(
  fault: S3Fault,
  { first = 1, step = 1 } = {},
): Promise<{ readonly requests: number; readonly faults: readonly string[] }> {
  const base = await temporaryDirectory();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(base, { recursive: true, force: true }));
  const faults: string[] = [];
  for (let at = first; ; at += step) {
    await using server = await memoryS3();
    await using proxy = await faultsProxy(server.endpoint);
    const place = { bucket: BUCKET, prefix: '', region: 'eu-central-1', forcePathStyle: true };
    const store = readableS3({ ...place, endpoint: proxy.endpoint }, patienceFor(fault, 1));
    const on = { ...creation, directory: join(base, String(at)), store };
    proxy.plan(fault, at);
    await createLog(on).then(
      (log) => log[Symbol.asyncDispose](),
      () => undefined,
    );
    const met = proxy.count >= at;
    proxy.heal();
    const { problems } = await openOrCreateLog({
      ...on,
      store: readableS3({ ...place, endpoint: server.endpoint }),
    }).then(
      async (log) => {
        await log[Symbol.asyncDispose]();
        return verifyStore(s3Source({ ...place, endpoint: server.endpoint }));
      },
      (error: unknown) => ({ problems: [{ where: 'opening', message: String(error) }] }),
    );
    faults.push(...problems.map(({ where, message }) => `${fault} at request ${at}: ${where}: ${message}`));
    if (!met) return { requests: at, faults };
  }
}
