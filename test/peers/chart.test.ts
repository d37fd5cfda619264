import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { CHART } from '../../deploy/helm/chart-files.ts';
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
  type Values,
} from './chart/helm.ts';
import { MATRIX, REFUSED } from './chart/matrix.ts';
import { LOCATION, writeSchemas } from './chart/schemas.ts';
import { type Cluster, startCluster } from './kubernetes-server.ts';

const DEFINITIONS = join(homedir(), '.cache/annexa/prometheus-operator-v0.85.0');

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

describe.each(Object.keys(MATRIX))('with %s', (name) => {
  test('the API server takes everything', async () => {
    for (const object of made(name)) await apply(cluster, object, true);
    for (const object of made(name)) if (object.kind !== 'Pod') await apply(cluster, object);
    expect(made(name).length).toBeGreaterThan(4);
  });

  test('its pods are admitted where only what is restricted is', async () => {
    for (const pod of podsOf(made(name))) await cluster.call('POST', PODS, pod);
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
