import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { CHART } from '../../../deploy/helm/chart-files.ts';
import { binary } from '../kubernetes-server.ts';

const run = promisify(execFile);

/** An object of Kubernetes, as far as the tests look into it. */
export const kubernetesObject = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
});
export type KubernetesObject = z.infer<typeof kubernetesObject>;

export type Values = Readonly<Record<string, unknown>>;

/** What has no default. */
export const NEEDED: Values = {
  image: { repository: 'registry.example/annexa' },
  agent: { organisation: 'Acme', domain: 'acme.example' },
  sources: { kubernetes: { cluster: 'prod' } },
};

export const NAMESPACE = 'annexa';

/** Runs a program of test/peers/install.sh. Rejects with what it said when it fails. */
export async function tool(name: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await run(binary(name), args, { maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  } catch (error) {
    const { stdout, stderr } = z.object({ stdout: z.string(), stderr: z.string() }).parse(error);
    throw new Error(`${name} ${args.join(' ')}: ${stderr}${stdout}`, { cause: error });
  }
}

/** Helm with the values in files, the later ones over the earlier. */
export async function helm(args: readonly string[], ...values: readonly Values[]): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-helm-'));
  try {
    const files = values.map((_, index) => join(directory, `${index}.json`));
    await Promise.all(files.map((file, index) => writeFile(file, JSON.stringify(values[index]))));
    return await tool('helm', [...args, ...files.flatMap((file) => ['--values', file])]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The text of everything that the chart makes of the values. */
export async function template(...values: readonly Values[]): Promise<string> {
  return helm(['template', 'annexa', CHART, '--namespace', NAMESPACE], ...values);
}

/** The objects in a text of many documents. */
export function objectsIn(text: string): readonly KubernetesObject[] {
  return parseAllDocuments(text).flatMap((document) => {
    const value: unknown = document.toJS();
    return value === null ? [] : [kubernetesObject.parse(value)];
  });
}
