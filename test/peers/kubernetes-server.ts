import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, request as httpsRequest } from 'node:https';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { freePort } from './authorities.ts';

const run = promisify(execFile);

/** A real API server with its etcd, on loopback, with nothing else of a cluster. */
export interface Cluster extends Endpoint, AsyncDisposable {
  /** Starts another API server of the same cluster, without a cache: what is listed comes from etcd. */
  startUncached(): Promise<Endpoint>;
  /** Kills the API server and starts it again; fulfilled once it answers. */
  restart(): Promise<void>;
}

export interface Endpoint {
  readonly server: string;
  /** File of the certificate that it shows. */
  readonly certificate: string;
  /** A kubeconfig for the token; `server` where a proxy stands before it. */
  kubeconfig(token: string, server?: string): string;
  /** As `system:masters`. Rejects unless the answer is a success. `APPLY`: server-side apply. */
  call(method: string, path: string, body?: object): Promise<unknown>;
  /** Waits until a path that was just defined answers. */
  served(path: string): Promise<void>;
  /** Drops what etcd remembers of earlier states, so that continue tokens expire. */
  compact(): Promise<void>;
}

/** The token of `system:masters`. */
export const ADMIN = 'administrator-of-the-test';

/** A program that test/peers/install.sh builds. */
export function binary(name: string): string {
  const path = join(homedir(), '.cache/annexa/bin', name);
  if (!existsSync(path)) throw new Error(`no ${path}: run test/peers/install.sh`);
  return path;
}

export async function startCluster(): Promise<Cluster> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-kubernetes-'));
  const [client, peer, port] = [await freePort(), await freePort(), await freePort()];
  const children: ChildProcess[] = [];
  const dispose = async () => {
    for (const child of children.toReversed()) await kill(child);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await run('openssl', ['genrsa', '-out', join(directory, 'accounts.key'), '2048']);
    await writeFile(join(directory, 'tokens.csv'), `${ADMIN},admin,admin,system:masters\n`);
    children.push(startEtcd(directory, client, peer));
    children.push(startServer(directory, client, port, 'served', []));
    const own = clusterAt(directory, port, client, 'served');
    await ready(own, children);
    return {
      ...own,
      restart: async () => {
        await kill(children[1]!);
        children[1] = startServer(directory, client, port, 'served', []);
        await ready(own, children);
      },
      startUncached: async () => {
        const uncachedPort = await freePort();
        // Its pages come from etcd, so that a token can expire.
        children.push(startServer(directory, client, uncachedPort, 'uncached', ['--watch-cache=false']));
        const uncached = clusterAt(directory, uncachedPort, client, 'uncached');
        await ready(uncached, children);
        return uncached;
      },
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

function startEtcd(directory: string, client: number, peer: number): ChildProcess {
  const at = (port: number) => `http://127.0.0.1:${port}`;
  return spawn(
    binary('etcd'),
    [
      `--data-dir=${join(directory, 'etcd')}`,
      `--listen-client-urls=${at(client)}`,
      `--advertise-client-urls=${at(client)}`,
      `--listen-peer-urls=${at(peer)}`,
      `--initial-advertise-peer-urls=${at(peer)}`,
      `--initial-cluster=default=${at(peer)}`,
      '--unsafe-no-fsync',
      '--log-level=error',
    ],
    { stdio: 'ignore' },
  );
}

function startServer(
  directory: string,
  etcd: number,
  port: number,
  name: string,
  more: readonly string[],
): ChildProcess {
  return spawn(
    binary('kube-apiserver'),
    [
      `--etcd-servers=http://127.0.0.1:${etcd}`,
      '--etcd-compaction-interval=0',
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      `--secure-port=${port}`,
      `--cert-dir=${join(directory, name)}`,
      `--token-auth-file=${join(directory, 'tokens.csv')}`,
      '--authorization-mode=RBAC',
      '--allow-privileged=true',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${join(directory, 'accounts.key')}`,
      `--service-account-signing-key-file=${join(directory, 'accounts.key')}`,
      '--service-cluster-ip-range=10.0.0.0/24',
      '--disable-admission-plugins=ServiceAccount',
      '--max-requests-inflight=800',
      '--v=0',
      ...more,
    ],
    { stdio: 'ignore' },
  );
}

async function ready(cluster: Endpoint, children: readonly ChildProcess[]): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (children.some(({ exitCode }) => exitCode !== null)) break;
    if (existsSync(cluster.certificate))
      try {
        await cluster.call('GET', '/readyz');
        await cluster.call('GET', '/api/v1/namespaces/kube-system');
        return;
      } catch {
        // Not yet.
      }
    await sleep(100);
  }
  throw new Error('the API server did not become ready');
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  PATCH: 'application/merge-patch+json',
  APPLY: 'application/apply-patch+yaml',
};

function clusterAt(directory: string, port: number, etcd: number, name: string): Endpoint {
  const server = `https://127.0.0.1:${port}`;
  const certificate = join(directory, name, 'apiserver.crt');
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  let ca: string | undefined;
  const send = async (method: string, path: string, body?: object): Promise<readonly [number, string]> => {
    ca ??= await readFile(certificate, 'utf8');
    const { promise, resolve, reject } = Promise.withResolvers<readonly [number, string]>();
    const type = CONTENT_TYPES[method] ?? 'application/json';
    const headers = { authorization: `Bearer ${ADMIN}`, 'content-type': type };
    const verb = method === 'APPLY' ? 'PATCH' : method;
    const sent = httpsRequest(`${server}${path}`, { method: verb, headers, agent, ca }, (response) => {
      const chunks: string[] = [];
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => chunks.push(chunk));
      response.on('end', () => resolve([response.statusCode ?? 0, chunks.join('')]));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
    return promise;
  };
  return {
    server,
    certificate,
    kubeconfig: (token, at = server) => {
      const trust = at.startsWith('https:')
        ? { 'certificate-authority': certificate }
        : { 'insecure-skip-tls-verify': true };
      return JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'test',
        clusters: [{ name: 'test', cluster: { server: at, ...trust } }],
        users: [{ name: 'agent', user: { token } }],
        contexts: [{ name: 'test', context: { cluster: 'test', user: 'agent' } }],
      });
    },
    call: async (method, path, body) => {
      const [status, text] = await send(method, path, body);
      if (status < 200 || status > 299) throw new Error(`${method} ${path}: ${status} ${text}`);
      return text.startsWith('{') ? (JSON.parse(text) as unknown) : text;
    },
    served: async (path) => {
      for (let tries = 0; tries < 300; tries++) {
        const [status] = await send('GET', path);
        if (status === 200) return;
        await sleep(100);
      }
      throw new Error(`${path} is not served`);
    },
    compact: () => compact(etcd),
  };
}

const header = z.object({ header: z.object({ revision: z.string() }) });

/** By etcd's JSON gateway. */
async function compact(port: number): Promise<void> {
  const ask = async (path: string, body: object): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${port}/v3/kv/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`etcd: ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const key = Buffer.from('/compaction-of-the-test').toString('base64');
  // Compaction reaches up to a revision: one after every page that was read.
  const { revision } = header.parse(await ask('put', { key, value: key })).header;
  await ask('compaction', { revision });
}
