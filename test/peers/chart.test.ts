import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { CHART } from '../../deploy/helm/chart-files.ts';
import { datasets } from '../../src/collectors/kubernetes/datasets.ts';
import { ruleOf } from '../../src/collectors/kubernetes/permissions.ts';
import { plugins } from '../../src/collectors/registry.ts';
import type { Config } from '../../src/config/contract.ts';
import { loadConfig } from '../../src/config/load.ts';
import { builtinChecks } from '../../src/controls/builtin.ts';
import { apply } from './chart/apply.ts';
import {
  helm,
  type KubernetesObject,
  kubernetesObject,
  NAMESPACE,
  NEEDED,
  objectsIn,
  template,
  tool,
} from './chart/helm.ts';
import { MATRIX, REFUSED } from './chart/matrix.ts';
import { buildOverlay, documentedValues } from './chart/overlay.ts';
import { LOCATION, writeSchemas } from './chart/schemas.ts';
import { type Cluster, startCluster } from './kubernetes-server.ts';

const DEFINITIONS = join(homedir(), '.cache/annexa/prometheus-operator-v0.85.0');

const checks = await builtinChecks();
let cluster: Cluster;
let directory = '';
const rendered = new Map<string, readonly KubernetesObject[]>();

/** What the chart makes of a row of the matrix. */
const made = (name: string): readonly KubernetesObject[] => rendered.get(name) ?? [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'annexa-chart-'));
  cluster = await startCluster();
  for (const [name, values] of Object.entries(MATRIX)) {
    const text = await template(NEEDED, values);
    rendered.set(name, objectsIn(text));
    await writeFile(join(directory, `${rendered.size}.yaml`), text);
  }
  for (const kind of ['servicemonitors', 'prometheusrules']) {
    const text = await readFile(join(DEFINITIONS, `${kind}.yaml`), 'utf8');
    await apply(cluster, kubernetesObject.parse(parse(text)));
    await cluster.served(`/apis/monitoring.coreos.com/v1/${kind}`);
  }
  await restricted(cluster, NAMESPACE);
});

afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

/** A namespace that takes what is restricted alone. */
async function restricted(server: Cluster, name: string): Promise<void> {
  const enforce = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await server.call('POST', '/api/v1/namespaces', { metadata: { name, labels: enforce } });
}

test('helm lint finds nothing', async () => {
  const said = await helm(['lint', '--strict', CHART], NEEDED);
  expect(said).toContain('1 chart(s) linted, 0 chart(s) failed');
});

describe('the values', () => {
  test.each(REFUSED)('%j are refused', async (values, reason) => {
    await expect(template(NEEDED, values)).rejects.toThrow(reason);
  });

  test.each([
    [{ domain: 'acme.example' }, /agent\.organisation: required/],
    [{ organisation: 'Acme' }, /agent\.domain: required/],
    [{}, /agent\.organisation: required: .* config\.existingConfigMaps/],
  ])('of an agent with %j alone are refused', async (agent, reason) => {
    await expect(template({ ...NEEDED, agent })).rejects.toThrow(reason);
  });
});

test('kubeconform finds what is rendered as the API server describes it, to the last field', async () => {
  const schemas = join(directory, 'schemas');
  // The definitions of custom resources appear in the description a moment after they are served.
  await expect
    .poll(async () => JSON.stringify(await cluster.call('GET', '/openapi/v2')), {
      timeout: 30_000,
      interval: 500,
    })
    .toContain('com.coreos.monitoring.v1.PrometheusRule');
  await writeSchemas(cluster, schemas);
  const args = ['-strict', '-summary', '-output', 'json', '-schema-location', `${schemas}/${LOCATION}`];
  const files = Object.keys(MATRIX).map((_, index) => join(directory, `${index + 1}.yaml`));
  const answer = z.object({ summary: z.record(z.string(), z.number()) });
  const { summary } = answer.parse(JSON.parse(await tool('kubeconform', [...args, ...files])));
  const objects = [...rendered.values()].flat().length;
  expect(summary).toEqual({ valid: objects, invalid: 0, errors: 0, skipped: 0 });

  const wrong = join(directory, 'wrong.yaml');
  const text = await readFile(join(directory, '1.yaml'), 'utf8');
  await writeFile(wrong, text.replace('enableServiceLinks', 'enableServiceLink'));
  await expect(tool('kubeconform', [...args, wrong])).rejects.toThrow(/enableServiceLink/);
});

