import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { CollectorError } from '../../src/collectors/error.ts';
import { datasets } from '../../src/collectors/kubernetes/datasets.ts';
import { kubernetes } from '../../src/collectors/kubernetes/index.ts';
import { ruleOf } from '../../src/collectors/kubernetes/permissions.ts';
import { contextOf, recordsOf } from '../collectors/harness.ts';
import { type Line, type Verdict, verdictsOf } from '../engine/verdicts.ts';
import { startFront } from './kubernetes-front.ts';
import { plantExtras, plantJobs } from './kubernetes-planted-extras.ts';
import { plant } from './kubernetes-planted.ts';
import { type Cluster, type Endpoint, startCluster } from './kubernetes-server.ts';

const PERMISSIONS = join(import.meta.dirname, '../../deploy/permissions');
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const SETTINGS = {
  cluster: 'test',
  kubeconfig: { env: 'KUBECONFIG_TEXT' },
  backups: { cronJobSelector: { matchLabels: { purpose: 'backup' } } },
};
const CHECKS = {
  role_binding: [
    'cluster-administrators-few',
    'cluster-administrator-groups',
    'cluster-role-wildcards',
    'cluster-escalation',
    'cluster-exec-rights',
    'cluster-secret-readers',
    'cluster-everybody',
    'cluster-default-accounts',
  ],
  namespace: ['namespace-pod-security', 'namespace-default-deny', 'namespace-environments-apart'],
  workload: [
    'workload-host-access',
    'workload-capabilities',
    'workload-root',
    'workload-escalation',
    'workload-isolated',
    'workload-memory-limit',
    'workload-zones',
  ],
  container_image: ['image-pinned', 'image-registries', 'image-approved'],
  node: ['node-version-supported', 'node-version-skew'],
  certificate: [
    'certificate-expiring',
    'certificate-in-use-valid',
    'certificate-renewal',
    'certificate-key-strength',
  ],
  backup_plan: ['backup-plans-run'],
  backup_job: ['backup-jobs-succeed', 'backup-jobs-end'],
  restore_job: ['backup-restore-jobs-succeed', 'backup-recovery-time'],
  recovery_point: ['snapshot-encrypted'],
} as const;
const ALL = Object.values(CHECKS).flat();

const ADMINISTRATORS = ['ann', 'bob', 'deployer', 'eve', 'hidden', 'platform'].map((name) => `admin-${name}`);
const EXPECTED: Readonly<Record<string, Partial<Pick<Verdict, 'failing' | 'unknown'>>>> = {
  'cluster-administrators-few': { failing: ADMINISTRATORS },
  'cluster-administrator-groups': { failing: ['admin-platform'] },
  'cluster-role-wildcards': { failing: ['shop-all', 'wild'] },
  'cluster-escalation': { failing: ['binder'] },
  'cluster-exec-rights': {
    failing: [...ADMINISTRATORS, 'shell-1', 'shell-2', 'shell-3', 'shell-4', 'shop-all'],
  },
  'cluster-secret-readers': { failing: [...ADMINISTRATORS, ...[1, 2, 3, 4, 5].map((n) => `secrets-${n}`)] },
  'cluster-everybody': { failing: ['for-all'] },
  'cluster-default-accounts': { failing: ['for-default'] },
  'namespace-pod-security': { failing: ['bad', 'default', 'trial'] },
  'namespace-default-deny': { failing: ['bad', 'ci', 'default', 'opened', 'trial'] },
  'namespace-environments-apart': { failing: ['bad', 'ci', 'default', 'opened', 'trial'] },
  'workload-host-access': {
    failing: ['bad/node-network', 'bad/node-path', 'bad/node-pid', 'bad/privileged'],
  },
  'workload-capabilities': { failing: ['bad/capable'] },
  'workload-root': { failing: ['bad/rooted'], unknown: ['bad/image-decides'] },
  'workload-escalation': { failing: ['bad/privileged'] },
  'workload-isolated': { failing: ['bad/lonely', 'bad/node-network'] },
  'workload-memory-limit': { failing: ['bad/unlimited'] },
  'workload-zones': { failing: ['shop/one', 'shop/together'] },
  'image-pinned': { failing: ['bad/thing', 'shop/web'] },
  'image-registries': { failing: ['bad/thing', 'shop/web'] },
  'node-version-supported': { failing: ['old'], unknown: ['odd'] },
  'node-version-skew': { failing: ['ahead', 'old'], unknown: ['odd'] },
  'certificate-expiring': { failing: ['ending.example.org'] },
  'certificate-in-use-valid': { failing: ['gone.example.org'] },
  'certificate-renewal': { failing: ['stuck.example.org'] },
  'backup-jobs-succeed': { failing: ['partial'] },
  'backup-jobs-end': { failing: ['hanging'] },
  'backup-restore-jobs-succeed': { failing: ['partial'] },
  'backup-recovery-time': { failing: ['good'] },
  'snapshot-encrypted': { unknown: ['ready'] },
};

