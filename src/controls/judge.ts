import type { CompiledQuery, Sandbox } from '../inventory/query-contract.ts';
import { type Check, queryOf } from './check.ts';
import type { SourceState, Verdict } from './contract.ts';
import type { Absence } from './absence.ts';
import { evaluate } from './evaluate.ts';
import { type Judged, readsVerdicts, verdictParams } from './verdict-params.ts';

/** A deviation that stands open, by the record's id and its source's key. */
export interface Standing {
  readonly record: string;
  readonly source: string;
}

/** Everything that a judgement rests on beside the inventory. */
export interface Judgement {
  /** The moment judged at, Unix seconds. */
  readonly now: number;
  readonly checks: readonly Check[];
  readonly sources: readonly SourceState[];
  /** What stands open of a check. */
  readonly open: (check: string) => readonly Standing[];
  /** What the Scope manifest declares absent; nothing unless given. */
  readonly absent?: readonly Absence[];
  /** Checks that were judged before, for those whose parameters are made of verdicts. */
  readonly judged?: readonly Judged[];
  /** Verdicts of event checks name every record of the population, those that pass too. */
  readonly populations?: boolean;
}

/** As `judgeEach`, all of them at once. */
export function judgeChecks(sandbox: Sandbox, judgement: Judgement): Promise<Verdict[]> {
  return Array.fromAsync(judgeEach(sandbox, judgement));
}

/**
 * Judges the checks on what the inventory holds, one after the other: what fails may be much, and can be let go before the next. A check that
 * does not compile or does not finish is `unknown`, with the reason. Those that read the verdicts on others come after them.
 */
export async function* judgeEach(
  sandbox: Sandbox,
  { checks, now, sources, open, absent = [], judged: before = [], populations = false }: Judgement,
): AsyncGenerator<Verdict, void, undefined> {
  const judged = [...before];
  const last = checks.filter(readsVerdicts);
  for (const check of [...checks.filter((check) => !last.includes(check)), ...last]) {
    const standing = open(check.metadata.name);
    const population = populations && check.spec.nature === 'event';
    const query = queryOf(check, verdictParams(check, judged));
    const compiled = await attempt(() => sandbox.compile(query));
    const result =
      'error' in compiled
        ? compiled
        : await attempt(() =>
            sandbox.run(query, now, { standing: standing.map(({ record }) => record), population }),
          );
    const kinds = 'error' in compiled ? [check.spec.kind] : compiled.kinds;
    const verdict = evaluate({ check, kinds, result, sources, open: standing, absent, population });
    judged.push({ check, outcome: verdict.outcome });
    yield verdict;
  }
}

async function attempt<T>(action: () => Promise<T>): Promise<T | { readonly error: string }> {
  try {
    return await action();
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** Which kinds a check reads; undefined when it does not compile, so that it is always evaluated. */
export async function kindsRead(sandbox: Sandbox, check: Check): Promise<CompiledQuery['kinds'] | undefined> {
  const compiled = await attempt(() => sandbox.compile(queryOf(check)));
  return 'error' in compiled ? undefined : compiled.kinds;
}