/** An object of a row of the matrix. */
function one(row: string, kind: string, name = 'annexa'): KubernetesObject {
  const found = made(row).filter((object) => object.kind === kind && object.metadata.name === name);
  expect(found, `${kind} ${name} with ${row}`).toHaveLength(1);
  return found[0]!;
}

const names = z.array(z.string());
const rule = z.strictObject({
  apiGroups: names.optional(),
  resources: names.optional(),
  resourceNames: names.optional(),
  nonResourceURLs: names.optional(),
  verbs: names,
});
type Rule = Partial<Readonly<Record<keyof z.infer<typeof rule>, readonly string[] | undefined>>>;
const role = z.looseObject({ rules: z.array(rule) });
const data = z.looseObject({ data: z.record(z.string(), z.string()) });

describe('what is granted', () => {
  const chosen = (names: readonly string[]) =>
    new Set(datasets.filter(({ name }) => names.includes(name)).flatMap(({ permissions }) => permissions));
  const words = (rules: readonly Rule[]) =>
    rules.map(({ apiGroups, resources, resourceNames, verbs }) =>
      JSON.stringify([apiGroups, resources, resourceNames, verbs]),
    );

  test.each([
    ['nothing else', ['rbac', 'namespaces', 'workloads', 'images', 'nodes']],
    ['every dataset of the cluster', datasets.map(({ name }) => name)],
  ])('with %s is what the datasets chosen need', (row, names) => {
    const granted = words(role.parse(one(row, 'ClusterRole', 'annexa-collect')).rules);
    const needed = words([...chosen(names)].map(ruleOf));
    expect(new Set(granted)).toEqual(new Set(needed));
    expect(granted).toHaveLength(needed.length);
  });

  test('to the agent changes nothing', () => {
    const bound = made('nothing else').filter(({ kind }) => kind === 'ClusterRoleBinding');
    expect(bound.map(({ metadata }) => metadata.name)).toEqual(['annexa-collect', 'annexa-who-calls']);
    const rules = ['annexa-collect', 'annexa-who-calls'].flatMap(
      (name) => role.parse(one('nothing else', 'ClusterRole', name)).rules,
    );
    const creates = rules.filter(({ verbs }) => verbs.some((verb) => verb !== 'get' && verb !== 'list'));
    expect(creates.map(({ resources }) => resources)).toEqual([['tokenreviews'], ['subjectaccessreviews']]);
    expect(JSON.stringify(rules)).not.toMatch(/secrets|"\*"/);
  });

  test('without a cluster to collect or callers of one is nothing, not even a token', () => {
    const row = 'no cluster, static tokens alone';
    expect(made(row).filter(({ kind }) => kind.startsWith('ClusterRole'))).toEqual([]);
    expect(podTemplate.parse(one(row, 'Deployment')).spec.template.spec).toMatchObject({
      automountServiceAccountToken: false,
    });
  });

  test('to Prometheus is to read metrics', () => {
    expect(one('everything of monitoring', 'ClusterRoleBinding', 'annexa-metrics-reader')).toMatchObject({
      roleRef: { name: 'annexa-metrics-reader' },
      subjects: [{ kind: 'ServiceAccount', name: 'prometheus-k8s', namespace: 'observe' }],
    });
    expect(role.parse(one('everything of monitoring', 'ClusterRole', 'annexa-metrics-reader')).rules).toEqual(
      [{ nonResourceURLs: ['/metrics'], verbs: ['get', 'head'] }],
    );
  });

  test('at AWS is told as one policy', () => {
    const policy = (row: string): unknown =>
      JSON.parse(data.parse(one(row, 'ConfigMap', 'annexa-permissions')).data['aws-policy.json'] ?? '');
    expect(policy('IRSA')).toEqual({
      Version: '2012-10-17',
      Statement: ['iam-identities', 'ebs-volumes'].flatMap((name) => statements(name)),
    });
    expect(policy('EKS Pod Identity')).toEqual({ Version: '2012-10-17', Statement: statements('all') });
  });
});

