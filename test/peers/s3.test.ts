import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import {
  DeleteObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createLog, openLog } from '../../src/evidence/log.ts';
import type { Patience, S3Place } from '../../src/evidence/s3/client.ts';
import { openS3, readableS3 } from '../../src/evidence/s3/open.ts';
import { s3Source } from '../../src/evidence/s3/source.ts';
import { verifyStore } from '../../src/evidence/verify.ts';
import { killRounds } from '../evidence/crash.ts';
import { forward } from '../evidence/faults-proxy.ts';
import { draft, temporaryDirectory, testClock, testKeys } from '../evidence/helpers.ts';
import { writerRounds } from '../evidence/writers.ts';
import { type S3Server, startS3 } from './s3-server.ts';

const DAY = 86_400;
const now = () => Math.floor(Date.now() / 1000);
const options = { keys: testKeys(), now: testClock(), agent: { version: '0.0.0', build: 'test' } };
const creation = { ...options, domain: 'acme.example', sample: false };
const patience: Patience = { connect: 1000, request: 5000, attempts: 2 };

let server: S3Server;
let base: string;

beforeAll(async () => {
  server = await startS3();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  base = await temporaryDirectory();
});
afterEach(() => rm(base, { recursive: true, force: true }));

/** A log of a few hundred entries and a body, written through a full tile. */
async function fill(place: S3Place, retention?: { mode: 'COMPLIANCE'; days: number }): Promise<string> {
  const { store } = await openS3({ ...place, retention }, now, patience);
  await using log = await createLog({ ...creation, directory: join(base, 'state'), store });
  const { sha256 } = await log.storeBody([{ id: 'a' }, { id: 'b' }]);
  await log.append([draft('with-body', { subjects: [{ name: 'datasets', sha256 }] })]);
  await log.append(Array.from({ length: 255 }, (_, i) => draft(`run-${i}`)));
  await log.append([draft('last')]);
  return `content/${sha256}.zst`;
}

const problemsOf = async (place: S3Place) =>
  (await verifyStore(s3Source(place))).problems.map(({ code, where }) => `${code} ${where}`);

const object = ({ bucket, prefix }: S3Place, key: string) => ({ Bucket: bucket, Key: `${prefix}${key}` });

describe('a log in a bucket', () => {
  test('is created, opened again, goes on, is read and verified', async () => {
    const place = await server.place();
    const body = await fill(place);
    const { store, warnings } = await openS3(place, now, patience);
    expect(warnings).toEqual([]);
    await using log = await openLog({ ...options, directory: join(base, 'state'), store });
    expect(log.checkpoint().size).toBe(258);
    expect((await log.append([draft('run-7')]))[0]?.index).toBe(9);
    await log.append([draft('more')]);
    const ids: string[] = [];
    for await (const { id } of log.body(body.slice('content/'.length, -'.zst'.length))) ids.push(id);
    expect(ids).toEqual(['a', 'b']);
    expect(await problemsOf(place)).toEqual([]);
    const { DeleteMarkers = [] } = await server.client.send(
      new ListObjectVersionsCommand({ Bucket: place.bucket }),
    );
    expect(DeleteMarkers).toEqual([]);
  });

  test('refuses a writer whose directory has seen more of it', async () => {
    const place = await server.place();
    await fill(place);
    const { store } = await openS3(place, now, patience);
    const newest = await store.get('log/checkpoints/257');
    await store.replace('log/checkpoint', newest ?? new Uint8Array(), () => true);
    for (const key of ['log/intents/257', 'log/checkpoints/258']) await store.delete(key);
    const opening = openLog({ ...options, directory: join(base, 'state'), store });
    await expect(opening).rejects.toMatchObject({ code: 'rolled-back' });
  });

  test('is verified by the command line as the SDK finds it', async () => {
    const place = await server.place();
    await fill(place);
    const main = join(import.meta.dirname, '../../src/main.ts');
    const where = `s3://${place.bucket}/annexa`;
    const env = { ...process.env, AWS_ENDPOINT_URL_S3: server.endpoint, AWS_REGION: 'us-east-1' };
    const { stdout } = await promisify(execFile)(process.execPath, [main, 'verify', where], { env });
    expect(stdout).toContain('258 entries');
  });
});

describe('two writers at once', () => {
  test('never fork a log: all that either was told is sealed is there, once', async () => {
    const { acknowledged, interleaved, faults } = await writerRounds(6, await server.place());
    expect(faults).toEqual([]);
    expect(acknowledged).toBe(6 * 18);
    expect(interleaved).toBeGreaterThan(0);
  });

  test('or one, killed at random moments, lose nothing that they acknowledged', async () => {
    const { acknowledged, faults } = await killRounds(12, Math.random, await server.place());
    expect(faults).toEqual([]);
    expect(acknowledged).toBeGreaterThan(0);
  });
});

