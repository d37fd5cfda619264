import type { SecretRef } from '../collectors/contract.ts';
import type { Absence } from '../controls/absence.ts';
import type { Attestation } from '../controls/attestation.ts';
import type { Check } from '../controls/check.ts';
import type { Exception } from '../controls/exception.ts';
import type { StatementOfApplicability } from '../controls/soa.ts';

/** Who approved a change: an annotation of the document, or the Git commit when the directory is a checkout and the file is committed. */
export interface Approval {
  readonly by: string;
  /** Unix seconds. */
  readonly at: number;
  readonly evidence: 'annotation' | 'git';
  /** The commit's id, with `git`. */
  readonly commit?: string;
}

/** One document as sealed: the manifest without comments, secrets only named, defaults not filled in. */
export interface ConfigDocument {
  /** `<kind>/<name>` */
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  /** Path relative to the directory; `builtin` for the product's own checks. */
  readonly file: string;
  readonly manifest: Readonly<Record<string, unknown>>;
  /** Null: approval not evidenced. */
  readonly approval: Approval | null;
}

/** A key that signs: PEM, or a key of AWS KMS by its id, alias or ARN. */
export type SignerRef = SecretRef | { readonly kms: string; readonly region?: string | undefined };

export interface KeySpec {
  readonly envelope: SignerRef;
  readonly checkpoint: SignerRef;
  readonly body: SecretRef;
  /** Those that are being replaced. */
  readonly previous?:
    | {
        readonly envelope?: SignerRef | undefined;
        readonly checkpoint?: SignerRef | undefined;
        readonly body?: SecretRef | undefined;
      }
    | undefined;
}

/** An S3-compatible store of the evidence. */
export interface S3Spec {
  readonly bucket: string;
  /** Empty, or folders that end with a slash. */
  readonly prefix: string;
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly forcePathStyle: boolean;
  readonly retention?: { readonly mode: 'COMPLIANCE' | 'GOVERNANCE'; readonly days: number } | undefined;
}

/** An RFC 3161 time stamping authority. */
export interface AuthoritySpec {
  readonly name: string;
  readonly url: string;
  /** PEM certificates that its tokens must lead up to. */
  readonly ca: string;
  /** Seconds. */
  readonly timeout: number;
}

/** A C2SP tlog-witness. */
export interface WitnessSpec {
  readonly name: string;
  readonly url: string;
  /** Verifier key: `<name>+<key id>+<key>`. */
  readonly key: string;
  /** Seconds. */
  readonly timeout: number;
}

export type AccessRole = 'viewer' | 'auditor' | 'isms' | 'operator';

/** A token that the agent itself knows: only its digest. */
export interface AccessToken {
  readonly name: string;
  /** Hex. */
  readonly sha256: string;
  readonly roles: readonly AccessRole[];
  /** Unix seconds. */
  readonly expires: number;
}

/** An OpenID Connect provider whose access tokens (JWT) are taken. */
export interface OidcSpec {
  readonly issuer: string;
  readonly audience: string;
  /** The claim that names the caller. */
  readonly subject: string;
  /** `claim`: a claim, or its path with dots; `map`: which roles each of its values gives. */
  readonly roles: {
    readonly claim: string;
    readonly map: Readonly<Record<string, readonly AccessRole[]>>;
  };
}

/** Callers are reviewed by a cluster, which also says what they may do. */
export interface KubernetesAccessSpec {
  readonly audiences?: readonly string[] | undefined;
  /** Absent: as the service account of the agent's own pod. */
  readonly kubeconfig?: SecretRef | undefined;
}

export interface AccessSpec {
  readonly tokens: readonly AccessToken[];
  readonly oidc?: OidcSpec | undefined;
  readonly kubernetes?: KubernetesAccessSpec | undefined;
}

/** PEM files. */
export interface TlsSpec {
  readonly certificate: string;
  readonly key: string;
}