function statements(dataset: string): readonly unknown[] {
  const file = join(CHART, `../../permissions/aws-${dataset}.json`);
  return z.object({ Statement: z.array(z.unknown()) }).parse(JSON.parse(readFileSync(file, 'utf8')))
    .Statement;
}

/** The configuration that a ConfigMap holds, by the agent's own loader. */
async function loaded(object: KubernetesObject | undefined): Promise<Config> {
  const config = await mkdtemp(join(directory, 'config-'));
  for (const [file, text] of Object.entries(data.parse(object).data))
    await writeFile(join(config, file), text);
  const now = Math.floor(Date.now() / 1000);
  return loadConfig(config, {
    env: {},
    plugins: [...plugins.values()],
    builtinChecks: checks,
    now,
  });
}

test('what the ConfigMap holds is a configuration that the agent takes', async () => {
  for (const row of Object.keys(MATRIX)) {
    const name = row === 'where and what it runs' ? 'evidence' : 'annexa';
    const { agent, collectors } = await loaded(one(row, 'ConfigMap', name));
    expect(agent, row).toMatchObject({ organisation: 'Acme', domain: 'acme.example' });
    expect(
      collectors.some((collector) => collector.name === 'kubernetes'),
      row,
    ).toBe(!row.startsWith('no cluster'));
  }
});

test('what is mounted is what the manifest names', () => {
  const row = 'keys that rotate and secrets';
  const agent: unknown = parse(data.parse(one(row, 'ConfigMap')).data['agent.yaml'] ?? '');
  const keys = (directory: string) => ({
    envelope: { file: `${directory}/envelope.pem` },
    checkpoint: { file: `${directory}/checkpoint.pem` },
    body: { file: `${directory}/body.key` },
  });
  expect(agent).toMatchObject({
    spec: {
      keys: { ...keys('/run/secrets/annexa/keys'), previous: keys('/run/secrets/annexa/previous-keys') },
    },
  });
  const mounts = (name: string, path: string) => ({
    name,
    mountPath: `/run/secrets/annexa/${path}`,
    readOnly: true,
  });
  const [container] = podTemplate.parse(one(row, 'Deployment')).spec.template.spec.containers;
  expect(container?.['volumeMounts']).toEqual(
    expect.arrayContaining([
      mounts('keys', 'keys'),
      mounts('previous-keys', 'previous-keys'),
      mounts('secret-github', 'github'),
    ]),
  );
});

test('rules and dashboards are those of deploy', async () => {
  const row = 'everything of monitoring';
  const text = await readFile(join(CHART, '../../prometheus/annexa.rules.yaml'), 'utf8');
  const rules = text.replaceAll('runbook_url: docs/', 'runbook_url: https://git.acme.example/annexa/docs/');
  expect(rules).not.toBe(text);
  expect(one(row, 'PrometheusRule')['spec']).toEqual(parse(rules));
  const board = await readFile(join(CHART, '../../grafana/annexa-posture.json'), 'utf8');
  const wrapped = one(row, 'ConfigMap', 'annexa-dashboard-posture');
  expect(wrapped.metadata.labels).toMatchObject({ grafana_dashboard: '1' });
  expect(JSON.parse(data.parse(wrapped).data['annexa-posture.json'] ?? '')).toEqual(JSON.parse(board));
});

