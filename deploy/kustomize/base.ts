import { parseAllDocuments, stringify } from 'yaml';

const HELMS = ['helm.sh/chart', 'helm.sh/resource-policy', 'app.kubernetes.io/managed-by'];

/** base/annexa.yaml: what the chart renders, without what only Helm understands. */
export function kustomizeBase(rendered: string): string {
  const documents = parseAllDocuments(rendered)
    .map((document): unknown => document.toJS())
    .filter((document) => document !== null);
  return documents.map((document) => `---\n${stringify(withoutHelm(document))}`).join('');
}

function withoutHelm(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => withoutHelm(one));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => !HELMS.includes(key));
  return Object.fromEntries(kept.map(([key, part]) => [key, withoutHelm(part)]));
}
