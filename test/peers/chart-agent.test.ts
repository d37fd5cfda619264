import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { CHART } from '../../deploy/helm/chart-files.ts';
import { annexa, type Running } from '../e2e/process.ts';
import { kubernetesObject, NAMESPACE } from './chart/helm.ts';
import { CHOSEN, IN, install, type Installed } from './chart/installed.ts';
import { collectedAfter, datasetsOf, failedSince, recordsOf } from './chart/told.ts';

let installed: Installed;
let agent: Running;
let viewer = '';
/** Records of each dataset, once all were collected. */
let whole: Readonly<Record<string, number | null>> = {};

beforeAll(async () => {
  installed = await install();
  viewer = await installed.tokenOf('reader');
  agent = await installed.startAgent();
});

afterAll(async () => installed[Symbol.asyncDispose]());

async function ask(path: string, token?: string): Promise<Response> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return fetch(`http://127.0.0.1:${installed.port}${path}`, { headers });
}

const asViewer = (path: string) => ask(path, viewer);
const collected = (instant: number) => () => collectedAfter(asViewer, instant);

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

test('it becomes ready as the chart’s user, with a read-only root, and says so to whoever asks', async () => {
  await eventually('ready', async () => (await ask('/readyz')).status === 200);
  expect((await ask('/livez')).status).toBe(200);
  const status = await readFile(`/proc/${agent.child.pid}/status`, 'utf8');
  expect(status).toMatch(/^Uid:\t65532\t65532\t65532\t65532$/m);
  expect(status).toMatch(/^CapEff:\t0+$/m);
  expect(status).toMatch(/^NoNewPrivs:\t1$/m);
});

test('helm test asks it through the service', async () => {
  const said = installed.helm('test', 'annexa', '--logs=false');
  const path = `${IN}/pods/annexa-test-ready`;
  await eventually(
    'a pod of the test',
    async () => (await installed.cluster.call('GET', path)) !== undefined,
  );
  const pod = z.object({ spec: z.unknown() }).parse(await installed.cluster.call('GET', path));
  const run = await installed.startPod(pod.spec);
  const { code, out, err } = await run.ended;
  expect({ code, out, err }).toMatchObject({ code: 0, out: expect.stringContaining('/readyz 200') });
  await installed.cluster.call('PATCH', `${path}/status`, {
    status: { phase: code === 0 ? 'Succeeded' : 'Failed' },
  });
  expect(await said).toMatch(/Phase:\s+Succeeded/);
});

test('it collects every dataset chosen, as nobody but the chart’s account', async () => {
  // After the pod of the test has ended: it is none that is told any more.
  await eventually('collected', collected(Date.now()));
  whole = await recordsOf(asViewer);
  expect(Object.keys(whole).sort()).toEqual([...CHOSEN].sort());
  expect(Object.values(whole).every((count) => count !== null && count > 0)).toBe(true);
});

test('a dataset that was not chosen is denied', async () => {
  await eventually('denied', async () =>
    (await datasetsOf(asViewer, 'not-granted')).some(({ detail }) => detail.includes('denied')),
  );
  expect(await datasetsOf(asViewer, 'not-granted')).toMatchObject([
    { dataset: 'nodes', state: 'missing', records: null },
  ]);
});

test('doctor in the pod tells what is granted and what is not', async () => {
  const { code, out } = await (await installed.startAgent(['doctor'])).ended;
  expect({ code, out }).toMatchObject({ code: 1, out: expect.stringContaining('list nodes') });
  const missing = out.split('\n').filter((line) => line.includes('not allowed'));
  expect(missing.join('\n')).toMatch(/list nodes/);
  expect(missing.join('\n')).not.toMatch(/list (pods|namespaces)/);
});

test('callers get what their ClusterRole says', async () => {
  const status = async (path: string, token?: string) => (await ask(path, token)).status;
  const stranger = await installed.tokenOf('stranger');
  expect([await status('/api/v1/controls'), await status('/api/v1/controls', stranger)]).toEqual([401, 403]);
  expect([await status('/api/v1/controls', viewer), await status('/metrics', viewer)]).toEqual([200, 200]);
  expect(await status('/api/v1/evidence', viewer)).toBe(403);
});

test('it goes on while connections are cut, and nothing is told in part', async () => {
  const before = installed.front.cuts;
  const began = Date.now();
  installed.front.cutAfter = 12_000;
  await eventually(
    'cut',
    async () => installed.front.cuts > before + 20 && (await failedSince(asViewer, began)).has('unavailable'),
  );
  expect((await ask('/readyz')).status).toBe(200);
  expect((await ask('/livez')).status).toBe(200);
  installed.front.cutAfter = undefined;
  await eventually('collected again', collected(Date.now()));
  expect(await recordsOf(asViewer)).toEqual(whole);
});

test('it goes on after the API server was killed and came back', async () => {
  await installed.cluster.restart();
  expect((await ask('/readyz')).status).toBe(200);
  await eventually('collected again', collected(Date.now()));
  expect(await recordsOf(asViewer)).toEqual(whole);
});

test('asked to end it ends within its grace, and what it sealed verifies', async () => {
  const store = join(installed.directory, 'volume/evidence');
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
    const found = await installed.cluster.call(
      'GET',
      `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/annexa`,
    );
    return annotations.parse(found).spec.template.metadata.annotations['checksum/agent'];
  };
  const first = await checksum();
  await installed.helmWithValues(
    'upgrade',
    'annexa',
    CHART,
    '--set',
    'sources.kubernetes.settings.pageSize=20',
  );
  expect(await checksum()).toBe(first);
  await installed.helmWithValues('upgrade', 'annexa', CHART, '--set', 'agent.concurrency=4');
  expect(await checksum()).not.toBe(first);
  agent = await installed.startAgent();
  await eventually('what was collected is told again', async () =>
    isDeepStrictEqual(await recordsOf(asViewer), whole),
  );
});

test('helm uninstall leaves the evidence where it is, and nothing else', async () => {
  await installed.helm('uninstall', 'annexa');
  const list = z.object({ items: z.array(z.unknown()) });
  const names = async (path: string) =>
    list
      .parse(await installed.cluster.call('GET', `${path}?labelSelector=app.kubernetes.io/instance=annexa`))
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
  await installed.helmWithValues('install', 'annexa', CHART);
  const claim = kubernetesObject.parse(
    await installed.cluster.call('GET', `${IN}/persistentvolumeclaims/annexa`),
  );
  expect(claim.metadata.annotations).toMatchObject({ 'helm.sh/resource-policy': 'keep' });
});
