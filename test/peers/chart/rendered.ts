import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { plugins } from '../../../src/collectors/registry.ts';
import type { Config } from '../../../src/config/contract.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { builtinChecks } from '../../../src/controls/builtin.ts';
import { type KubernetesObject, NEEDED, objectsIn, template } from './helm.ts';
import { MATRIX } from './matrix.ts';

/** What the chart makes of the rows of the matrix. */
export interface Rendered {
  readonly texts: ReadonlyMap<string, string>;
  made(row: string): readonly KubernetesObject[];
  /** The one object of a row with the kind and the name. */
  one(row: string, kind: string, name?: string): KubernetesObject;
}

export async function renderMatrix(): Promise<Rendered> {
  const texts = new Map<string, string>();
  for (const [row, values] of Object.entries(MATRIX)) texts.set(row, await template(NEEDED, values));
  const objects = new Map([...texts].map(([row, text]) => [row, objectsIn(text)]));
  const made = (row: string) => objects.get(row) ?? [];
  return {
    texts,
    made,
    one(row, kind, name = 'annexa') {
      const found = made(row).filter((object) => object.kind === kind && object.metadata.name === name);
      if (found.length !== 1) throw new Error(`${found.length} of ${kind} ${name} with ${row}`);
      return found[0]!;
    },
  };
}

const checks = await builtinChecks();
const names = z.array(z.string());

export const podTemplate = z.object({
  spec: z.object({
    template: z.looseObject({
      metadata: z.looseObject({}),
      spec: z.looseObject({ containers: z.array(z.looseObject({})) }),
    }),
  }),
});
export const clusterRole = z.looseObject({
  rules: z.array(
    z.strictObject({
      apiGroups: names.optional(),
      resources: names.optional(),
      resourceNames: names.optional(),
      nonResourceURLs: names.optional(),
      verbs: names,
    }),
  ),
});
export const configMap = z.looseObject({ data: z.record(z.string(), z.string()) });

/** The configuration that a ConfigMap holds, by the agent's own loader; its files go into a new directory within. */
export async function configIn(object: unknown, within: string): Promise<Config> {
  const directory = await mkdtemp(join(within, 'config-'));
  for (const [file, text] of Object.entries(configMap.parse(object).data))
    await writeFile(join(directory, file), text);
  return loadConfig(directory, {
    env: {},
    plugins: [...plugins.values()],
    builtinChecks: checks,
    now: Math.floor(Date.now() / 1000),
  });
}
