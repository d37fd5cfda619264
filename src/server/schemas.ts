import { z } from 'zod';
import type {
  AgentView,
  AttestationDetail,
  AttestationItem,
  CheckDetail,
  CheckItem,
  CollectorItem,
  ControlDetail,
  ControlItem,
  DeviationItem,
  EvidenceDetail,
  EvidenceItem,
  ExceptionItem,
  RunItem,
} from '../engine/view.ts';
import { problem } from './problem.ts';
import { instant, list } from './wire.ts';

// Each schema has exactly the fields of the engine's type: `satisfies` holds one direction, the handlers' types the other, and
// the serialiser refuses at run time what is not in the schema.

export const controlStatus = z.enum([
  'effective',
  'correcting',
  'accepted',
  'ineffective',
  'unknown',
  'not_applicable',
]);
export const outcome = z.enum(['pass', 'fail', 'unknown', 'not_applicable']);
export const severity = z.enum(['critical', 'high', 'medium', 'low']);
export const deviationState = z.enum(['open', 'closed']);

const runOutcome = z.enum(['ok', 'failed']);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().min(0);
const index = count.describe('Index of an entry in the evidence log.');

const controlFields = {
  id: z.string(),
  title: z.string(),
  theme: z.string(),
  owner: z.string().nullable(),
  status: controlStatus,
  why: z.string(),
  lastAssessedAt: instant.nullable(),
};

export const control = z.strictObject(controlFields) satisfies z.ZodType<ControlItem>;

const span = z.strictObject({ from: instant, to: instant });
const seconds = z.int().min(0);

const shareFields = {
  seconds: z
    .strictObject({
      effective: seconds,
      correcting: seconds,
      accepted: seconds,
      ineffective: seconds,
      unknown: seconds,
      not_applicable: seconds,
    })
    .describe(
      'Seconds in each status; together they are the period. Time for which no assessment speaks is unknown.',
    ),
  longestGap: span.nullable().describe('The longest time for which no assessment speaks.'),
  longestUnknown: span.nullable().describe('The longest time in which it was unknown, gaps included.'),
};

const period = z.strictObject({
  from: instant,
  to: instant,
  ...shareFields,
  aspects: list(z.strictObject({ id: z.string(), ...shareFields })),
  deviations: z
    .strictObject({
      opened: count,
      closed: z.strictObject({ passed: count, gone: count, out_of_population: count, check_removed: count }),
      inTime: count.describe('Of those closed: at the deadline at the latest.'),
      late: count.describe('Of those closed: after the deadline.'),
      open: count.describe('At the end of the period.'),
      overdue: count.describe('Of those open at the end of the period.'),
    })
    .describe('Of the checks that answer the control now.'),
  events: list(
    z.strictObject({
      check: z.string(),
      judged: count
        .nullable()
        .describe(
          'Records that were in the population at some moment of the period, each once, as it was last judged within it.',
        ),
      came: count.nullable().describe('Of those judged: not in the population when the period began.'),
      passed: count.nullable(),
      failed: count.nullable(),
      unknown: count.nullable(),
      corrected: count.nullable().describe('Of those passed: failed at some time of the period.'),
      whole: z
        .boolean()
        .describe('At every moment of the period a verdict spoke that named the whole population.'),
      why: z.string().nullable().describe('What is lacking when it is not whole.'),
    }),
  ).describe(
    'The populations of the event checks that answer the control now: judged within the period, which is not to say happened within it. Null where nothing is known.',
  ),
});

export const demanded = z.strictObject({
  dataset: z.string(),
  state: z.enum(['due', 'running']).describe('`running`: it is being collected already, and not once more.'),
});

export const controlDetail = z.strictObject({
  ...controlFields,
  description: z.string(),
  aspects: list(
    z.strictObject({
      id: z.string(),
      title: z.string(),
      basis: z.enum(['live', 'recorded', 'attested']).nullable(),
      status: controlStatus,
      why: z.string(),
      checks: list(z.string()),
      attestations: list(z.string()),
    }),
  ),
  period: period.nullable().describe('Null unless `from` and `to` were given.'),
}) satisfies z.ZodType<ControlDetail>;

const counts = z.strictObject({
  table: count.describe('Records of the kind.'),
  population: count.describe('Records that the check is about.'),
  filtered: count,
  failing: count,
  unknown: count,
});

const checkFields = {
  name: z.string(),
  title: z.string(),
  aspects: list(z.string()),
  severity,
  outcome,
  why: z.string(),
  counts,
  scopes: list(
    z.strictObject({
      collector: z.string(),
      dataset: z.string(),
      scope: z.string(),
      outcome,
      why: z.string(),
      counts,
    }),
  ),
  assessedAt: instant.nullable(),
  evidence: index.nullable(),
};

export const check = z.strictObject(checkFields) satisfies z.ZodType<CheckItem>;

export const checkDetail = z.strictObject({
  ...checkFields,
  rationale: z.string(),
  remediation: z.string(),
  sql: z.strictObject({
    kind: z.string(),
    where: z.string().nullable(),
    fails: z.string(),
    reason: z.string(),
  }),
  params: z.record(z.string(), z.unknown()),
  records: list(
    z.strictObject({
      id: z.string(),
      source: z.string(),
      outcome: z.enum(['fail', 'unknown', 'passed', 'gone', 'out_of_population']),
      reason: z.string(),
    }),
  ),
}) satisfies z.ZodType<CheckDetail>;

