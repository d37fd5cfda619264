import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import type { S3Place } from '../../src/evidence/s3/client.ts';

/** A real S3 server of somebody else's (versitygw, Apache-2.0), on loopback, its objects in a directory that goes with it. */
export interface S3Server extends AsyncDisposable {
  readonly endpoint: string;
  /** What the SDK's default chain finds; already in this process's environment. */
  readonly credentials: Readonly<Record<string, string>>;
  readonly client: S3Client;
  /** A new bucket, and the place of a store in it. */
  place(traits?: { readonly objectLock?: boolean; readonly versioning?: boolean }): Promise<S3Place>;
}

/** Fails when versitygw is not there: peers are never skipped. */
export async function startS3(): Promise<S3Server> {
  const program = process.env['ANNEXA_VERSITYGW'] ?? join(homedir(), '.cache/annexa/bin/versitygw');
  if (!existsSync(program))
    throw new Error(`no ${program}: run test/peers/install.sh or set ANNEXA_VERSITYGW`);
  const directory = await mkdtemp(join(tmpdir(), 'annexa-s3-'));
  const [objects, versions] = [join(directory, 'objects'), join(directory, 'versions')];
  await mkdir(objects);
  await mkdir(versions);
  const port = await freePort();
  const credentials = { AWS_ACCESS_KEY_ID: 'annexa-test', AWS_SECRET_ACCESS_KEY: 'annexa-test-secret' };
  const child = spawn(
    program,
    [
      '--quiet',
      '--keep-alive',
      '--port',
      `127.0.0.1:${port}`,
      'posix',
      '--versioning-dir',
      versions,
      objects,
    ],
    {
      cwd: directory,
      stdio: 'ignore',
      env: {
        ROOT_ACCESS_KEY: credentials.AWS_ACCESS_KEY_ID,
        ROOT_SECRET_KEY: credentials.AWS_SECRET_ACCESS_KEY,
      },
    },
  );
  Object.assign(process.env, credentials);
  const endpoint = `http://127.0.0.1:${port}`;
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true });
  let buckets = 0;
  const server: S3Server = {
    endpoint,
    credentials,
    client,
    async place({ objectLock = false, versioning = true } = {}) {
      const bucket = `evidence-${(buckets += 1)}`;
      await client.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: objectLock }));
      if (versioning && !objectLock) {
        const VersioningConfiguration = { Status: 'Enabled' } as const;
        await client.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }));
      }
      return { bucket, prefix: 'annexa/', region: 'us-east-1', endpoint, forcePathStyle: true };
    },
    async [Symbol.asyncDispose]() {
      client.destroy();
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      await rm(directory, { recursive: true, force: true });
    },
  };
  for (let attempt = 0; attempt < 100 && child.exitCode === null; attempt += 1) {
    const answer = await fetch(endpoint).catch(() => undefined);
    if (answer !== undefined) return server;
    await sleep(100);
  }
  await server[Symbol.asyncDispose]();
  throw new Error(`${program} does not answer`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
