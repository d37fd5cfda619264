import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chartReadme } from './readme.ts';
import { rolesFile } from './roles.ts';
import { valuesSchema } from './values-schema.ts';

const deploy = join(import.meta.dirname, '..');

/** The chart's own directory. */
export const CHART = join(import.meta.dirname, 'annexa');

/**
 * The files of the chart that are made from something else, by path: Helm reads nothing outside the chart, so that what it wraps is copied.
 */
export async function chartFiles(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ['values.schema.json', valuesSchema()],
    ['README.md', chartReadme(await readFile(join(CHART, 'values.yaml'), 'utf8'))],
    ['files/roles.yaml', rolesFile()],
    ['files/annexa.rules.yaml', await readFile(join(deploy, 'prometheus/annexa.rules.yaml'), 'utf8')],
    ...(await copies('permissions', 'files/permissions', '')),
    ...(await copies('grafana', 'files/dashboards', '.json')),
  ]);
}

async function copies(from: string, to: string, ending: string): Promise<[string, string][]> {
  const names = (await readdir(join(deploy, from))).filter((name) => name.endsWith(ending)).toSorted();
  return Promise.all(
    names.map(async (name): Promise<[string, string]> => [
      `${to}/${name}`,
      await readFile(join(deploy, from, name), 'utf8'),
    ]),
  );
}