export const deviation = z.strictObject({
  id: z.string(),
  check: z.string(),
  record: z.string(),
  severity,
  reason: z.string(),
  firstSeenAt: instant,
  dueAt: instant,
  overdue: z.boolean(),
  exception: z.string().nullable(),
  closedAt: instant.nullable(),
  closedBy: z.enum(['passed', 'gone', 'out_of_population', 'check_removed']).nullable(),
}) satisfies z.ZodType<DeviationItem>;

export const collector = z.strictObject({
  name: z.string(),
  type: z.string(),
  lastRunAt: instant.nullable(),
  lastRunOutcome: runOutcome.nullable(),
  datasets: list(
    z.strictObject({
      dataset: z.string(),
      scope: z.string(),
      state: z.enum(['fresh', 'stale', 'missing']),
      detail: z.string(),
      asOf: instant.nullable(),
      records: count.nullable(),
      snapshot: index.nullable(),
    }),
  ),
}) satisfies z.ZodType<CollectorItem>;

export const run = z.strictObject({
  id: z.string(),
  collector: z.string(),
  startedAt: instant,
  finishedAt: instant,
  outcome: runOutcome,
  evidence: index,
  datasets: list(
    z.strictObject({
      dataset: z.string(),
      scope: z.string(),
      outcome: runOutcome,
      reason: z.string().nullable(),
      detail: z.string().nullable(),
      records: count.nullable(),
      apiCalls: count,
      throttled: count,
    }),
  ),
}) satisfies z.ZodType<RunItem>;

const entryFields = {
  index,
  leafHash: sha256,
  predicateType: z.string(),
  stream: z.string(),
  seq: count,
  runId: z.string(),
  sealedAt: instant,
  subjects: list(z.strictObject({ name: z.string(), sha256 })),
};

export const entry = z.strictObject(entryFields) satisfies z.ZodType<EvidenceItem>;

export const entryDetail = z.strictObject({
  ...entryFields,
  envelope: z.unknown().describe('The DSSE envelope, as stored.'),
  statement: z.unknown().describe('The in-toto statement inside it.'),
}) satisfies z.ZodType<EvidenceDetail>;

export const exception = z.strictObject({
  name: z.string(),
  check: z.string(),
  reason: z.string(),
  risk: z.string(),
  approver: z.string(),
  validFrom: instant,
  expiresAt: instant,
  valid: z.boolean(),
  accepts: count.describe('Open deviations that it accepts.'),
}) satisfies z.ZodType<ExceptionItem>;

const attestationItemFields = {
  name: z.string(),
  source: z
    .enum(['configuration', 'api'])
    .describe('`api`: who attests was authenticated; `configuration`: it asserts who does.'),
  aspects: list(z.string()),
  by: z.string().nullable().describe('Null, like `at` and `expiresAt`: it was erased.'),
  at: instant.nullable(),
  expiresAt: instant.nullable(),
  valid: z.boolean(),
  state: z.enum(['valid', 'expired', 'not_yet', 'withdrawn', 'erased']),
  sealedAt: instant.nullable().describe('From when on one of the API counts.'),
  evidence: index.nullable(),
  leafHash: sha256.nullable().describe('Of that entry.'),
  withdrawn: z
    .strictObject({
      at: instant,
      by: z.string().nullable().describe('Null, like `reason`: it was erased.'),
      reason: z.string().nullable(),
      evidence: index,
    })
    .nullable(),
};

export const attestation = z.strictObject(attestationItemFields) satisfies z.ZodType<AttestationItem>;

export const attestationDetail = z.strictObject({
  ...attestationItemFields,
  statement: z.string().nullable(),
  documents: list(z.strictObject({ name: z.string(), sha256 })),
}) satisfies z.ZodType<AttestationDetail>;

export const soa = z.strictObject({
  version: z.string().nullable(),
  approver: z.string().nullable(),
  items: list(
    z.strictObject({
      control: z.string(),
      title: z.string(),
      applicable: z.boolean().nullable(),
      justification: z.string(),
      implementation: z.string(),
      owner: z.string().nullable(),
      status: controlStatus,
    }),
  ),
}) satisfies z.ZodType<Awaited<ReturnType<AgentView['soa']>>>;

export const scope = z.strictObject({
  statement: z.unknown().describe('The spec of the sealed Scope manifest.'),
  sources: list(z.string()),
}) satisfies z.ZodType<Awaited<ReturnType<AgentView['scope']>>>;

export const checkpoint = z.strictObject({
  origin: z.string(),
  size: count,
  root: sha256.describe('RFC 6962 root.'),
  note: z.string().describe('The signed note, as published.'),
}) satisfies z.ZodType<Awaited<ReturnType<AgentView['checkpoint']>>>;

/** Names of the schemas under components/schemas of the OpenAPI document. */
export function registerNames(registry: z.core.$ZodRegistry<{ id?: string | undefined }>): void {
  const named = {
    Control: control,
    ControlDetail: controlDetail,
    Check: check,
    CheckDetail: checkDetail,
    Counts: counts,
    Deviation: deviation,
    Collector: collector,
    Run: run,
    Entry: entry,
    EntryDetail: entryDetail,
    Exception: exception,
    Attestation: attestation,
    AttestationDetail: attestationDetail,
    StatementOfApplicability: soa,
    Scope: scope,
    Checkpoint: checkpoint,
    Problem: problem,
  };
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
}
