import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KubernetesObject } from './chart/helm.ts';
import { buildOverlay, KUSTOMIZE, renderBase } from './chart/overlay.ts';

let directory = '';
let built: readonly KubernetesObject[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'annexa-kustomize-'));
  built = await buildOverlay(directory);
});

afterAll(() => rm(directory, { recursive: true, force: true }));

const of = (kind: string) => built.filter((object) => object.kind === kind);

test('the base is what the chart renders, without anything of Helm’s (made anew by vitest -u)', async () => {
  const base = await renderBase();
  expect(base).not.toMatch(/helm/i);
  await expect(base).toMatchFileSnapshot(join(KUSTOMIZE, 'base/annexa.yaml'));
});

test('an overlay sets the namespace everywhere, the image and the manifests', () => {
  expect(new Set(built.map(({ metadata }) => metadata.namespace))).toEqual(new Set(['isms', undefined]));
  expect(of('ClusterRoleBinding').length).toBe(2);
  for (const binding of of('ClusterRoleBinding'))
    expect(binding).toMatchObject({
      subjects: [{ kind: 'ServiceAccount', name: 'annexa', namespace: 'isms' }],
    });
  const [config] = of('ConfigMap');
  expect(config).toMatchObject({ data: { 'annexa.yaml': '# annexa.yaml\n' } });
  const projected = { sources: [{ configMap: { name: config?.metadata.name } }] };
  expect(of('Deployment')).toMatchObject([
    {
      spec: {
        replicas: 1,
        strategy: { type: 'Recreate' },
        template: {
          spec: {
            containers: [{ image: `registry.example/annexa@sha256:${'0'.repeat(64)}` }],
            volumes: expect.arrayContaining([{ name: 'config', projected }]),
          },
        },
      },
    },
  ]);
});

test('the claim outlives what Argo CD and Flux prune', () => {
  expect(of('PersistentVolumeClaim').map(({ metadata }) => metadata.annotations)).toEqual([
    {
      'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
      'kustomize.toolkit.fluxcd.io/prune': 'disabled',
    },
  ]);
});