let cluster: Cluster;
let uncached: Endpoint;
let token = '';
let healthy: Readonly<Record<string, Verdict>> = {};
const began = Date.now();
const ago = (hours: number): string =>
  new Date(began - hours * 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z');

const told = z.object({
  name: z.string().optional(),
  namespace: z.string().optional(),
  workload: z.string().optional(),
  point: z.string().optional(),
});

/** What a record is called in what is expected. */
function label(line: Pick<Line, 'id' | 'kind'>): string {
  const { name, namespace, workload, point } = told.parse(line);
  if (line.kind === 'workload') return `${namespace}/${name}`;
  if (line.kind === 'container_image') return `${namespace}/${workload}`;
  if (line.kind === 'backup_job' || line.kind === 'recovery_point' || line.kind === 'restore_job')
    return point?.split('/').at(-1) || line.id;
  return name ?? line.id;
}

function verdicts(
  checks: readonly string[],
  only?: readonly string[],
  kubeconfig = cluster.kubeconfig(token),
) {
  const manifest = {
    apiVersion: 'annexa.dev/v1alpha1',
    kind: 'Collector',
    metadata: { name: 'kubernetes' },
    spec: { plugin: 'kubernetes', ...(only === undefined ? {} : { only }), settings: SETTINGS },
  };
  const manifests = { 'collectors.yaml': JSON.stringify(manifest) };
  return verdictsOf({ manifests, env: { KUBECONFIG_TEXT: kubeconfig } }, checks, label);
}

function collector(kubeconfig: string, settings: object = {}) {
  const { context, told } = contextOf(() => Math.floor(Date.now() / 1000), { KUBECONFIG_TEXT: kubeconfig });
  return { source: kubernetes.connect(kubernetes.config.parse({ ...SETTINGS, ...settings }), context), told };
}

const tokenAnswer = z.object({ status: z.object({ token: z.string() }) });
const clusterRole = z.object({ metadata: z.object({ name: z.string() }), rules: z.array(z.unknown()) });

/** A service account with nothing but a ClusterRole of deploy/permissions. */
async function serviceAccount(name: string, role: string): Promise<string> {
  await cluster.call('POST', '/api/v1/namespaces/ci/serviceaccounts', { metadata: { name } });
  await cluster.call('POST', `${RBAC}/clusterrolebindings`, {
    metadata: { name: `agent-${name}` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'ServiceAccount', name, namespace: 'ci' }],
  });
  const answer = await cluster.call('POST', `/api/v1/namespaces/ci/serviceaccounts/${name}/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {},
  });
  return tokenAnswer.parse(answer).status.token;
}

beforeAll(async () => {
  cluster = await startCluster();
  uncached = await cluster.startUncached();
  await plant(cluster);
  for (const file of (await readdir(PERMISSIONS)).filter((name) => name.startsWith('kubernetes-')))
    await cluster.call(
      'POST',
      `${RBAC}/clusterroles`,
      clusterRole.loose().parse(parse(await readFile(join(PERMISSIONS, file), 'utf8'))),
    );
  token = await serviceAccount('agent', 'annexa');
});

afterAll(async () => cluster[Symbol.asyncDispose]());

test('kinds that are not installed satisfy nothing', async () => {
  const names = ['cluster-certificates', 'velero', 'volume-snapshots'];
  for (const dataset of names)
    await expect(
      recordsOf(collector(cluster.kubeconfig(token)).source, dataset, { id: 'test' }),
    ).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('is not installed in the cluster'),
    });
  const found = await verdicts(['certificate-renewal', 'backup-jobs-succeed', 'cluster-everybody']);
  expect(found['certificate-renewal']).toMatchObject({ outcome: 'unknown' });
  expect(found['certificate-renewal']?.why).toContain('not installed');
  expect(found['backup-jobs-succeed']).toMatchObject({ outcome: 'unknown' });
  expect(found['cluster-everybody']).toMatchObject({ outcome: 'fail', failing: ['for-all'] });
});

describe('with everything installed', () => {
  beforeAll(async () => {
    await plantExtras(cluster, ago);
    await plantJobs(cluster, ago);
    healthy = await verdicts(ALL);
  });

  test('every check finds what was planted for it, and nothing else', () => {
    const found = Object.fromEntries(
      Object.entries(healthy).map(([name, { failing, unknown }]) => [name, { failing, unknown }]),
    );
    const expected = Object.fromEntries(
      ALL.map((name) => [name, { failing: [], unknown: [], ...EXPECTED[name] }]),
    );
    expect(found).toEqual(expected);
    // Without a list of approved digests there is nothing to hold images against.
    expect(healthy['image-approved']).toMatchObject({ outcome: 'unknown' });
    expect(healthy['certificate-key-strength']).toMatchObject({ outcome: 'pass' });
  });

  test('what runs containers is told once, by what declares it', async () => {
    const { source, told } = collector(cluster.kubeconfig(token));
    const names = (await recordsOf(source, 'workloads', { id: 'test' })).map((record) => label(record));
    expect(names.sort()).toEqual(
      [
        ...['web', 'one', 'together', 'db', 'nightly', 'other'].map((name) => `shop/${name}`),
        ...['privileged', 'node-network', 'node-pid', 'node-path', 'capable', 'rooted', 'image-decides'].map(
          (name) => `bad/${name}`,
        ),
        ...['unlimited', 'lonely', 'rollout-1', 'bare', 'tagged', 'once'].map((name) => `bad/${name}`),
      ].sort(),
    );
    expect(told.caller).toBe('system:serviceaccount:ci:agent');
    expect(told.endpoint).toEqual({ url: cluster.server, vendor: true });
    expect(told.asOf).toBeGreaterThan(began / 1000 - 1);
    expect(told.calls.every(({ requestId }) => requestId !== undefined)).toBe(true);
  });

  test('each image is told with the digest that runs', async () => {
    const records = await recordsOf(collector(cluster.kubeconfig(token)).source, 'images', { id: 'test' });
    expect(records.find((record) => label(record) === 'shop/web')).toMatchObject({
      workload_type: 'Deployment',
      image: 'nginx:1',
      registry: 'docker.io',
      repository: 'docker.io/library/nginx',
      pinned: false,
      running_digest: `sha256:${'a'.repeat(64)}`,
    });
    expect(records.find((record) => label(record) === 'bad/bare')).toMatchObject({
      pinned: true,
      running_digest: '',
    });
  });

  test('the same state is told in the same bytes, whatever the size of a page', async () => {
    for (const { name } of datasets) {
      const whole = await recordsOf(collector(cluster.kubeconfig(token)).source, name, { id: 'test' });
      const { source, told } = collector(cluster.kubeconfig(token), { pageSize: 3 });
      expect(await recordsOf(source, name, { id: 'test' }), name).toEqual(whole);
      expect([...new Set(told.calls.map(({ operation }) => operation))].sort()).toEqual(
        [...(datasets.find((dataset) => dataset.name === name)?.operations ?? [])].sort(),
      );
    }
  });

  describe('with one rule of deploy/permissions taken away', () => {
    const permissions = [...new Set(datasets.flatMap((dataset) => dataset.permissions))];
    const tokens = new Map<string, string>();
    const records = new Map<string, string>();

    beforeAll(async () => {
      for (const [index, taken] of permissions.entries()) {
        const rules = permissions.filter((permission) => permission !== taken).map(ruleOf);
        await cluster.call('POST', `${RBAC}/clusterroles`, { metadata: { name: `without-${index}` }, rules });
        tokens.set(taken, await serviceAccount(`without-${index}`, `without-${index}`));
      }
      healthy = await verdicts(ALL);
      const { source } = collector(cluster.kubeconfig(token));
      for (const { name } of datasets)
        records.set(name, JSON.stringify(await recordsOf(source, name, { id: 'test' })));
    });

    test.each(permissions)('%s: what needs it fails, and doctor says so', async (taken) => {
      const { source } = collector(cluster.kubeconfig(tokens.get(taken) ?? ''));
      const report = await source.preflight(new AbortController().signal);
      const missing = datasets
        .filter((dataset) => dataset.permissions.includes(taken))
        .map(({ name }) => name);
      const lines = report.permissions.filter(({ held }) => held !== true);
      expect(lines.map(({ dataset, permission, held }) => [dataset, permission, held])).toEqual(
        missing.map((name) => [name, taken, false]),
      );
      const outcomes = await Promise.all(
        datasets.map(async ({ name }) => [name, await outcomeOf(recordsOf(source, name, { id: 'test' }))]),
      );
      const refused = `denied, ${JSON.stringify(ruleOf(taken))}`;
      expect(outcomes).toEqual(
        datasets.map(({ name }) => [name, missing.includes(name) ? refused : records.get(name)]),
      );
    });

    // What the agent makes of it depends on which datasets fail: one rule stands for all that the same datasets need.
    const neededBy = (permission: string) =>
      datasets.filter((dataset) => dataset.permissions.includes(permission)).map(({ name }) => name);
    const distinct = [
      ...new Map(permissions.map((permission) => [neededBy(permission).join(), permission])).values(),
    ];

    test.each(distinct)('%s: what rests on it is unknown, and nothing else changes', async (taken) => {
      const without = await verdicts(ALL, undefined, cluster.kubeconfig(tokens.get(taken) ?? ''));
      const missing = datasets.filter((dataset) => dataset.permissions.includes(taken));
      const kinds = new Set(missing.flatMap((dataset) => dataset.kinds));
      for (const [kind, checks] of Object.entries(CHECKS))
        for (const name of checks) {
          const touched = [kind, ...(name === 'backup-plans-run' ? ['backup_job'] : [])].some((read) =>
            kinds.has(read),
          );
          const now = without[name];
          const before = healthy[name];
          // Of two sources of a kind, what the other one tells still fails.
          const failing = now?.failing ?? [];
          const left = touched
            ? before?.failing.filter((record) => failing.includes(record))
            : before?.failing;
          expect(failing, name).toEqual(left);
          expect(now?.outcome, name).toBe(
            touched ? (failing.length === 0 ? 'unknown' : 'fail') : before?.outcome,
          );
        }
    });
  });
});

/** The records, or the code of the failure and the rule that it names. */
async function outcomeOf(collected: Promise<readonly unknown[]>): Promise<string> {
  try {
    return JSON.stringify(await collected);
  } catch (error) {
    if (!(error instanceof CollectorError)) throw error;
    return `${error.code}, ${/\{.*\}/.exec(error.message)?.[0] ?? ''}`;
  }
}

describe('twenty thousand pods', () => {
  const COUNT = 20_000;
  let before = 0;

  beforeAll(async () => {
    before = (await recordsOf(collector(cluster.kubeconfig(token)).source, 'workloads', { id: 'test' }))
      .length;
    await cluster.call('POST', '/api/v1/namespaces', { metadata: { name: 'many' } });
    const spec = { containers: [{ name: 'main', image: 'registry.k8s.io/app:1' }] };
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < COUNT)
        await cluster.call('POST', '/api/v1/namespaces/many/pods', {
          metadata: { name: `pod-${next++}` },
          spec,
        });
    };
    await Promise.all(Array.from({ length: 32 }, work));
  });

  test('are all told, in as many requests as there are pages', async () => {
    const { source, told } = collector(cluster.kubeconfig(token));
    const records = await recordsOf(source, 'workloads', { id: 'test' });
    expect(records).toHaveLength(before + COUNT);
    const pages = told.calls.filter(({ operation }) => operation === 'list pods');
    expect(pages.length).toBe(Math.ceil((COUNT + 3) / 250));
  });

  test('a list whose continue token expires is begun again, and told once', async () => {
    await using front = await startFront(uncached.server, uncached.certificate);
    let pages = 0;
    front.before = async (path) => {
      if (path.includes('/pods?') && ++pages === 4) await cluster.compact();
      return 'pass';
    };
    const { source, told } = collector(cluster.kubeconfig(token, front.url), { pageSize: 2000 });
    const whole = await recordsOf(collector(cluster.kubeconfig(token)).source, 'images', { id: 'test' });
    expect(await recordsOf(source, 'images', { id: 'test' })).toEqual(whole);
    expect(told.calls.filter(({ operation }) => operation === 'list pods')).toHaveLength(4 + 11);
    expect(told.endpoint).toEqual({ url: front.url, vendor: false });
  });

  test('a list that never lasts to its last page ends as incomplete', async () => {
    await using front = await startFront(uncached.server, uncached.certificate);
    front.before = async (path) => {
      if (path.includes('continue=')) await cluster.compact();
      return 'pass';
    };
    const { source } = collector(cluster.kubeconfig(token, front.url), { pageSize: 2000 });
    await expect(recordsOf(source, 'images', { id: 'test' })).rejects.toMatchObject({ code: 'incomplete' });
  });

  test('a connection that is cut in the midst of a page is tried again, and told whole', async () => {
    await using front = await startFront(uncached.server, uncached.certificate);
    let pages = 0;
    front.before = async (path) => (path.includes('/pods?') && ++pages === 3 ? 'cut' : 'pass');
    const { source } = collector(cluster.kubeconfig(token, front.url), { pageSize: 2000 });
    const whole = await recordsOf(collector(cluster.kubeconfig(token)).source, 'images', { id: 'test' });
    expect(await recordsOf(source, 'images', { id: 'test' })).toEqual(whole);
  });

  test('one that is cut every time leaves nothing to pass', async () => {
    await using front = await startFront(uncached.server, uncached.certificate);
    front.before = async (path) => (path.includes('continue=') && path.includes('/pods?') ? 'cut' : 'pass');
    const kubeconfig = cluster.kubeconfig(token, front.url);
    await expect(recordsOf(collector(kubeconfig).source, 'images', { id: 'test' })).rejects.toMatchObject({
      code: 'unavailable',
    });
    const found = await verdicts(['image-pinned', 'image-registries'], ['images'], kubeconfig);
    for (const verdict of Object.values(found))
      expect(verdict).toMatchObject({ outcome: 'unknown', failing: [] });
  });

  test('no request asks for secrets', async () => {
    await using front = await startFront(uncached.server, uncached.certificate);
    const { source } = collector(cluster.kubeconfig(token, front.url), { pageSize: 5000 });
    for (const { name } of datasets) await recordsOf(source, name, { id: 'test' });
    await source.preflight(new AbortController().signal);
    expect(front.paths.length).toBeGreaterThan(40);
    expect(front.paths.filter((path) => /secret/i.test(path))).toEqual([]);
  });
});
