import { type Check, queryOf } from '../../controls/check.ts';
import { SOA_SOURCE } from '../../controls/soa-records.ts';
import { instantText } from '../../controls/words.ts';
import { sourceKey } from '../../inventory/kind.ts';
import { createSandbox } from '../../inventory/sandbox.ts';
import { compareUtf8 } from '../../inventory/utf8.ts';
import type { Question } from '../contract.ts';
import type { SealedConfig } from './configuration.ts';
import type { Cell } from './csv.ts';
import { type Collected, type Facts, longer } from './facts.ts';
import type { Replay } from './replay.ts';

export const COVERAGE_COLUMNS = [
  'control',
  'collector',
  'dataset',
  'scope',
  'kinds',
  'expected_snapshots',
  'actual_snapshots',
  'failed_collections',
  'longest_gap_seconds',
  'gap_from',
  'gap_to',
] as const;

/** The kinds that each check reads, by name of the check; of one that doesn't compile its own. */
export async function kindsOfChecks(checks: Iterable<Check>): Promise<{
  readonly kinds: ReadonlyMap<string, readonly string[]>;
  readonly broken: ReadonlyMap<string, string>;
}> {
  const kinds = new Map<string, readonly string[]>();
  const broken = new Map<string, string>();
  await using sandbox = createSandbox();
  for (const check of checks) {
    const { name } = check.metadata;
    const known = kinds.get(name) ?? [];
    try {
      const compiled = await sandbox.compile(queryOf(check));
      kinds.set(name, [...new Set([...known, ...compiled.kinds])]);
      broken.delete(name);
    } catch (error) {
      kinds.set(name, [...new Set([...known, check.spec.kind])]);
      broken.set(name, error instanceof Error ? error.message : String(error));
    }
  }
  return { kinds, broken };
}

/** A row for each control, dataset and scope that its checks rest on. */
export function coverageRows(
  replay: Replay,
  facts: Facts,
  question: Question,
  kinds: ReadonlyMap<string, readonly string[]>,
): readonly Cell[][] {
  const sources = listSources(replay, facts, question);
  return replay.controls.flatMap((control) => {
    const read = kindsOfControl(control.id, replay.configs, kinds);
    return sources
      .filter((source) => [...source.kinds].some((kind) => read.has(kind)))
      .map((source) => [control.id, ...sourceRow(source, replay.configs, question, read)]);
  });
}

function kindsOfControl(
  control: string,
  configs: readonly SealedConfig[],
  kinds: ReadonlyMap<string, readonly string[]>,
): ReadonlySet<string> {
  const checks = configs.flatMap(({ checks }) => [...checks.values()]);
  return new Set(
    checks
      .filter(({ spec }) => spec.aspects.some((aspect) => aspect.startsWith(`${control}/`)))
      .flatMap(({ metadata }) => kinds.get(metadata.name) ?? []),
  );
}

/** Every source that was collected, failed, or was named by an assessment. */
function listSources(replay: Replay, facts: Facts, question: Question): readonly Collected[] {
  for (const source of replay.sources.values())
    for (const kind of source.kinds) facts.source(source).kinds.add(kind);
  for (const { datasets } of replay.configs)
    for (const { collector, dataset, kinds } of datasets ?? [])
      for (const source of facts.collected.values())
        if (source.collector === collector && source.dataset === dataset)
          for (const kind of kinds) source.kinds.add(kind);
  const all = [...facts.collected.values()];
  // `*` stands for scopes that nobody could list.
  const listed = new Set(all.filter(({ scope }) => scope !== '*').map(({ collector }) => collector));
  return all
    .filter(({ scope, collector }) => scope !== '*' || !listed.has(collector))
    .filter(({ collector }) => collector !== SOA_SOURCE.collector)
    .filter(({ collector }) => question.collectors?.includes(collector) ?? true)
    .toSorted((one, other) => compareUtf8(sourceKey(one), sourceKey(other)));
}

function sourceRow(
  source: Collected,
  configs: readonly SealedConfig[],
  question: Question,
  read: ReadonlySet<string>,
): Cell[] {
  const { collector, dataset, scope, snapshots, failures } = source;
  const { expected, since, until } = expectation(source, configs, question);
  let gap = source.gap;
  if (source.first === undefined || source.last === undefined) gap = longer(gap, [since, until]);
  else {
    gap = longer(gap, [since, Math.max(since, source.first)]);
    gap = longer(gap, [Math.min(source.last, until), until]);
  }
  return [
    collector,
    dataset,
    scope,
    [...source.kinds]
      .filter((kind) => read.has(kind))
      .toSorted(compareUtf8)
      .join(' '),
    expected ?? 'unknown',
    snapshots,
    failures,
    gap === undefined ? 0 : gap[1] - gap[0],
    gap && instantText(gap[0]),
    gap && instantText(gap[1]),
  ];
}

/** How many snapshots the sealed cadences ask for within the period; undefined when no configuration tells its cadences. */
function expectation(
  { collector, dataset }: Collected,
  configs: readonly SealedConfig[],
  { from, to }: Question,
): { readonly expected: number | undefined; readonly since: number; readonly until: number } {
  let expected = 0;
  let known = true;
  let [since, until]: [number, number] = [to, from];
  for (const [at, config] of configs.entries()) {
    const begin = Math.max(from, config.entry.sealedAt);
    const end = Math.min(to, configs[at + 1]?.entry.sealedAt ?? to);
    if (end <= begin || !config.documents.has(`Collector/${collector}`)) continue;
    const line = config.datasets?.find((item) => item.collector === collector && item.dataset === dataset);
    if (config.datasets !== undefined && line === undefined) continue;
    since = Math.min(since, begin);
    until = Math.max(until, end);
    if (line === undefined) known = false;
    else expected += (end - begin) / line.cadence;
  }
  if (since > until) [since, until] = [from, to];
  // A hair of floating point must not cost a snapshot.
  return { expected: known ? Math.floor(expected + 1e-9) : undefined, since, until };
}
