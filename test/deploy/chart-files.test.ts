import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { CHART, chartFiles } from '../../deploy/helm/chart-files.ts';
import { values } from '../../deploy/helm/values-schema.ts';
import { datasets as aws } from '../../src/collectors/aws/datasets.ts';
import { datasets as kubernetes } from '../../src/collectors/kubernetes/datasets.ts';

const files = await chartFiles();
const chart = z.object({ version: z.string(), appVersion: z.string() });

describe('deploy/helm/annexa', () => {
  test.each([...files])('%s is what it is made from (made anew by vitest -u)', async (path, content) => {
    await expect(content).toMatchFileSnapshot(join(CHART, path));
  });

  test('holds no other copies', async () => {
    const entries = await readdir(join(CHART, 'files'), { recursive: true, withFileTypes: true });
    const there = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(CHART.length + 1));
    expect(there.sort()).toEqual([...files.keys()].filter((path) => path.startsWith('files/')).sort());
  });

  test('its own values satisfy its schema', async () => {
    const own: unknown = parse(await readFile(join(CHART, 'values.yaml'), 'utf8'));
    expect(values.safeParse(own).error?.issues).toBeUndefined();
  });

  test('has the permissions of every dataset that can be chosen', () => {
    const wanted = [
      ...kubernetes.map(({ name }) => `files/permissions/kubernetes-${name}.yaml`),
      ...aws.map(({ name }) => `files/permissions/aws-${name}.json`),
    ];
    expect(wanted.filter((path) => !files.has(path))).toEqual([]);
  });

  test('has the version of the package', async () => {
    const { version } = z
      .object({ version: z.string() })
      .parse(JSON.parse(await readFile('package.json', 'utf8')));
    const own = chart.parse(parse(await readFile(join(CHART, 'Chart.yaml'), 'utf8')));
    expect(own).toEqual({ version, appVersion: version });
  });
});
