import { randomUUID } from 'node:crypto';
import { textDigest } from '../controls/check.ts';
import type { Verdict } from '../controls/contract.ts';
import { judgeEach, type Judgement } from '../controls/judge.ts';
import type { EvidenceLog, Sealed, StoredBody } from '../evidence/contract.ts';
import { sourceKey } from '../inventory/kind.ts';
import type { Sandbox } from '../inventory/query-contract.ts';
import { appendOne } from './run.ts';

export interface Assessment extends Judgement {
  /** Every check in force is judged; false: those that read what changed. */
  readonly full: boolean;
  /** Digest of the configuration in force. */
  readonly config: string;
}

/** Judges and seals: one body a check with failing or unknown records (of an event check: with its population), one of the verdicts, one of what they rest on. */
export async function assess(
  sandbox: Sandbox,
  log: EvidenceLog,
  clock: () => number,
  assessment: Assessment,
): Promise<Sealed> {
  const startedAt = clock();
  const texts = new Map(assessment.checks.map((check) => [check.metadata.name, textDigest(check)]));
  const lines: ReturnType<typeof verdictLine>[] = [];
  for await (const verdict of judgeEach(sandbox, { ...assessment, populations: true })) {
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
      checks: lines.length,
      outcomes: Object.fromEntries(
        [...Map.groupBy(lines, (line) => line.outcome)].map(([outcome, list]) => [outcome, list.length]),
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
  const { check, outcome, why, counts, scopes, population } = verdict;
  return {
    id: check,
    text,
    outcome,
    why,
    counts: { ...counts },
    scopes: scopes.map((scope) => ({ ...scope, counts: { ...scope.counts } })),
    body: body?.sha256 ?? null,
    records: body === null ? null : { ...body.records },
    ...(population === undefined ? {} : { population }),
  };
}
