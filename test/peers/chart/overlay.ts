import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { CHART } from '../../../deploy/helm/chart-files.ts';
import { kustomizeBase } from '../../../deploy/kustomize/base.ts';
import { helm, type KubernetesObject, objectsIn, tool } from './helm.ts';

export const KUSTOMIZE = join(import.meta.dirname, '../../../deploy/kustomize');
const PAGE = join(import.meta.dirname, '../../../docs/kubernetes.md');

/** What base/annexa.yaml has to be. */
export async function renderBase(): Promise<string> {
  const values: unknown = parse(await readFile(join(KUSTOMIZE, 'values.yaml'), 'utf8'));
  const args = ['template', 'annexa', CHART, '--namespace', 'annexa', '--skip-tests'];
  return kustomizeBase(await helm(args, z.record(z.string(), z.unknown()).parse(values)));
}

/** Builds the overlay of docs/kubernetes.md, over the base as it has to be, in an empty directory. */
export async function buildOverlay(directory: string): Promise<readonly KubernetesObject[]> {
  const page = await readFile(PAGE, 'utf8');
  const overlay = /```yaml\n# kustomization\.yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const here = overlay.replace(/^ {2}- https:.*\/deploy\/kustomize\/base\?.*$/m, '  - ../base');
  await cp(join(KUSTOMIZE, 'base'), join(directory, 'base'), { recursive: true });
  await writeFile(join(directory, 'base/annexa.yaml'), await renderBase());
  await mkdir(join(directory, 'overlay'));
  await writeFile(join(directory, 'overlay/kustomization.yaml'), here);
  for (const name of ['annexa.yaml', 'collectors.yaml'])
    await writeFile(join(directory, 'overlay', name), `# ${name}\n`);
  return objectsIn(await tool('kustomize', ['build', join(directory, 'overlay')]));
}

/** The values in docs/kubernetes.md. */
export async function documentedValues(): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const page = await readFile(PAGE, 'utf8');
  return [...page.matchAll(/```yaml\n# values\n([\s\S]*?)```/g)].map(([, text = '']) =>
    z.record(z.string(), z.unknown()).parse(parse(text)),
  );
}
