import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { z } from 'zod';
import type { CheckQuery } from '../inventory/query-contract.ts';
import { aspectId, duration, instant, manifest, text, unique } from './fields.ts';

const scalar = z.union([z.string(), z.number()]);

/** Bound as `:name`; a list as a JSON array. The unit is part of the name: `maxAgeDays`. */
const param = z.union([
  z.strictObject({
    value: z.union([scalar, z.array(scalar)]),
    /** The clause of the organisation's policy that sets the value. Without one, reports say "product default". */
    policy: text.optional(),
  }),
  /** A list made of the verdicts on the other checks (verdict-params.ts), `<control> <check>` each. */
  z.strictObject({ from: z.enum(['failing-controls', 'undecided-controls']) }),
]);

const paramName = z
  .string()
  .regex(/^[a-z][A-Za-z0-9]*$/, 'expected a name such as maxAgeDays')
  .refine((name) => name !== 'now', 'now is bound by the engine: choose another name');

/**
 * One case of `annexa check test`. Records are written in their kind's form without what every record has: `source` and `scope` are
 * `case` unless written, and an `id` without a colon gets them in front. A string `now`, `now-91d` or `now+2h` is that instant.
 */
const checkCase = z.strictObject({
  name: text,
  /** 2026-01-01T00:00:00Z unless written. */
  now: instant.optional(),
  /** Values other than the check's own, for this case. */
  params: z.record(z.string(), z.union([scalar, z.array(scalar)])).optional(),
  /** By kind. Every kind that the check reads has one fresh source, with these records in it. */
  records: z.record(z.string(), z.array(z.record(z.string(), z.unknown()))).default({}),
  /** Native ids of the sources that the Scope manifest declares; none unless written. */
  declared: z.array(text).optional(),
  /** Ids of people by the login of the service that they answer for, as the Scope manifest declares them; none unless written. */
  services: z.record(text, text).optional(),
  /** Kinds whose source is missing in this case. */
  missing: z.array(z.string()).optional(),
  expect: z.strictObject({
    outcome: z.enum(['pass', 'fail', 'unknown', 'not_applicable']),
    /** Ids of exactly the failing records, as written above; none unless written. */
    records: z.array(text).default([]),
    /** Ids of exactly the unknown records; not compared unless written. */
    unknown: z.array(text).optional(),
  }),
});

const checkSpec = z.strictObject({
  title: text,
  /** What the check answers: `<control>/<aspect>`. */
  aspects: z.array(aspectId).min(1).check(unique(String)),
  /** `state`: how it is now. `event`: every leaver, change or job of a period. */
  nature: z.enum(['state', 'event']),
  severity: z.enum(['critical', 'high', 'medium', 'low']),
  /** How long a deviation may stay open before it is overdue, seconds. */
  within: duration,
  params: z.record(paramName, param).default({}),
  /** The table whose rows are judged, aliased `it`. */
  kind: z.string().regex(/^[a-z][a-z0-9_]*$/, 'expected the name of a kind, such as identity'),
  where: text.optional(),
  fails: text,
  /** An expression that gives text; dates by `date(x, 'unixepoch')`. */
  reason: text,
  /** The outcome when no row is left to judge. */
  empty: z.enum(['unknown', 'fail', 'not_applicable']).default('unknown'),
  remediation: text,
  /** What an auditor reads: why this shows that the aspect operates, and what it does not show. */
  rationale: text,
  cases: z
    .array(checkCase)
    .default([])
    .check(unique((item) => item.name)),
});

/** A `Check` manifest (DESIGN 4): a condition in SQL over one kind. */
export const checkManifest = manifest('Check', checkSpec);

export type Check = z.output<typeof checkManifest>;
export type CheckCase = z.output<typeof checkCase>;

/** The check as the sandbox runs it; `params` replace its own values. What is made of verdicts is empty unless given. */
export function queryOf({ metadata, spec }: Check, params: CheckQuery['params'] = {}): CheckQuery {
  const own = Object.fromEntries(
    Object.entries(spec.params).map(([name, param]) => [name, 'from' in param ? [] : param.value]),
  );
  return {
    name: metadata.name,
    kind: spec.kind,
    where: spec.where,
    fails: spec.fails,
    reason: spec.reason,
    params: { ...own, ...params },
  };
}

/** A parameter with its value and where that comes from, for people. */
export function paramText(name: string, param: Check['spec']['params'][string]): string {
  return 'from' in param
    ? `:${name}: ${param.from}, from the verdicts on the other checks`
    : `:${name} = ${JSON.stringify(param.value)} (${param.policy ?? 'product default'})`;
}

/** SHA-256, hex, of the JCS of the check's manifest as parsed: what verdicts name. */
export function textDigest(check: Check): string {
  return createHash('sha256').update(canonicalize(check)!).digest('hex');
}