test('the grace period is longer than the agent takes to stop', () => {
  const grace = (row: string) =>
    podTemplate.parse(one(row, 'Deployment')).spec.template.spec['terminationGracePeriodSeconds'];
  expect([grace('nothing else'), grace('manifests of every form')]).toEqual([45, 135]);
});

describe.each(Object.keys(MATRIX))('with %s', (name) => {
  test('the API server takes everything', async () => {
    for (const object of made(name)) await apply(cluster, object, true);
    for (const object of made(name)) if (object.kind !== 'Pod') await apply(cluster, object);
    expect(made(name).length).toBeGreaterThan(4);
  });

  test('its pods are admitted where only what is restricted is', async () => {
    for (const pod of podsOf(made(name)))
      await expect(cluster.call('POST', PODS, pod)).resolves.toMatchObject({ kind: 'Pod' });
  });
});

const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;
const podTemplate = z.object({
  spec: z.object({
    template: z.looseObject({
      metadata: z.looseObject({}),
      spec: z.looseObject({ containers: z.array(z.looseObject({})) }),
    }),
  }),
});

/** What the controllers of a cluster would make of a Deployment, and the pod of the test. */
function podsOf(objects: readonly KubernetesObject[]): readonly object[] {
  const deployments = objects.filter(({ kind }) => kind === 'Deployment');
  const tests = objects.filter(({ kind }) => kind === 'Pod');
  expect([deployments.length, tests.length]).toEqual([1, 1]);
  const { metadata, spec } = podTemplate.parse(deployments[0]).spec.template;
  return [
    { metadata: { ...metadata, generateName: 'agent-' }, spec },
    ...tests.map((pod) => ({ ...pod, metadata: { generateName: 'test-', labels: pod.metadata.labels } })),
  ];
}

test('the API server takes what kustomize makes of the base, and its pod', async () => {
  const overlay = await mkdtemp(join(directory, 'overlay-'));
  await restricted(cluster, 'isms');
  const objects = await buildOverlay(overlay);
  for (const object of objects) await apply(cluster, object);
  const [deployment] = objects.filter(({ kind }) => kind === 'Deployment');
  const { metadata, spec } = podTemplate.parse(deployment).spec.template;
  const pod = { metadata: { ...metadata, generateName: 'agent-' }, spec };
  const admitted = await cluster.call('POST', '/api/v1/namespaces/isms/pods', pod);
  expect(admitted).toMatchObject({ kind: 'Pod' });
});

test('the values in docs/kubernetes.md are configurations that the agent and the API server take', async () => {
  const documented = await documentedValues();
  expect(documented.length).toBeGreaterThan(2);
  for (const values of documented) {
    const objects = objectsIn(await template(values));
    for (const object of objects) await apply(cluster, object, true);
    const config = objects.filter(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'annexa');
    expect(await loaded(config[0])).toMatchObject({ agent: { organisation: 'Acme' } });
  }
});

test.each([
  ['privileged', { privileged: true, allowPrivilegeEscalation: true }, /privileged/],
  ['root', { runAsUser: 0, runAsNonRoot: false }, /runAsNonRoot/],
  ['escalating', { allowPrivilegeEscalation: true }, /allowPrivilegeEscalation/],
  ['capable', { capabilities: { drop: [] } }, /unrestricted capabilities/],
])('the same pod, %s, is refused there', async (_, change, reason) => {
  const { metadata, spec } = podTemplate.parse(made('nothing else').find(({ kind }) => kind === 'Deployment'))
    .spec.template;
  const containers = spec.containers.map((container) => ({
    ...container,
    securityContext: { ...z.looseObject({}).parse(container['securityContext']), ...change },
  }));
  const pod = { metadata: { ...metadata, generateName: 'worse-' }, spec: { ...spec, containers } };
  const refused = cluster.call('POST', PODS, pod);
  await expect(refused).rejects.toThrow(/403 .*violates PodSecurity \\"restricted:latest\\"/);
  await expect(refused).rejects.toThrow(reason);
});
