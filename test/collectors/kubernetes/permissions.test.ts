import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { datasets } from '../../../src/collectors/kubernetes/datasets.ts';
import { permissionFiles, ruleOf, ruleText } from '../../../src/collectors/kubernetes/permissions.ts';

const FOLDER = join(import.meta.dirname, '../../../deploy/permissions');
const files = permissionFiles(datasets);

const role = z.strictObject({
  apiVersion: z.literal('rbac.authorization.k8s.io/v1'),
  kind: z.literal('ClusterRole'),
  metadata: z.strictObject({ name: z.string() }),
  rules: z.array(
    z.strictObject({
      apiGroups: z.array(z.string()).length(1),
      resources: z.array(z.string()).length(1),
      resourceNames: z.array(z.string()).exactOptional(),
      verbs: z.array(z.string()).length(1),
    }),
  ),
});
const rulesIn = async (name: string) => role.parse(parse(await readFile(join(FOLDER, name), 'utf8'))).rules;

describe('deploy/permissions', () => {
  test.each([...files])('%s is what the plugin declares (made anew by vitest -u)', async (name, content) => {
    await expect(content).toMatchFileSnapshot(join(FOLDER, name));
  });

  test('holds nothing else of Kubernetes', async () => {
    const there = (await readdir(FOLDER)).filter((name) => name.startsWith('kubernetes-'));
    expect(there.sort()).toEqual([...files.keys()].sort());
  });

  test.each([...files.keys()])('%s reads alone, by name, and no secrets', async (name) => {
    const rules = await rulesIn(name);
    const text = JSON.stringify(rules);
    expect(text).not.toMatch(/secret|\*/i);
    for (const { verbs } of rules) expect(['get', 'list']).toContain(verbs[0]);
  });

  test.each(datasets.map((dataset) => [dataset.name, dataset.permissions] as const))(
    'the file of %s has one rule for each of its permissions',
    async (name, permissions) => {
      const rules = await rulesIn(`kubernetes-${name}.yaml`);
      expect(rules).toEqual([...permissions].sort().map(ruleOf));
    },
  );

  test('the file for everything has each rule once', async () => {
    const all = [...new Set(datasets.flatMap(({ permissions }) => permissions))].sort();
    expect(await rulesIn('kubernetes-all.yaml')).toEqual(all.map(ruleOf));
  });
});

test('operations and permissions name no secret, and each is named once', () => {
  for (const { operations, permissions } of datasets) {
    expect([...operations, ...permissions].join(' ')).not.toMatch(/secret/i);
    expect(new Set(operations).size).toBe(operations.length);
    expect(new Set(permissions).size).toBe(permissions.length);
  }
});

test('a rule is one line of JSON', () => {
  expect(ruleText('list apps/deployments')).toBe(
    '{"apiGroups":["apps"],"resources":["deployments"],"verbs":["list"]}',
  );
  expect(ruleText('get namespaces/kube-system')).toBe(
    '{"apiGroups":[""],"resources":["namespaces"],"resourceNames":["kube-system"],"verbs":["get"]}',
  );
});

test('the table of datasets in the README is what the plugin declares', async () => {
  const named = (list: readonly string[]) => list.map((name) => `\`${name}\``).join(', ');
  const rows = datasets.map(
    ({ name, kinds, permissions }) => `| \`${name}\` | ${named(kinds)} | ${named(permissions)} |`,
  );
  const file = join(import.meta.dirname, '../../../src/collectors/kubernetes/README.md');
  const lines = (await readFile(file, 'utf8')).split('\n');
  expect(lines.filter((line) => datasets.some(({ name }) => line.startsWith(`| \`${name}\` |`)))).toEqual(
    rows,
  );
});