export interface AgentSpec {
  /** Organisation's name, shown in reports. */
  readonly organisation: string;
  /** A bare hostname: the second part of the log's origin. */
  readonly domain: string;
  /** Directory of the embedded stores. ANNEXA_DATA wins. */
  readonly data: string;
  /** `127.0.0.1:8080` unless set. ANNEXA_LISTEN wins. Port 0: any free one. */
  readonly listen: string;
  /** Absent: everybody who reaches the port, which is then on loopback. */
  readonly access?: AccessSpec | undefined;
  /** Absent: plain HTTP. Absolute paths. */
  readonly tls?: TlsSpec | undefined;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Absent: made in the data directory. */
  readonly keys?: KeySpec | undefined;
  /** Absent: a directory below `data`. What is local to the writer (lock, high-water mark) stays there in any case. */
  readonly store?: { readonly s3: S3Spec } | undefined;
  /** Absent: no checkpoint is timestamped, and all times are the agent's own. `every` in seconds. */
  readonly timestamps?:
    | { readonly every: number; readonly authorities: readonly AuthoritySpec[] }
    | undefined;
  readonly witnesses: readonly WitnessSpec[];
  /** How many datasets are collected side by side. */
  readonly concurrency: number;
  /** Seconds between full evaluations. */
  readonly evaluateEvery: number;
  /** Seconds that commits wait to be batched. */
  readonly commitWindow: number;
  /** Seconds that a stop may take. */
  readonly shutdownGrace: number;
  /** That are asked for over HTTP. `keep` in seconds; `memory`, in megabytes, for the making of one. */
  readonly bundles: { readonly keep: number; readonly memory: number };
  /** Present: everything sealed is marked as a sample; the estate's recordings (a directory) are replayed on loopback. */
  readonly sample?: { readonly estate: string };
}

export interface DatasetConfig {
  readonly dataset: string;
  /** `every: 4h` spelled `every 4h`, or a cron expression (UTC). */
  readonly schedule: string;
  /** Seconds: the longest gap between two firings. */
  readonly cadence: number;
  /** Seconds: older evidence is stale. */
  readonly freshness: number;
  readonly minRecords: number;
  readonly maxShrink: number;
  /** Seconds after which a collection is given up. */
  readonly deadline: number;
}

export interface CollectorConfig {
  readonly name: string;
  /** The plugin's folder name. */
  readonly type: string;
  /** Validated by the plugin's own schema. */
  readonly settings: unknown;
  readonly datasets: readonly DatasetConfig[];
}

/** Clause 4.3. */
export interface ScopeSpec {
  readonly statement: string;
  readonly entities: readonly string[];
  readonly sites: readonly string[];
  readonly services: readonly string[];
  /** Sources in scope, by collector: native scope ids. */
  readonly sources: readonly { readonly collector: string; readonly scopes: readonly string[] }[];
  readonly exclusions: readonly {
    readonly what: string;
    readonly reason: string;
    readonly approver: string;
  }[];
  /** Kinds of things that the organisation doesn't have, and that nothing configured feeds (docs/adr/0024). */
  readonly absent: readonly Absence[];
  /**
   * Record ids of people by identity: who uses an account that no address leads to (`identities`), who answers for one that serves no
   * person (`services`). An identity is named by its record id, by a login of any source, or by `<source>:<login>`.
   */
  readonly owners: {
    readonly identities: Readonly<Record<string, string>>;
    readonly services: Readonly<Record<string, string>>;
    /** Who fills the role that the Statement of Applicability names as an owner. */
    readonly roles: Readonly<Record<string, string>>;
  };
}

/** Everything in force, frozen. */
export interface Config {
  readonly directory: string;
  readonly agent: AgentSpec;
  readonly scope: ScopeSpec | undefined;
  readonly collectors: readonly CollectorConfig[];
  /** The product's own and the user's. */
  readonly checks: readonly Check[];
  readonly soa: StatementOfApplicability | undefined;
  readonly exceptions: readonly Exception[];
  readonly attestations: readonly Attestation[];
  readonly documents: readonly ConfigDocument[];
}
