import { pathOf } from '../../../src/collectors/kubernetes/dataset.ts';
import { datasets } from '../../../src/collectors/kubernetes/datasets.ts';
import { kubernetes } from '../../../src/collectors/kubernetes/index.ts';
import type { InventoryRecord } from '../../../src/inventory/kind.ts';
import { contextOf, type Outcome, recordsOf } from '../harness.ts';
import { type Estate, estate } from './estate.ts';
import { type Stub, startStub } from './stub.ts';

export const SCOPE = { id: 'test' };
export const NAMES = datasets.map(({ name }) => name);
export const operationsOf = (dataset: string): readonly string[] =>
  datasets.find(({ name }) => name === dataset)?.operations ?? [];

/** The path of an operation, as its permission is written. */
export function pathOfOperation(operation: string): string {
  const [verb = '', what = ''] = operation.split(' ');
  if (what === '/version') return what;
  const parts = what.split('/');
  if (verb === 'get') return `/api/v1/${what}`;
  const [group, resource] = parts.length === 1 ? ['', parts[0]!] : [parts[0]!, parts[1]!];
  return pathOf({ group, version: 'v1', resource, kind: '' });
}

export function kubeconfig(server: string): string {
  return JSON.stringify({
    'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'agent', user: { token: 'a-token-of-the-test' } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'agent' } }],
  });
}

export function connect(url: string, settings: object = {}) {
  const { context, told } = contextOf(() => Math.floor(Date.now() / 1000), { KUBECONFIG: kubeconfig(url) });
  const config = kubernetes.config.parse({
    cluster: 'test',
    kubeconfig: { env: 'KUBECONFIG' },
    pageSize: 2,
    maxAttempts: 2,
    backups: { cronJobSelector: { matchLabels: { purpose: 'backup' } } },
    ...settings,
  });
  return { source: kubernetes.connect(config, context), told };
}

/** What the dataset tells of the estate. */
export async function collected(
  dataset: string,
  planted: Estate = estate(),
  settings: object = {},
): Promise<Outcome> {
  await using stub = await startStub(planted);
  const { source, told } = connect(stub.url, settings);
  return { records: await recordsOf(source, dataset, SCOPE), told };
}

/** The code of the failure and its message, or how many records came, with whatever came before a failure. */
export async function attempted(stub: Stub, dataset: string, settings: object = {}, signal?: AbortSignal) {
  const { source, told } = connect(stub.url, settings);
  const records: InventoryRecord[] = [];
  try {
    for await (const record of source.collect(dataset, SCOPE, signal ?? new AbortController().signal))
      records.push(record);
    return { code: 'complete', message: '', records, told };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'none';
    return { code, message: error instanceof Error ? error.message : String(error), records, told };
  }
}
