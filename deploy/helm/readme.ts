import { isMap, isScalar, type Pair, parseDocument, type YAMLMap } from 'yaml';

interface Row {
  readonly path: string;
  readonly value: string;
  readonly comment: string;
}

/** A row for each value of values.yaml that is no map, and for each map with a comment. */
function rows(map: YAMLMap, above: readonly string[] = []): readonly Row[] {
  return map.items.flatMap((pair, index) => {
    const { key, value } = pair;
    const path = [...above, String(key)];
    const comment = words(commentOf(pair) ?? (index === 0 ? map.commentBefore : undefined));
    if (isMap(value) && value.items.length > 0) {
      const own = comment === '' ? [] : [{ path: path.join('.'), value: '', comment }];
      return [...own, ...rows(value, path)];
    }
    return [{ path: path.join('.'), value: shown(value), comment }];
  });
}

function commentOf({ key }: Pair): string | null | undefined {
  return isScalar(key) ? key.commentBefore : undefined;
}

function words(comment: string | null | undefined): string {
  return (comment ?? '').replaceAll(/\s+/g, ' ').trim().replaceAll('|', '\\|');
}

function shown(value: unknown): string {
  const plain = JSON.stringify(value);
  return plain === '""' ? '' : `\`${plain.replaceAll('|', '\\|')}\``;
}

/** The chart's README: each value with the comment that stands above it in values.yaml. */
export function chartReadme(valuesYaml: string): string {
  const { contents } = parseDocument(valuesYaml);
  if (!isMap(contents)) throw new Error('values.yaml: expected a map');
  const table = rows(contents).map(({ path, value, comment }) => `| \`${path}\` | ${value} | ${comment} |`);
  return [
    '# Annexa on Kubernetes',
    '',
    'Continuous control monitoring for ISO/IEC 27001:2022 in your cluster: one agent, one volume, read-only rights for what you choose. How to use it: [docs/kubernetes.md](../../../docs/kubernetes.md).',
    '```sh',
    'helm install annexa deploy/helm/annexa --namespace annexa --create-namespace \\',
    '  --set image.repository=registry.example/annexa \\',
    '  --set agent.organisation=Acme --set agent.domain=acme.example \\',
    '  --set sources.kubernetes.cluster=prod',
    '```',
    '',
    '## Values',
    'Made from values.yaml. A value that is not named here is refused.',
    '',
    '| value | default | meaning |',
    '| --- | --- | --- |',
    ...table,
    '',
  ].join('\n');
}
