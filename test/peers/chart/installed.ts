import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { bundle } from '../../../build.ts';
import { CHART } from '../../../deploy/helm/chart-files.ts';
import { generateKeys, keyFiles } from '../../../src/evidence/keys.ts';
import type { Running } from '../../e2e/process.ts';
import { freePort } from '../authorities.ts';
import { plant } from '../kubernetes-planted.ts';
import { ADMIN, type Cluster, startCluster } from '../kubernetes-server.ts';
import { helm, NAMESPACE, NEEDED } from './helm.ts';
import { type Node, runPod } from './pod.ts';
import { startTcpFront, type TcpFront } from './tcp-front.ts';

export const CHOSEN = ['rbac', 'namespaces', 'workloads', 'images'];
/** The namespace's path. */
export const IN = `/api/v1/namespaces/${NAMESPACE}`;

/** The chart, installed by Helm on a real API server, in a namespace that takes what is restricted alone. */
export interface Installed extends AsyncDisposable {
  readonly cluster: Cluster;
  /** Between the pods and the API server. */
  readonly front: TcpFront;
  readonly directory: string;
  /** Where the agent listens. */
  readonly port: number;
  /** Helm, there; with the values that it was installed with, or without. */
  helm(...args: readonly string[]): Promise<string>;
  helmWithValues(...args: readonly string[]): Promise<string>;
  tokenOf(account: string): Promise<string>;
  /** The container of the Deployment as it is there, with another command where one is given. It ends with this at the latest. */
  startAgent(args?: readonly string[]): Promise<Running>;
  startPod(spec: unknown): Promise<Running>;
}

/** Chosen by the chart's values, and one dataset more that nothing was granted for. */
const valuesOn = (port: number) => ({
  listen: { address: '127.0.0.1', port },
  service: { port },
  keys: { existingSecret: 'annexa-keys' },
  agent: { commitWindow: '1s' },
  sources: {
    kubernetes: {
      cluster: 'test',
      datasets: CHOSEN,
      settings: { pageSize: 10 },
      overrides: Object.fromEntries(CHOSEN.map((name) => [name, { schedule: 'every 3s', freshness: '1h' }])),
    },
  },
  config: {
    manifests: {
      'more.yaml': {
        apiVersion: 'annexa.dev/v1alpha1',
        kind: 'Collector',
        metadata: { name: 'not-granted' },
        spec: { plugin: 'kubernetes', only: ['nodes'], settings: { cluster: 'test' } },
      },
    },
  },
  rbac: { bindings: { viewer: [{ kind: 'ServiceAccount', name: 'reader', namespace: NAMESPACE }] } },
});

async function storeKeys(cluster: Cluster, directory: string): Promise<void> {
  await generateKeys(join(directory, 'keys'));
  const files = Object.values(keyFiles(join(directory, 'keys')));
  const stringData = Object.fromEntries(
    await Promise.all(files.map(async (file) => [file.split('/').at(-1), await readFile(file, 'utf8')])),
  );
  await cluster.call('POST', `${IN}/secrets`, { metadata: { name: 'annexa-keys' }, stringData });
}

const deployment = z.object({
  spec: z.object({
    template: z.object({
      spec: z.looseObject({ containers: z.tuple([z.looseObject({ args: z.array(z.string()) })]) }),
    }),
  }),
});

const tokenAnswer = z.object({ status: z.object({ token: z.string() }) });
const contents = z.object({ data: z.record(z.string(), z.string()) });

export async function install(): Promise<Installed> {
  await using cleanup = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'annexa-chart-agent-'));
  cleanup.defer(() => rm(directory, { recursive: true, force: true }));
  await chmod(directory, 0o755);
  const [cluster, port] = await Promise.all([startCluster(), freePort(), bundle(join(directory, 'app'))]);
  cleanup.use(cluster);
  const front = cleanup.use(await startTcpFront(Number(new URL(cluster.server).port)));
  await prepare(cluster, directory);
  const there = ['--namespace', NAMESPACE, '--kubeconfig', join(directory, 'kubeconfig')];
  const node = await nodeOf(cluster, front, directory);
  const startPod = async (spec: unknown) => {
    const pod = await runPod(spec, { ...node, directory: await mkdtemp(join(directory, 'pod-')) });
    owned.defer(async () => {
      pod.child.kill('SIGKILL');
      await pod.ended;
    });
    return pod;
  };
  const helmWithValues = (...args: readonly string[]) => helm([...args, ...there], NEEDED, valuesOn(port));
  await helmWithValues('install', 'annexa', CHART);
  const owned = cleanup.move();
  return {
    cluster,
    front,
    directory,
    port,
    startPod,
    helmWithValues,
    tokenOf: (account) => node.api.token(account),
    helm: (...args) => helm([...args, ...there]),
    async startAgent(args) {
      const found = await cluster.call('GET', `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/annexa`);
      const { spec } = deployment.parse(found).spec.template;
      const [container] = spec.containers;
      return startPod(args === undefined ? spec : { ...spec, containers: [{ ...container, args }] });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** What the chart finds: something to collect, a namespace with callers and keys. */
async function prepare(cluster: Cluster, directory: string): Promise<void> {
  await plant(cluster);
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await cluster.call('POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE, labels } });
  for (const name of ['reader', 'stranger'])
    await cluster.call('POST', `${IN}/serviceaccounts`, { metadata: { name } });
  await storeKeys(cluster, directory);
  await writeFile(join(directory, 'kubeconfig'), cluster.kubeconfig(ADMIN));
  await mkdir(join(directory, 'volume'));
}

async function nodeOf(cluster: Cluster, front: TcpFront, directory: string): Promise<Node> {
  return {
    directory,
    app: join(directory, 'app'),
    entrypoint: [
      'node',
      '--initial-heap-size=40',
      '--max-semi-space-size=4',
      '--no-parallel-scavenge',
      '--optimize-for-size',
      '/app/annexa.mjs',
    ],
    claims: { annexa: join(directory, 'volume') },
    hosts: [`annexa.${NAMESPACE}.svc`],
    async content(kind, name) {
      const { data } = contents.parse(await cluster.call('GET', `${IN}/${kind}/${name}`));
      const plain = (text: string) => (kind === 'secrets' ? Buffer.from(text, 'base64').toString() : text);
      return Object.fromEntries(Object.entries(data).map(([file, text]) => [file, plain(text)]));
    },
    api: {
      port: front.port,
      ca: await readFile(cluster.certificate, 'utf8'),
      async token(account) {
        const path = `${IN}/serviceaccounts/${account}/token`;
        const asked = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
        return tokenAnswer.parse(await cluster.call('POST', path, asked)).status.token;
      },
    },
  };
}
