import { DatabaseSync } from 'node:sqlite';
import { plugins } from '../../../src/collectors/registry.ts';
import { builtinChecks } from '../../../src/controls/builtin.ts';
import { type Check, checkManifest, queryOf } from '../../../src/controls/check.ts';
import type { SourceState, Verdict } from '../../../src/controls/contract.ts';
import { judgeEach, kindsRead } from '../../../src/controls/judge.ts';
import { SOA_KIND, SOA_SOURCE } from '../../../src/controls/soa-records.ts';
import { readsVerdicts, verdictParams } from '../../../src/controls/verdict-params.ts';
import type { SourceRef } from '../../../src/inventory/kind.ts';
import type { CheckQuery, Sandbox } from '../../../src/inventory/query-contract.ts';
import { typed } from '../../../src/inventory/typed.ts';

export async function allChecks(): Promise<readonly Check[]> {
  return (await builtinChecks()).map((manifest) => checkManifest.parse(manifest));
}

/** Everything that was loaded, as fresh evidence. */
export function sourcesIn(file: string): readonly SourceState[] {
  using db = new DatabaseSync(file, { readOnly: true });
  const rows = db.prepare('SELECT source, as_of, body, "index" FROM _source').all();
  return rows.map((row) => {
    const ref = typed<SourceRef>(JSON.parse(String(row['source'])));
    const found = { asOf: Number(row['as_of']), body: String(row['body']), index: Number(row['index']) };
    return { ...ref, ...found, kinds: kindsOf(ref), state: 'fresh', detail: '' };
  });
}

/** Those that the dataset feeds. */
export function kindsOf({ collector, dataset }: Pick<SourceRef, 'collector' | 'dataset'>): readonly string[] {
  if (collector === SOA_SOURCE.collector) return [SOA_KIND];
  // The collectors are called as their plugins, but for the registers.
  const plugin = plugins.get(collector === 'registers' ? 'register' : collector);
  const kinds = plugin?.datasets.find(({ name }) => name === dataset)?.kinds;
  if (kinds === undefined) throw new Error(`no dataset ${collector}/${dataset}`);
  return kinds;
}

export interface Judged {
  /** Milliseconds. */
  readonly took: number;
  readonly verdicts: readonly Pick<Verdict, 'check' | 'outcome' | 'why'>[];
  /** Milliseconds by check. */
  readonly each: ReadonlyMap<string, number>;
}

/** Judges the checks as the agent does, letting each verdict go before the next. */
export async function judge(
  sandbox: Sandbox,
  checks: readonly Check[],
  sources: readonly SourceState[],
  now: number,
): Promise<Judged> {
  const verdicts: Judged['verdicts'][number][] = [];
  const each = new Map<string, number>();
  const began = performance.now();
  let last = began;
  const judgement = { now, checks, sources, open: () => [] };
  for await (const { check, outcome, why } of judgeEach(sandbox, judgement)) {
    verdicts.push({ check, outcome, why });
    each.set(check, performance.now() - last);
    last = performance.now();
  }
  return { took: performance.now() - began, verdicts, each };
}

/** The SQL of the checks, with the parameters that are made of these verdicts. */
export function queriesOf(checks: readonly Check[], { verdicts }: Judged): readonly CheckQuery[] {
  const outcomes = new Map(verdicts.map(({ check, outcome }) => [check, outcome]));
  const judged = checks.map((check) => ({ check, outcome: outcomes.get(check.metadata.name) ?? 'unknown' }));
  return checks.map((check) => queryOf(check, verdictParams(check, judged)));
}

/** What the engine judges when records of these kinds have changed. */
export async function touchedBy(
  sandbox: Sandbox,
  checks: readonly Check[],
  changed: readonly string[],
): Promise<readonly Check[]> {
  const found: Check[] = [];
  for (const check of checks) {
    if (readsVerdicts(check)) continue;
    const kinds = await kindsRead(sandbox, check);
    if (kinds?.some((kind) => changed.includes(kind)) ?? true) found.push(check);
  }
  return found;
}
