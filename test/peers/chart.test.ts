import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { apply } from './chart/apply.ts';
import {
  type KubernetesObject,
  kubernetesObject,
  NAMESPACE,
  objectsIn,
  template,
  tool,
} from './chart/helm.ts';
import { MATRIX } from './chart/matrix.ts';
import { buildOverlay, documentedValues } from './chart/overlay.ts';
import { configIn, podTemplate, renderMatrix, type Rendered } from './chart/rendered.ts';
import { LOCATION, writeSchemas } from './chart/schemas.ts';
import { type Cluster, startCluster } from './kubernetes-server.ts';

const DEFINITIONS = join(homedir(), '.cache/annexa/prometheus-operator-v0.85.0');
const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;

let cluster: Cluster;
let directory = '';
let rendered: Rendered;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'annexa-chart-'));
  [cluster, rendered] = await Promise.all([startCluster(), renderMatrix()]);
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
  const texts = [...rendered.texts.values()];
  const files = texts.map((_, index) => join(directory, `${index}.yaml`));
  for (const [index, file] of files.entries()) await writeFile(file, texts[index] ?? '');
  const answer = z.object({ summary: z.record(z.string(), z.number()) });
  const { summary } = answer.parse(JSON.parse(await tool('kubeconform', [...args, ...files])));
  const objects = [...rendered.texts.keys()].flatMap((row) => rendered.made(row));
  expect(summary).toEqual({ valid: objects.length, invalid: 0, errors: 0, skipped: 0 });

  const wrong = join(directory, 'wrong.yaml');
  await writeFile(wrong, (texts[0] ?? '').replace('enableServiceLinks', 'enableServiceLink'));
  await expect(tool('kubeconform', [...args, wrong])).rejects.toThrow(/enableServiceLink/);
});

describe.each(Object.keys(MATRIX))('with %s', (name) => {
  test('the API server takes everything', async () => {
    for (const object of rendered.made(name)) await apply(cluster, object, true);
    for (const object of rendered.made(name)) if (object.kind !== 'Pod') await apply(cluster, object);
    expect(rendered.made(name).length).toBeGreaterThan(4);
  });

  test('its pods are admitted where only what is restricted is', async () => {
    for (const pod of podsOf(rendered.made(name)))
      await expect(cluster.call('POST', PODS, pod)).resolves.toMatchObject({ kind: 'Pod' });
  });
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
    expect(await configIn(config[0], directory)).toMatchObject({ agent: { organisation: 'Acme' } });
  }
});

test.each([
  ['privileged', { privileged: true, allowPrivilegeEscalation: true }, /privileged/],
  ['root', { runAsUser: 0, runAsNonRoot: false }, /runAsNonRoot/],
  ['escalating', { allowPrivilegeEscalation: true }, /allowPrivilegeEscalation/],
  ['capable', { capabilities: { drop: [] } }, /unrestricted capabilities/],
])('the same pod, %s, is refused there', async (_, change, reason) => {
  const { metadata, spec } = podTemplate.parse(rendered.one('nothing else', 'Deployment')).spec.template;
  const containers = spec.containers.map((container) => ({
    ...container,
    securityContext: { ...z.looseObject({}).parse(container['securityContext']), ...change },
  }));
  const pod = { metadata: { ...metadata, generateName: 'worse-' }, spec: { ...spec, containers } };
  const refused = cluster.call('POST', PODS, pod);
  await expect(refused).rejects.toThrow(/403 .*violates PodSecurity \\"restricted:latest\\"/);
  await expect(refused).rejects.toThrow(reason);
});
