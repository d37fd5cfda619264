import { createHash, randomUUID } from 'node:crypto';
import canonicalize from 'canonicalize';
import { type Check, queryOf } from '../controls/check.ts';
import type { SourceState, Verdict } from '../controls/contract.ts';
import { evaluate } from '../controls/evaluate.ts';
import type { EvidenceLog, JsonObject, Sealed, StoredBody } from '../evidence/contract.ts';
import { sourceKey } from '../inventory/kind.ts';
import type { CompiledQuery, Sandbox } from '../inventory/query-contract.ts';
import { appendOne } from './run.ts';

export interface OpenDeviation {
  readonly record: string;
  readonly source: string;
}

export interface Assessment {
  /** The moment judged at, Unix seconds. */
  readonly now: number;
  readonly checks: readonly Check[];
  /** Every check in force is judged; false: those that read what changed. */
  readonly full: boolean;
  readonly sources: readonly SourceState[];
  readonly open: (check: string) => readonly OpenDeviation[];
  readonly config: string;
}

/** Judges the checks on what the inventory holds. A check that does not compile or does not finish is `unknown`, with the reason. */
export async function judgeChecks(
  sandbox: Sandbox,
  { checks, now, sources, open }: Pick<Assessment, 'checks' | 'now' | 'sources' | 'open'>,
): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const check of checks) {
    const standing = open(check.metadata.name);
    const query = queryOf(check);
    const compiled = await attempt(() => sandbox.compile(query));
    const result =
      'error' in compiled
        ? compiled
        : await attempt(() =>
            sandbox.run(
              query,
              now,
              standing.map(({ record }) => record),
            ),
          );
    const kinds = 'error' in compiled ? [check.spec.kind] : compiled.kinds;
    verdicts.push(evaluate({ check, kinds, result, sources, open: standing }));
  }
  return verdicts;
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

/** Judges and seals: one body a check with failing or unknown records, one of the verdicts, one of what they rest on. */
export async function assess(
  sandbox: Sandbox,
  log: EvidenceLog,
  clock: () => number,
  assessment: Assessment,
): Promise<Sealed> {
  const startedAt = clock();
  const verdicts = await judgeChecks(sandbox, assessment);
  const texts = new Map(assessment.checks.map((check) => [check.metadata.name, textDigest(check)]));
  const lines: (JsonObject & { id: string })[] = [];
  for (const verdict of verdicts) {
    const body = verdict.records.length === 0 ? null : await log.storeBody(verdict.records);
    lines.push(verdictLine(verdict, texts.get(verdict.check) ?? '', body));
  }
  const inputs = await log.storeBody(
    assessment.sources.map((source) => ({ id: sourceKey(source), ...source })),
  );
  const body = await log.storeBody(lines);
  return appendOne(log, {
    predicate: 'assessment',
    stream: 'assessment',
    runId: randomUUID(),
    startedAt,
    finishedAt: Math.max(startedAt, clock()),
    config: assessment.config,
    subjects: [
      { name: 'inputs', sha256: inputs.sha256 },
      { name: 'verdicts', sha256: body.sha256 },
    ],
    fields: {
      now: assessment.now,
      full: assessment.full,
      checks: verdicts.length,
      outcomes: Object.fromEntries(
        [...Map.groupBy(verdicts, (verdict) => verdict.outcome)].map(([outcome, list]) => [
          outcome,
          list.length,
        ]),
      ),
      sqlite: process.versions['sqlite'] ?? 'unknown',
      node: process.versions.node,
      inputs: inputs.records,
      verdicts: body.records,
    },
  });
}

/** A verdict without its records: those are in the body that the line names. */
function verdictLine(verdict: Verdict, text: string, body: StoredBody | null) {
  const { check, outcome, why, counts, scopes } = verdict;
  return {
    id: check,
    text,
    outcome,
    why,
    counts: { ...counts },
    scopes: scopes.map((scope) => ({ ...scope, counts: { ...scope.counts } })),
    body: body?.sha256 ?? null,
    records: body === null ? null : { ...body.records },
  };
}

/** SHA-256, hex, of the JCS of the check's manifest as parsed. */
function textDigest(check: Check): string {
  return createHash('sha256').update(canonicalize(check)!).digest('hex');
}
