import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { datasets } from '../../src/collectors/kubernetes/datasets.ts';
import { kubernetes } from '../../src/collectors/kubernetes/index.ts';
import { ruleOf } from '../../src/collectors/kubernetes/permissions.ts';
import { contextOf, recordsOf } from '../collectors/harness.ts';
import { type Line, type Verdict, verdictsOf } from '../engine/verdicts.ts';
import { startFront } from './kubernetes-front.ts';
import { plant, plantExtras, plantJobs } from './kubernetes-planted.ts';
import { type Cluster, startCluster } from './kubernetes-server.ts';

const PERMISSIONS = join(import.meta.dirname, '../../deploy/permissions');
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const SETTINGS = {
  cluster: 'test',
  kubeconfig: { env: 'KUBECONFIG_TEXT' },
  backups: { cronJobSelector: 'purpose=backup' },
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
  recovery_point: ['storage-snapshot-encrypted'],
} as const;
const ALL = Object.values(CHECKS).flat();

let cluster: Cluster;
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
function label(line: Line): string {
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
    console.log(JSON.stringify(found, null, 1));
  });
});
