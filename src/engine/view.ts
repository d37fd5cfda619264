import type { ClosedBy } from '../controls/deviations.ts';
import type {
  ControlStatus,
  Counts,
  Outcome,
  RecordVerdict,
  ScopeVerdict,
  Severity,
} from '../controls/contract.ts';
import type { Period, StatusShares } from '../controls/period.ts';
import type { AttestationContent } from '../controls/sealed-attestation.ts';
import type { PopulationCounts, Wholeness } from '../controls/population.ts';
import type { Demanded } from './agenda.ts';
import type { AspectStatus } from '../controls/status.ts';
import type { Condition } from './conditions.ts';

/** Times are Unix seconds here; the server tells them as RFC 3339. */

export interface Page<T> {
  readonly items: readonly T[];
  /** Opaque; null on the last page. */
  readonly next: string | null;
}

export interface PageQuery {
  readonly limit: number;
  /** A `next` of the same list. Any other rejects with EngineError `cursor`. */
  readonly cursor?: string | undefined;
}

/** What stood, ran or was sealed at any moment from `from` until before `to`, Unix seconds; either may be left out. */
export interface Within {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** Of checks, and of what follows from them: all that is given must hold. */
export interface CheckFilter {
  readonly severity?: Severity | undefined;
  /** Of a control that it answers. */
  readonly control?: string | undefined;
  readonly theme?: string | undefined;
  readonly owner?: string | undefined;
  /** Whose records it judges. */
  readonly collector?: string | undefined;
}

export type AspectItem = AspectStatus;

export interface ControlItem {
  readonly id: string;
  readonly title: string;
  readonly theme: string;
  readonly owner: string | null;
  readonly status: ControlStatus;
  readonly why: string;
  readonly lastAssessedAt: number | null;
}

export interface ControlDetail extends ControlItem {
  readonly description: string;
  readonly aspects: readonly AspectItem[];
  /** Null unless a period was asked for. */
  readonly period: PeriodItem | null;
}

/** How a control fared over a period. */
export interface PeriodItem extends Period, StatusShares {
  /** By aspect, in the control's order. */
  readonly aspects: readonly (StatusShares & { readonly id: string })[];
  /** Of the checks that answer the control now. */
  readonly deviations: {
    readonly opened: number;
    readonly closed: Readonly<Record<ClosedBy, number>>;
    /** Of those closed: at their deadline at the latest, or after it. */
    readonly inTime: number;
    readonly late: number;
    /** At the period's end. */
    readonly open: number;
    readonly overdue: number;
  };
  /** Of the event checks that answer the control now, by name. */
  readonly events: readonly PopulationItem[];
}

/** The population of an event check over a period: judged within it, which is not to say happened within it. Null: nothing is known. */
export interface PopulationItem extends Omit<Wholeness, 'known'>, Nullable<PopulationCounts> {
  readonly check: string;
}

type Nullable<T> = { readonly [K in keyof T]: T[K] | null };

export interface CheckItem {
  readonly name: string;
  readonly title: string;
  readonly aspects: readonly string[];
  readonly severity: Severity;
  readonly outcome: Outcome;
  readonly why: string;
  readonly counts: Counts;
  readonly scopes: readonly ScopeVerdict[];
  readonly assessedAt: number | null;
  /** Log index of the assessment. */
  readonly evidence: number | null;
}

export interface CheckDetail extends CheckItem {
  readonly rationale: string;
  readonly remediation: string;
  readonly sql: {
    readonly kind: string;
    readonly where: string | null;
    readonly fails: string;
    readonly reason: string;
  };
  readonly params: Readonly<Record<string, unknown>>;
  /** Those that fail, are unknown, or closed a deviation. */
  readonly records: readonly ReportedRecord[];
}

/** What is told of a record that a verdict names: one that simply passes is counted, not told. */
export interface ReportedRecord extends RecordVerdict {
  readonly outcome: Exclude<RecordVerdict['outcome'], 'pass'>;
}

export interface DeviationItem {
  /** First 32 hex digits of SHA-256 of `check NUL record NUL index of the assessment that opened it`. */
  readonly id: string;
  readonly check: string;
  readonly record: string;
  readonly severity: Severity;
  readonly reason: string;
  readonly firstSeenAt: number;
  readonly dueAt: number;
  readonly overdue: boolean;
  /** Name of a valid exception that accepts it. */
  readonly exception: string | null;
  readonly closedAt: number | null;
  readonly closedBy: 'passed' | 'gone' | 'out_of_population' | 'check_removed' | null;
}

export interface DatasetItem {
  readonly dataset: string;
  readonly scope: string;
  readonly state: 'fresh' | 'stale' | 'missing';
  readonly detail: string;
  readonly asOf: number | null;
  readonly records: number | null;
  readonly snapshot: number | null;
}

export interface CollectorItem {
  readonly name: string;
  readonly type: string;
  readonly lastRunAt: number | null;
  readonly lastRunOutcome: 'ok' | 'failed' | null;
  readonly datasets: readonly DatasetItem[];
}

export interface RunItem {
  readonly id: string;
  readonly collector: string;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly outcome: 'ok' | 'failed';
  readonly evidence: number;
  readonly datasets: readonly {
    readonly dataset: string;
    readonly scope: string;
    readonly outcome: 'ok' | 'failed';
    /** A CollectorError code; null when ok. */
    readonly reason: string | null;
    readonly detail: string | null;
    readonly records: number | null;
    readonly apiCalls: number;
    readonly throttled: number;
  }[];
}

export interface EvidenceItem {
  readonly index: number;
  readonly leafHash: string;
  readonly predicateType: string;
  readonly stream: string;
  readonly seq: number;
  readonly runId: string;
  readonly sealedAt: number;
  readonly subjects: readonly { readonly name: string; readonly sha256: string }[];
}

export interface EvidenceDetail extends EvidenceItem {
  /** The DSSE envelope, as stored. */
  readonly envelope: unknown;
  readonly statement: unknown;
}

export interface ExceptionItem {
  readonly name: string;
  readonly check: string;
  readonly reason: string;
  readonly risk: string;
  readonly approver: string;
  readonly validFrom: number;
  readonly expiresAt: number;
  readonly valid: boolean;
  readonly accepts: number;
}

export interface AttestationItem {
  readonly name: string;
  /** `api`: who attests was authenticated; `configuration`: it asserts who does. */
  readonly source: 'configuration' | 'api';
  readonly aspects: readonly string[];
  /** Null, like `at` and `expiresAt`: it was erased. */
  readonly by: string | null;
  readonly at: number | null;
  readonly expiresAt: number | null;
  readonly valid: boolean;
  readonly state: 'valid' | 'expired' | 'not_yet' | 'withdrawn' | 'erased';
  /** When and as which entry one of the API was sealed; null for one of the configuration. */
  readonly sealedAt: number | null;
  readonly evidence: number | null;
  readonly leafHash: string | null;
  readonly withdrawn: {
    readonly at: number;
    /** Null, like `reason`: it was erased. */
    readonly by: string | null;
    readonly reason: string | null;
    readonly evidence: number;
  } | null;
}

export interface AttestationDetail extends AttestationItem {
  readonly statement: string | null;
  readonly documents: readonly { readonly name: string; readonly sha256: string }[];
}

export interface SoaItem {
  readonly control: string;
  readonly title: string;
  readonly applicable: boolean | null;
  readonly justification: string;
  readonly implementation: string;
  readonly owner: string | null;
  readonly status: ControlStatus;
}

/** What the Prometheus metrics are made of, read at each scrape. */
export interface MetricsSnapshot {
  readonly controls: readonly (ControlItem & {
    /** Valid ones that bear on it. */
    readonly exceptions: number;
    /** When it got the status that it has. */
    readonly statusSince: number | null;
    /** When it last had another status than `unknown`; null: never. */
    readonly lastKnownAt: number | null;
  })[];
  readonly checks: readonly (Pick<CheckItem, 'name' | 'title' | 'severity' | 'outcome'> & {
    /** Whose aspects it answers. */
    readonly controls: readonly string[];
    readonly open: number;
    /** Of those open, the ones that a valid exception accepts. */
    readonly accepted: number;
    /** Past their deadline, and not accepted. */
    readonly overdue: number;
    /** When the oldest open one was first seen; null without one. */
    readonly oldestAt: number | null;
  })[];
  /** Open deviations by age, every severity and age present. */
  readonly ages: readonly { readonly severity: Severity; readonly age: string; readonly open: number }[];
  readonly exceptions: readonly {
    readonly name: string;
    readonly expiresAt: number;
    readonly controls: readonly string[];
    readonly accepts: number;
  }[];
  readonly attestations: readonly {
    readonly name: string;
    readonly expiresAt: number;
    readonly controls: readonly string[];
  }[];
  /** Seconds between full assessments. */
  readonly assessEvery: number;
  /** Configurations sealed, and the documents that changed with them, the product's own left out. */
  readonly configuration: {
    readonly changes: number;
    readonly lastAt: number | null;
    readonly documents: { readonly evidenced: number; readonly not_evidenced: number };
  };
  /** Every configured dataset: how the evidence of its scopes stands at the moment. */
  readonly datasets: readonly {
    readonly collector: string;
    readonly dataset: string;
    /** Seconds: older evidence is stale. */
    readonly freshness: number;
    readonly scopes: { readonly fresh: number; readonly stale: number; readonly missing: number };
    /** Scopes whose last collection failed. */
    readonly failing: number;
  }[];
  /** The oldest as-of of a dataset's scopes; absent while one is missing. */
  readonly evidence: readonly {
    readonly collector: string;
    readonly dataset: string;
    readonly asOf: number;
    readonly records: number;
  }[];
  readonly log: { readonly size: number; readonly checkpointAt: number };
  /** The keys that sign or salt from now on, and since when. */
  readonly keys: readonly { readonly use: 'envelope' | 'checkpoint' | 'body'; readonly since: number }[];
  readonly verifyFailures: number;
  readonly timestamps: {
    /** The latest time that a token says, Unix seconds; null while none is known. */
    readonly lastTokenAt: number | null;
    /** Since the start, by authority, every configured one. */
    readonly failures: Readonly<Record<string, number>>;
  };
  /** Every configured witness: the size of the checkpoint that it cosigned last (0: none known), and, since the start, what it did not cosign. */
  readonly witnesses: readonly {
    readonly name: string;
    readonly size: number;
    /** Not reached, or not to be believed. */
    readonly failures: number;
    /** It has seen what the log does not follow from. */
    readonly refusals: number;
  }[];
  readonly collectors: readonly {
    readonly name: string;
    /** The plugin's. */
    readonly type: string;
    readonly runs: number;
    /** By CollectorError code, every code present. */
    readonly failures: Readonly<Record<string, number>>;
    readonly apiRequests: number;
    readonly apiThrottled: number;
    readonly lastDurationSeconds: number | null;
    /** When the last run ended, and the last that had no failure; null before the first. */
    readonly lastRunAt: number | null;
    readonly lastSuccessAt: number | null;
  }[];
}

export interface Readiness {
  /** Only when the configuration is loaded, the store can be written and the clock is not in doubt. No source makes the agent unready. */
  readonly ready: boolean;
  /** What is missing. */
  readonly reasons: readonly string[];
  /** All that hold, those that leave it ready too. */
  readonly conditions: readonly Condition[];
}

/** What the server asks of the engine. Everything but `readiness` is a projection of the log: `rebuild` gives the same answers. */
export interface AgentView {
  readonly build: { readonly version: string; readonly revision: string; readonly node: string };
  readiness(): Readiness;
  /** While it stays the same, so do the answers about controls, the list of checks, deviations and the SoA, to the byte. */
  revision(): number;
  controls(
    query: PageQuery & {
      status?: ControlStatus | undefined;
      theme?: string | undefined;
      owner?: string | undefined;
    },
  ): Promise<Page<ControlItem>>;
  /** What lies beyond the time for which the latest assessment speaks is unknown. */
  control(id: string, period?: Period): Promise<ControlDetail | undefined>;
  checks(query: PageQuery & CheckFilter & { outcome?: Outcome | undefined }): Promise<Page<CheckItem>>;
  check(name: string): Promise<CheckDetail | undefined>;
  deviations(
    query: PageQuery &
      CheckFilter &
      Within & { check?: string | undefined; state?: 'open' | 'closed' | undefined },
  ): Promise<Page<DeviationItem>>;
  collectors(query: PageQuery): Promise<Page<CollectorItem>>;
  /** Collects at once what the collector isn't collecting already; undefined: nothing of that name is collected here. Rejects with `store` while nothing can be stored. */
  collect(collector: string): Promise<readonly Demanded[] | undefined>;
  runs(query: PageQuery & Within & { collector?: string | undefined }): Promise<Page<RunItem>>;
  run(id: string): Promise<RunItem | undefined>;
  evidence(query: PageQuery & Within & { stream?: string | undefined }): Promise<Page<EvidenceItem>>;
  entry(index: number): Promise<EvidenceDetail | undefined>;
  exceptions(query: PageQuery): Promise<Page<ExceptionItem>>;
  attestations(query: PageQuery): Promise<Page<AttestationItem>>;
  attestation(name: string): Promise<AttestationDetail | undefined>;
  /**
   * Seals what somebody attests, and counts it from then on; the same content once more is what is there already. `by`: who was authenticated.
   * Rejects with `invalid` for a time that can't be, `conflict` for a name of the configuration, `store` while nothing can be stored.
   */
  attest(content: AttestationContent, by: string): Promise<AttestationItem>;
  /** Seals that one counts no more; undefined: none of that name was given. Rejects as `attest` does. */
  withdraw(name: string, reason: string, by: string): Promise<AttestationItem | undefined>;
  soa(): Promise<{
    readonly version: string | null;
    readonly approver: string | null;
    readonly items: readonly SoaItem[];
  }>;
  /** The sealed Scope manifest's spec, and the sources configured; null when none is declared. */
  scope(): Promise<{ readonly statement: unknown; readonly sources: readonly string[] } | null>;
  checkpoint(): Promise<{
    readonly origin: string;
    readonly size: number;
    readonly root: string;
    readonly note: string;
  }>;
  /** Undefined until the configuration is loaded: what is still being projected from the log would be told as what is. */
  metrics(): Promise<MetricsSnapshot | undefined>;
}