describe('Object Lock', () => {
  test('keeps what never changes from being deleted, and tells until when', async () => {
    const place = await server.place({ objectLock: true });
    const body = await fill(place, { mode: 'COMPLIANCE', days: 2 });
    const { store } = await openS3(place, now, patience);
    const until = new Date((now() + 2 * DAY) * 1000).toISOString().slice(0, 10);
    for (const key of [body, 'log/intents/0', 'log/checkpoints/1', 'log/tile/0/000']) {
      await expect(store.delete(key)).rejects.toMatchObject({
        code: 'io',
        message: expect.stringContaining(`it is locked (COMPLIANCE) until ${until}`),
      });
    }
    // Partial tiles went when the full one stood, and the newest checkpoint was written over.
    expect(await store.list('log/tile/0/000.p/')).toEqual([]);
    expect(await problemsOf(place)).toEqual([]);
  });

  test('is prolonged when a body is referred to again', async () => {
    const place = await server.place({ objectLock: true });
    const body = await fill(place, { mode: 'COMPLIANCE', days: 2 });
    const { store } = await openS3({ ...place, retention: { mode: 'COMPLIANCE', days: 9 } }, now, patience);
    await store.has(body);
    const head = await server.client.send(new HeadObjectCommand(object(place, body)));
    expect((head.ObjectLockRetainUntilDate?.getTime() ?? 0) / 1000 - now()).toBeCloseTo(9 * DAY, -2);
  });

  test('is refused as a wish where the bucket has none', async () => {
    const options = { ...(await server.place()), retention: { mode: 'COMPLIANCE', days: 2 } } as const;
    await expect(openS3(options, now, patience)).rejects.toMatchObject({
      code: 'io',
      message: expect.stringContaining('has no Object Lock'),
    });
  });
});

describe('tampering in a bucket', () => {
  test('shows by a delete marker', async () => {
    const place = await server.place();
    const body = await fill(place);
    await server.client.send(new DeleteObjectCommand(object(place, body)));
    expect(await problemsOf(place)).toContain(`altered ${body}`);
  });

  test('shows by a second version, even of the same bytes', async () => {
    const place = await server.place();
    await fill(place);
    const key = 'log/intents/1';
    const bytes = (await readableS3(place).get(key)) ?? Buffer.alloc(0);
    await server.client.send(new PutObjectCommand({ ...object(place, key), Body: bytes }));
    expect(await problemsOf(place)).toEqual([`altered ${key}`]);
  });
});

describe('what a log can not rest on', () => {
  test('a server that overwrites in spite of a condition is refused', async () => {
    const place = await server.place();
    await using lax = await unconditional(place);
    await expect(openS3({ ...place, endpoint: lax.endpoint }, now, patience)).rejects.toMatchObject({
      code: 'io',
      message: expect.stringContaining('overwrote an object in spite of If-None-Match'),
    });
  });

  test('wrong credentials, and buckets that are not there, are told apart', async () => {
    const place = await server.place();
    const refusal = (changed: Partial<S3Place>) =>
      openS3({ ...place, ...changed }, now, patience).then(
        () => 'opened',
        ({ message }: Error) => message,
      );
    expect(await refusal({ bucket: 'nowhere' })).toContain('s3://nowhere/annexa/: there is no such bucket');
    const key = process.env['AWS_SECRET_ACCESS_KEY'];
    process.env['AWS_SECRET_ACCESS_KEY'] = 'another-secret';
    const wrong = await refusal({});
    process.env['AWS_SECRET_ACCESS_KEY'] = key;
    expect(wrong).toContain(`s3://${place.bucket}/annexa/: the credentials are refused`);
    expect(wrong).not.toContain('another-secret');
  });

  test('a bucket whose versions are suspended is warned of', async () => {
    const place = await server.place();
    const VersioningConfiguration = { Status: 'Suspended' } as const;
    await server.client.send(
      new PutBucketVersioningCommand({ Bucket: place.bucket, VersioningConfiguration }),
    );
    expect((await openS3(place, now, patience)).warnings).toEqual([
      expect.stringContaining('versioning is not enabled'),
    ]);
  });
});

test('a body of many megabytes goes up in parts, and comes back as it was', async () => {
  const place = await server.place({ objectLock: true });
  const retention = { mode: 'COMPLIANCE', days: 2 } as const;
  const { store } = await openS3({ ...place, retention }, now, patience);
  const source = join(base, 'source');
  const bytes = Buffer.alloc(21_000_000, 'some text that is repeated ');
  await writeFile(source, bytes);
  expect(await store.createFromFile('content/a.zst', source)).toBe('created');
  expect(await store.createFromFile('content/a.zst', source)).toBe('same');
  expect(Buffer.compare((await store.get('content/a.zst')) ?? Buffer.alloc(0), bytes)).toBe(0);
  await expect(store.delete('content/a.zst')).rejects.toMatchObject({ code: 'io' });
});

/** In front of the server: writes go on without their conditions, signed anew. */
async function unconditional(place: S3Place): Promise<AsyncDisposable & { readonly endpoint: string }> {
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    if (request.method === 'PUT') {
      const key = decodeURIComponent(new URL(request.url ?? '', place.endpoint).pathname).slice(
        place.bucket.length + 2,
      );
      const put = { Bucket: place.bucket, Key: key, Body: body };
      const { ETag = '' } = await server.client.send(new PutObjectCommand(put));
      response.writeHead(200, { etag: ETag });
      return void response.end();
    }
    const answer = await forward(server.endpoint, request, body);
    response.writeHead(answer.status, answer.headers);
    response.end(answer.body);
  }
  const proxy = createServer((request, response) => void serve(request, response));
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      proxy.closeAllConnections();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}
