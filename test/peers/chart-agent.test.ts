import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { bundle } from '../../build.ts';
import { CHART } from '../../deploy/helm/chart-files.ts';
import { generateKeys, keyFiles } from '../../src/evidence/keys.ts';
import { annexa, type Running } from '../e2e/process.ts';
import { freePort } from './authorities.ts';
import { helm, kubernetesObject, NAMESPACE, NEEDED } from './chart/helm.ts';
import { type Node, runPod } from './chart/pod.ts';
import { startTcpFront, type TcpFront } from './chart/tcp-front.ts';
import { plant } from './kubernetes-planted.ts';
import { ADMIN, type Cluster, startCluster } from './kubernetes-server.ts';

const CHOSEN = ['rbac', 'namespaces', 'workloads', 'images'];
const IN = `/api/v1/namespaces/${NAMESPACE}`;

let cluster: Cluster;
let front: TcpFront;
let directory = '';
let kubeconfig = '';
let port = 0;
let node: Node;
let agent: Running;
let viewer = '';
/** Records of each dataset, once all were collected. */
let whole: Readonly<Record<string, number | null>> = {};

/** Chosen by the chart's values, and one dataset more that nothing was granted for. */
const values = () => ({
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

const helmThere = (...args: readonly string[]) =>
  helm([...args, '--namespace', NAMESPACE, '--kubeconfig', kubeconfig]);
const helmWith = (...args: readonly string[]) =>
  helm([...args, '--namespace', NAMESPACE, '--kubeconfig', kubeconfig], NEEDED, values());

const tokenAnswer = z.object({ status: z.object({ token: z.string() }) });
async function tokenOf(account: string): Promise<string> {
  const answer = await cluster.call('POST', `${IN}/serviceaccounts/${account}/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {},
  });
  return tokenAnswer.parse(answer).status.token;
}

const contents = z.object({ data: z.record(z.string(), z.string()) });
async function content(kind: 'configmaps' | 'secrets', name: string): Promise<Record<string, string>> {
  const { data } = contents.parse(await cluster.call('GET', `${IN}/${kind}/${name}`));
  const plain = (text: string) => (kind === 'secrets' ? Buffer.from(text, 'base64').toString() : text);
  return Object.fromEntries(Object.entries(data).map(([file, text]) => [file, plain(text)]));
}

async function storeKeys(): Promise<void> {
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

/** The container of the Deployment, with another command where one is given. */
async function startAgent(args?: readonly string[]): Promise<Running> {
  const found = await cluster.call('GET', `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/annexa`);
  const { spec } = deployment.parse(found).spec.template;
  const [container] = spec.containers;
  const pod = args === undefined ? spec : { ...spec, containers: [{ ...container, args }] };
  return runPod(pod, { ...node, directory: await mkdtemp(join(directory, 'pod-')) });
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'annexa-chart-agent-'));
  await chmod(directory, 0o755);
  [cluster, port] = await Promise.all([startCluster(), freePort(), bundle(join(directory, 'app'))]);
  front = await startTcpFront(Number(new URL(cluster.server).port));
  await plant(cluster);
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await cluster.call('POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE, labels } });
  for (const name of ['reader', 'stranger'])
    await cluster.call('POST', `${IN}/serviceaccounts`, { metadata: { name } });
  await storeKeys();
  kubeconfig = join(directory, 'kubeconfig');
  await writeFile(kubeconfig, cluster.kubeconfig(ADMIN));
  await mkdir(join(directory, 'volume'));
  node = {
    directory,
    app: join(directory, 'app'),
    entrypoint: ['node', '--max-semi-space-size=4', '--optimize-for-size', '/app/annexa.mjs'],
    content,
    claims: { annexa: join(directory, 'volume') },
    hosts: [`annexa.${NAMESPACE}.svc`],
    api: { port: front.port, ca: await readFile(cluster.certificate, 'utf8'), token: tokenOf },
  };
  await helmWith('install', 'annexa', CHART);
  viewer = await tokenOf('reader');
  agent = await startAgent();
});

afterAll(async () => {
  agent?.child.kill('SIGKILL');
  await agent?.ended;
  await front?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

async function ask(path: string, token?: string): Promise<Response> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return fetch(`http://127.0.0.1:${port}${path}`, { headers });
}

/** Asks again and again: `ended` tells early when the agent is gone. */
async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  let gone = false;
  void agent.ended.then(() => (gone = true));
  await expect
    .poll(async () => gone || (await holds().catch(() => false)), {
      timeout: 60_000,
      interval: 250,
      message: what,
    })
    .toBe(true);
  if (gone) throw new Error(`the agent ended: ${(await agent.ended).err}`);
}

const collectors = z.object({
  items: z.array(
    z.object({
      name: z.string(),
      datasets: z.array(
        z.object({
          dataset: z.string(),
          state: z.string(),
          detail: z.string(),
          asOf: z.string().nullable(),
          records: z.int().nullable(),
        }),
      ),
    }),
  ),
});
type Dataset = z.infer<typeof collectors>['items'][number]['datasets'][number];

async function datasetsOf(collector: string): Promise<readonly Dataset[]> {
  const answer = await ask('/api/v1/collectors', viewer);
  return collectors.parse(await answer.json()).items.find(({ name }) => name === collector)?.datasets ?? [];
}

/** Every dataset chosen is fresh, and of a time after the instant. */
const collectedAfter = (instant: number) => async () => {
  const found = await datasetsOf('kubernetes');
  return (
    found.length === CHOSEN.length &&
    found.every(({ state, asOf }) => state === 'fresh' && Date.parse(asOf ?? '') > instant)
  );
};

const runs = z.object({
  items: z.array(
    z.object({
      startedAt: z.string(),
      datasets: z.array(z.object({ reason: z.string().nullable() })),
    }),
  ),
});

/** Why datasets were not collected, in runs that started after the instant. */
async function failedSince(instant: number): Promise<ReadonlySet<string | null>> {
  const { items } = runs.parse(await (await ask('/api/v1/runs', viewer)).json());
  const since = items.filter(({ startedAt }) => Date.parse(startedAt) >= instant);
  return new Set(since.flatMap(({ datasets }) => datasets.map(({ reason }) => reason)));
}

const records = async () =>
  Object.fromEntries((await datasetsOf('kubernetes')).map((one) => [one.dataset, one.records]));

test('it becomes ready as the chart’s user, with a read-only root, and says so to whoever asks', async () => {
  await eventually('ready', async () => (await ask('/readyz')).status === 200);
  expect((await ask('/livez')).status).toBe(200);
  const status = await readFile(`/proc/${agent.child.pid}/status`, 'utf8');
  expect(status).toMatch(/^Uid:\t65532\t65532\t65532\t65532$/m);
  expect(status).toMatch(/^CapEff:\t0+$/m);
  expect(status).toMatch(/^NoNewPrivs:\t1$/m);
});

test('helm test asks it through the service', async () => {
  const said = helmThere('test', 'annexa', '--logs=false');
  const path = `${IN}/pods/annexa-test-ready`;
  await eventually('a pod of the test', async () => (await cluster.call('GET', path)) !== undefined);
  const pod = z.object({ spec: z.unknown() }).parse(await cluster.call('GET', path));
  const run = await runPod(pod.spec, { ...node, directory: await mkdtemp(join(directory, 'test-')) });
  const { code, out, err } = await run.ended;
  expect({ code, out, err }).toMatchObject({ code: 0, out: expect.stringContaining('/readyz 200') });
  await cluster.call('PATCH', `${path}/status`, { status: { phase: code === 0 ? 'Succeeded' : 'Failed' } });
  expect(await said).toMatch(/Phase:\s+Succeeded/);
});

test('it collects every dataset chosen, as nobody but the chart’s account', async () => {
  await eventually('collected', collectedAfter(0));
  whole = await records();
  expect(Object.keys(whole).sort()).toEqual([...CHOSEN].sort());
  expect(Object.values(whole).every((count) => count !== null && count > 0)).toBe(true);
});

test('a dataset that was not chosen is denied', async () => {
  await eventually('denied', async () =>
    (await datasetsOf('not-granted')).some(({ detail }) => detail.includes('denied')),
  );
  expect(await datasetsOf('not-granted')).toMatchObject([
    { dataset: 'nodes', state: 'missing', records: null },
  ]);
});

test('doctor in the pod tells what is granted and what is not', async () => {
  const { code, out } = await (await startAgent(['doctor'])).ended;
  expect({ code, out }).toMatchObject({ code: 1, out: expect.stringContaining('list nodes') });
  const missing = out.split('\n').filter((line) => line.includes('not allowed'));
  expect(missing.join('\n')).toMatch(/list nodes/);
  expect(missing.join('\n')).not.toMatch(/list (pods|namespaces)/);
});

test('callers get what their ClusterRole says', async () => {
  const status = async (path: string, token?: string) => (await ask(path, token)).status;
  const stranger = await tokenOf('stranger');
  expect([await status('/api/v1/controls'), await status('/api/v1/controls', stranger)]).toEqual([401, 403]);
  expect([await status('/api/v1/controls', viewer), await status('/metrics', viewer)]).toEqual([200, 200]);
  expect(await status('/api/v1/evidence', viewer)).toBe(403);
});

test('it goes on while connections are cut, and nothing is told in part', async () => {
  const before = front.cuts;
  const began = Date.now();
  front.cutAfter = 12_000;
  await eventually(
    'cut',
    async () => front.cuts > before + 20 && (await failedSince(began)).has('unavailable'),
  );
  expect((await ask('/readyz')).status).toBe(200);
  expect((await ask('/livez')).status).toBe(200);
  front.cutAfter = undefined;
  await eventually('collected again', collectedAfter(Date.now()));
  expect(await records()).toEqual(whole);
});

test('it goes on after the API server was killed and came back', async () => {
  await cluster.restart();
  expect((await ask('/readyz')).status).toBe(200);
  await eventually('collected again', collectedAfter(Date.now()));
  expect(await records()).toEqual(whole);
});

test('asked to end it ends within its grace, and what it sealed verifies', async () => {
  const store = join(directory, 'volume/evidence');
  agent.child.kill('SIGTERM');
  expect(await agent.ended).toMatchObject({ code: 0 });
  const { code, out } = await annexa(['verify', store]).ended;
  expect({ code, out }).toMatchObject({ code: 0 });
  expect(agent.child.signalCode).toBeNull();
});

test('helm upgrade starts it anew only for what a reload can’t take', async () => {
  const annotations = z.object({
    spec: z.object({
      template: z.object({ metadata: z.object({ annotations: z.record(z.string(), z.string()) }) }),
    }),
  });
  const checksum = async () => {
    const found = await cluster.call('GET', `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/annexa`);
    return annotations.parse(found).spec.template.metadata.annotations['checksum/agent'];
  };
  const first = await checksum();
  await helmWith('upgrade', 'annexa', CHART, '--set', 'sources.kubernetes.settings.pageSize=20');
  expect(await checksum()).toBe(first);
  await helmWith('upgrade', 'annexa', CHART, '--set', 'agent.concurrency=4');
  expect(await checksum()).not.toBe(first);
  agent = await startAgent();
  await eventually('what was collected is told again', async () => isDeepStrictEqual(await records(), whole));
});

test('helm uninstall leaves the evidence where it is, and nothing else', async () => {
  await helmThere('uninstall', 'annexa');
  const list = z.object({ items: z.array(z.unknown()) });
  const names = async (path: string) =>
    list
      .parse(await cluster.call('GET', `${path}?labelSelector=app.kubernetes.io/instance=annexa`))
      .items.map((item) => kubernetesObject.pick({ metadata: true }).parse(item).metadata.name);
  expect(await names(`${IN}/persistentvolumeclaims`)).toEqual(['annexa']);
  const rest = ['serviceaccounts', 'services', 'configmaps'].map((kind) => `${IN}/${kind}`);
  const rbac = ['clusterroles', 'clusterrolebindings'].map(
    (kind) => `/apis/rbac.authorization.k8s.io/v1/${kind}`,
  );
  for (const path of [
    ...rest,
    ...rbac,
    `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`,
    `/apis/networking.k8s.io/v1/namespaces/${NAMESPACE}/networkpolicies`,
  ])
    expect({ path, names: await names(path) }).toEqual({ path, names: [] });
});

test('installed again it takes the claim over', async () => {
  await helmWith('install', 'annexa', CHART);
  const claim = kubernetesObject.parse(await cluster.call('GET', `${IN}/persistentvolumeclaims/annexa`));
  expect(claim.metadata.annotations).toMatchObject({ 'helm.sh/resource-policy': 'keep' });
});
