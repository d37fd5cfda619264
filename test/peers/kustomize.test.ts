import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { CHART } from '../../deploy/helm/chart-files.ts';
import { kustomizeBase } from '../../deploy/kustomize/base.ts';
import { helm, type KubernetesObject, objectsIn, tool } from './chart/helm.ts';

const KUSTOMIZE = join(import.meta.dirname, '../../deploy/kustomize');
let directory = '';
let built: readonly KubernetesObject[] = [];

/** An overlay as docs/kubernetes.md has it. */
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'annexa-kustomize-'));
  await cp(join(KUSTOMIZE, 'base'), join(directory, 'base'), { recursive: true });
  const page = await readFile(join(import.meta.dirname, '../../docs/kubernetes.md'), 'utf8');
  const overlay = /```yaml\n# kustomization\.yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  await mkdir(join(directory, 'overlay'));
  await writeFile(
    join(directory, 'overlay/kustomization.yaml'),
    overlay.replace(/^  - .*\/deploy\/kustomize\/base.*$/m, '  - ../base'),
  );
  for (const name of ['annexa.yaml', 'collectors.yaml'])
    await writeFile(join(directory, 'overlay', name), 'a: b');
  built = objectsIn(await tool('kustomize', ['build', join(directory, 'overlay')]));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

test('the base is what the chart renders (made anew by vitest -u)', async () => {
  const values: unknown = parse(await readFile(join(KUSTOMIZE, 'values.yaml'), 'utf8'));
  const rendered = await helm(
    ['template', 'annexa', CHART, '--namespace', 'annexa', '--skip-tests'],
    z.record(z.string(), z.unknown()).parse(values),
  );
  await expect(kustomizeBase(rendered)).toMatchFileSnapshot(join(KUSTOMIZE, 'base/annexa.yaml'));
});

test('an overlay sets the namespace everywhere, the image and the manifests', () => {
  const of = (kind: string) => built.filter((object) => object.kind === kind);
  expect(new Set(built.map(({ metadata }) => metadata.namespace))).toEqual(new Set(['isms', undefined]));
  for (const binding of of('ClusterRoleBinding'))
    expect(binding).toMatchObject({
      subjects: [{ kind: 'ServiceAccount', name: 'annexa', namespace: 'isms' }],
    });
  const [config] = of('ConfigMap');
  expect(of('Deployment')).toMatchObject([
    {
      spec: {
        replicas: 1,
        strategy: { type: 'Recreate' },
        template: {
          spec: {
            containers: [{ image: expect.stringMatching(/^registry\.example\/annexa@sha256:/) }],
            volumes: expect.arrayContaining([
              { name: 'config', projected: { sources: [{ configMap: { name: config?.metadata.name } }] } },
            ]),
          },
        },
      },
    },
  ]);
});

test('the claim outlives what Argo CD and Flux prune', () => {
  expect(built.find(({ kind }) => kind === 'PersistentVolumeClaim')?.metadata.annotations).toEqual({
    'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
    'kustomize.toolkit.fluxcd.io/prune': 'disabled',
  });
});

test('nothing of it is Helm’s', async () => {
  expect(await readFile(join(KUSTOMIZE, 'base/annexa.yaml'), 'utf8')).not.toMatch(/helm/i);
});
