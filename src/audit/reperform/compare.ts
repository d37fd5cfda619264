import { z } from 'zod';
import type { RecordVerdict, Verdict } from '../../controls/contract.ts';
import type { Difference } from './contract.ts';

const counts = z.object({
  table: z.int(),
  population: z.int(),
  filtered: z.int(),
  failing: z.int(),
  unknown: z.int(),
});
const outcome = z.enum(['pass', 'fail', 'unknown', 'not_applicable']);

/** A line of the `verdicts` body. */
export const verdictLine = z.object({
  id: z.string(),
  text: z.string(),
  outcome,
  why: z.string(),
  counts,
  scopes: z.array(
    z.object({
      collector: z.string(),
      dataset: z.string(),
      scope: z.string(),
      outcome,
      why: z.string(),
      counts,
    }),
  ),
  body: z.string().nullable(),
  /** Absent where the body names failing and unknown records alone: of a check that judges no events, or as older versions sealed it. */
  population: z.enum(['whole', 'partial']).optional(),
});

/** A line of a verdict's own body. */
export const recordLine = z.object({
  id: z.string(),
  source: z.string(),
  outcome: z.enum(['pass', 'fail', 'unknown', 'passed', 'gone', 'out_of_population']),
  reason: z.string(),
});

export type VerdictLine = z.infer<typeof verdictLine>;

type Found = Pick<Difference, 'what' | 'sealed' | 'reperformed'>;

/** Everything that differs between a verdict as sealed and as re-performed. */
export function* compareVerdicts(
  sealed: VerdictLine,
  sealedRecords: readonly RecordVerdict[],
  again: Verdict,
): Generator<Found> {
  yield* differ('outcome', sealed.outcome, again.outcome);
  yield* differ('counts', sealed.counts, again.counts);
  yield* differ('why', sealed.why, again.why);
  yield* differ('population', sealed.population, again.population);
  yield* compareEach('scope', byScope(sealed.scopes), byScope(again.scopes));
  yield* compareEach('record', byId(sealedRecords), byId(again.records));
}

function byScope(scopes: Verdict['scopes']): Map<string, unknown> {
  return new Map(
    scopes.map(({ collector, dataset, scope, ...rest }) => [`${collector}/${dataset}/${scope}`, rest]),
  );
}

function byId(records: readonly RecordVerdict[]): Map<string, unknown> {
  return new Map(records.map(({ id, ...rest }) => [id, rest]));
}

function* compareEach(
  what: string,
  sealed: Map<string, unknown>,
  again: Map<string, unknown>,
): Generator<Found> {
  for (const [id, value] of sealed) yield* differ(`${what} ${id}`, value, again.get(id));
  for (const [id, value] of again) if (!sealed.has(id)) yield* differ(`${what} ${id}`, undefined, value);
}

function* differ(what: string, sealed: unknown, again: unknown): Generator<Found> {
  const [one, other] = [told(sealed), told(again)];
  if (one !== other) yield { what, sealed: one, reperformed: other };
}

/** Plain text as it is; else JSON with its fields in order, so that equal values are equal texts. */
function told(value: unknown): string {
  if (value === undefined) return 'absent';
  if (typeof value === 'string') return value;
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
