import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { CHART } from '../../deploy/helm/chart-files.ts';
import { datasets } from '../../src/collectors/kubernetes/datasets.ts';
import { type Rule, ruleOf } from '../../src/collectors/kubernetes/permissions.ts';
import { helm, NEEDED, template } from './chart/helm.ts';
import { MATRIX, REFUSED } from './chart/matrix.ts';
import {
  clusterRole,
  configIn,
  configMap,
  podTemplate,
  renderMatrix,
  type Rendered,
} from './chart/rendered.ts';

let directory = '';
let rendered: Rendered;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'annexa-chart-'));
  rendered = await renderMatrix();
});

afterAll(() => rm(directory, { recursive: true, force: true }));

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

describe('what is granted', () => {
  const chosen = (names: readonly string[]) =>
    new Set(datasets.filter(({ name }) => names.includes(name)).flatMap(({ permissions }) => permissions));
  const words = (rules: z.infer<typeof clusterRole>['rules'] | readonly Rule[]) =>
    rules.map(({ apiGroups, resources, resourceNames, verbs }) =>
      JSON.stringify([apiGroups, resources, resourceNames, verbs]),
    );

  test.each([
    ['nothing else', ['rbac', 'namespaces', 'workloads', 'images', 'nodes']],
    ['every dataset of the cluster', datasets.map(({ name }) => name)],
  ])('with %s is what the datasets chosen need', (row, names) => {
    const granted = words(clusterRole.parse(rendered.one(row, 'ClusterRole', 'annexa-collect')).rules);
    const needed = words([...chosen(names)].map(ruleOf));
    expect(new Set(granted)).toEqual(new Set(needed));
    expect(granted).toHaveLength(needed.length);
  });

  test('to the agent changes nothing', () => {
    const bound = rendered.made('nothing else').filter(({ kind }) => kind === 'ClusterRoleBinding');
    expect(bound.map(({ metadata }) => metadata.name)).toEqual(['annexa-collect', 'annexa-who-calls']);
    const rules = ['annexa-collect', 'annexa-who-calls'].flatMap(
      (name) => clusterRole.parse(rendered.one('nothing else', 'ClusterRole', name)).rules,
    );
    const creates = rules.filter(({ verbs }) => verbs.some((verb) => verb !== 'get' && verb !== 'list'));
    expect(creates.map(({ resources }) => resources)).toEqual([['tokenreviews'], ['subjectaccessreviews']]);
    expect(JSON.stringify(rules)).not.toMatch(/secrets|"\*"/);
  });

  test('without a cluster to collect or callers of one is nothing, not even a token', () => {
    const row = 'no cluster, static tokens alone';
    expect(rendered.made(row).filter(({ kind }) => kind.startsWith('ClusterRole'))).toEqual([]);
    expect(podTemplate.parse(rendered.one(row, 'Deployment')).spec.template.spec).toMatchObject({
      automountServiceAccountToken: false,
    });
  });

  test('to Prometheus is to read metrics', () => {
    expect(
      rendered.one('everything of monitoring', 'ClusterRoleBinding', 'annexa-metrics-reader'),
    ).toMatchObject({
      roleRef: { name: 'annexa-metrics-reader' },
      subjects: [{ kind: 'ServiceAccount', name: 'prometheus-k8s', namespace: 'observe' }],
    });
    expect(
      clusterRole.parse(rendered.one('everything of monitoring', 'ClusterRole', 'annexa-metrics-reader'))
        .rules,
    ).toEqual([{ nonResourceURLs: ['/metrics'], verbs: ['get', 'head'] }]);
  });

  test('at AWS is told as one policy', () => {
    const policy = (row: string): unknown =>
      JSON.parse(
        configMap.parse(rendered.one(row, 'ConfigMap', 'annexa-permissions')).data['aws-policy.json'] ?? '',
      );
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

test('what the ConfigMap holds is a configuration that the agent takes', async () => {
  for (const row of Object.keys(MATRIX)) {
    const name = row === 'where and what it runs' ? 'evidence' : 'annexa';
    const { agent, collectors } = await configIn(rendered.one(row, 'ConfigMap', name), directory);
    expect(agent, row).toMatchObject({ organisation: 'Acme', domain: 'acme.example' });
    expect(
      collectors.some((collector) => collector.name === 'kubernetes'),
      row,
    ).toBe(!row.startsWith('no cluster'));
  }
});

test('what is mounted is what the manifest names', () => {
  const row = 'keys that rotate and secrets';
  const agent: unknown = parse(configMap.parse(rendered.one(row, 'ConfigMap')).data['agent.yaml'] ?? '');
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
  const [container] = podTemplate.parse(rendered.one(row, 'Deployment')).spec.template.spec.containers;
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
  expect(rendered.one(row, 'PrometheusRule')['spec']).toEqual(parse(rules));
  const board = await readFile(join(CHART, '../../grafana/annexa-posture.json'), 'utf8');
  const wrapped = rendered.one(row, 'ConfigMap', 'annexa-dashboard-posture');
  expect(wrapped.metadata.labels).toMatchObject({ grafana_dashboard: '1' });
  expect(JSON.parse(configMap.parse(wrapped).data['annexa-posture.json'] ?? '')).toEqual(JSON.parse(board));
});

test('the grace period is longer than the agent takes to stop', () => {
  const grace = (row: string) =>
    podTemplate.parse(rendered.one(row, 'Deployment')).spec.template.spec['terminationGracePeriodSeconds'];
  expect([grace('nothing else'), grace('manifests of every form')]).toEqual([45, 135]);
});
