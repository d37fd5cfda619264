import { z } from 'zod';
import type { Json, JsonObject, PredicateName, Subject } from './contract.ts';
import { EvidenceError } from './error.ts';
import { jcs, parseJcs } from './jcs.ts';

/** Bytes. */
const MAX_STATEMENT_BYTES = 16_384;
const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
/** The version of the store's format, sealed in the genesis. */
export const STORE_FORMAT = 1;

const count = z.int().nonnegative();
const instant = z.int();
const digest = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits');
const line = z.string().regex(/^[^\p{Cc}\p{Cs}]+$/u, 'expected text without control characters');
const name = line.max(256);
const base64 = z.base64().min(1);
/** What reaches a schema was read or written as canonical JSON: its members are JSON. */
const json = z.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'expected an object',
);
const records = z.strictObject({ count, root: digest });
const sha256Of = z.record(z.string().min(1), digest);

/** What every predicate has. */
const common = {
  log: z.string().regex(/^[0-9a-f]{32}\.[a-z0-9.-]+$/),
  stream: line.max(512),
  seq: count,
  runId: line.max(128),
  startedAt: instant,
  finishedAt: instant,
  sealedAt: instant,
  config: digest.nullable(),
  anchor: z.strictObject({ size: count, root: digest, tokens: z.array(digest) }),
  agent: z.strictObject({ version: name, build: name }),
  sample: z.boolean(),
};

/** Each predicate's own fields. */
const own = {
  genesis: {
    format: z.literal(STORE_FORMAT),
    logId: z.string().regex(/^[0-9a-f]{32}$/),
    /** SPKI, DER in base64. */
    keys: z.strictObject({ envelope: base64, checkpoint: base64 }),
    /** RFC 3161 authorities (`ca`: the digest of their PEM, see tsaPath) and C2SP witnesses that the log began with. */
    authorities: z.array(z.strictObject({ name, url: line.max(2048), ca: digest })),
    witnesses: z.array(z.strictObject({ name, key: line.max(512) })),
    predecessor: z.null(),
  },
  snapshot: {
    collector: name,
    dataset: name,
    scope: name,
    asOf: instant,
    /** The digest of each kind's schema, by name. */
    kinds: sha256Of,
    records,
    provenance: json,
    outcome: z.literal('complete'),
  },
  run: {
    collector: name,
    type: name,
    outcome: z.enum(['ok', 'failed']),
    datasets: count,
    failed: count,
    apiCalls: count,
    throttled: count,
  },
  assessment: {
    now: instant,
    /** All checks, not only those whose tables changed. */
    full: z.boolean(),
    checks: count,
    /** How many checks came to each outcome. */
    outcomes: z.record(name, count),
    sqlite: name,
    node: name,
    inputs: records,
    verdicts: records,
  },
  config: {
    before: digest.nullable(),
    after: digest,
    documents: records,
  },
  /** One that was given through the API, or its withdrawal: who, what and when are in the body alone. `replaces`: the entry whose place it takes. */
  attestation: {
    act: z.enum(['given', 'withdrawn']),
    aspects: z.array(name).min(1),
    replaces: count.nullable(),
    records,
  },
  /** A line a request that was answered: who asked, for what, when. */
  access: { records },
  erasure: {
    by: name,
    reason: line.max(1024),
    legalBasis: line.max(1024),
    at: instant,
    erased: records,
  },
} as const;

const handover = { from: digest, to: digest };
const rotation = {
  envelope: { use: z.literal('envelope'), step: z.literal('replace'), ...handover, key: base64 },
  checkpoint: { use: z.literal('checkpoint'), step: z.enum(['begin', 'end']), ...handover, key: base64 },
  body: { use: z.literal('body'), step: z.enum(['replace', 'destroy']), ...handover, key: z.null() },
} as const;
const rotationSchema = z.discriminatedUnion('use', [
  z.strictObject(rotation.envelope),
  z.strictObject(rotation.checkpoint),
  z.strictObject(rotation.body),
]);

const genesisSchema = z.strictObject(own.genesis);
type Shared = z.infer<z.ZodObject<typeof common>>;
/** Of whole predicates: their own fields and the common ones. */
const predicateSchemas: { readonly [name in PredicateName]: z.ZodType<Shared> } = {
  genesis: z.strictObject({ ...own.genesis, ...common }),
  snapshot: z.strictObject({ ...own.snapshot, ...common }),
  run: z.strictObject({ ...own.run, ...common }),
  assessment: z.strictObject({ ...own.assessment, ...common }),
  config: z.strictObject({ ...own.config, ...common }),
  rotation: z.discriminatedUnion('use', [
    z.strictObject({ ...rotation.envelope, ...common }),
    z.strictObject({ ...rotation.checkpoint, ...common }),
    z.strictObject({ ...rotation.body, ...common }),
  ]),
  attestation: z.strictObject({ ...own.attestation, ...common }),
  access: z.strictObject({ ...own.access, ...common }),
  erasure: z.strictObject({ ...own.erasure, ...common }),
};

const subjectSchema = z.strictObject({ name, digest: z.strictObject({ sha256: digest }) });
const predicateNames: readonly PredicateName[] = [
  'genesis',
  'snapshot',
  'run',
  'assessment',
  'config',
  'attestation',
  'access',
  'rotation',
  'erasure',
];
const names: ReadonlyMap<string, PredicateName> = new Map(
  predicateNames.map((known) => [predicateType(known), known]),
);
const statementSchema = z.strictObject({
  _type: z.literal(STATEMENT_TYPE),
  subject: z.array(subjectSchema).min(1),
  predicateType: z.string(),
  predicate: json,
});

export interface Common {
  /** Origin of the log. */
  readonly log: string;
  readonly stream: string;
  /** 0 for the first of its stream. */
  readonly seq: number;
  readonly runId: string;
  /** Unix seconds, like `finishedAt` and `sealedAt`. */
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly sealedAt: number;
  readonly config: string | null;
  /** An earlier checkpoint (size 0 and the empty root in the genesis), hex, with the SHA-256 of its tokens. */
  readonly anchor: { readonly size: number; readonly root: string; readonly tokens: readonly string[] };
  readonly agent: { readonly version: string; readonly build: string };
  readonly sample: boolean;
}

export interface Statement extends Common {
  readonly predicate: PredicateName;
  readonly subjects: readonly Subject[];
  /** The predicate's own fields. */
  readonly fields: JsonObject;
}

export type GenesisFields = z.infer<typeof genesisSchema>;
/** `from` and `to`: fingerprints; `key`: SPKI of the new one, DER in base64. See docs/adr/0016. */
export type RotationFields = z.infer<typeof rotationSchema>;

function predicateType(predicate: PredicateName): string {
  return `https://annexa.dev/${predicate}/v1`;
}

/** The key in the store of what a subject names: an object of the store itself (`keys/...`, `log/...`), else a body. */
export function subjectKey({ name, sha256 }: Subject): string {
  return /^((keys|tsa)\/[0-9a-f]{64}\.pem|log\/checkpoints\/\d+)$/.test(name) ? name : bodyKey(sha256);
}

/** Where the store keeps an authority's certificates: `sha256` (hex) is of their PEM. */
export function tsaPath(sha256: string): string {
  return `tsa/${sha256}.pem`;
}

/** Where the store keeps the body with this digest. */
export function bodyKey(sha256: string): string {
  return `content/${sha256}.zst`;
}

/** The in-toto Statement v1, as JCS. Throws `invalid`, naming stream and field, when it may not be sealed. */
export function encodeStatement({ predicate, subjects, fields, ...shared }: Statement): Uint8Array {
  const where = `statement ${shared.stream}`;
  const clash = Object.keys(fields).find((field) => field in common);
  if (clash !== undefined)
    throw new EvidenceError('invalid', `${where}: ${clash}: the log writes this field`);
  const statement = {
    _type: STATEMENT_TYPE,
    subject: subjects.map(({ name, sha256 }) => ({ name, digest: { sha256 } })),
    predicateType: predicateType(predicate),
    predicate: { ...shared, ...fields },
  };
  const bytes = Buffer.from(jcs(statement, where));
  if (bytes.length > MAX_STATEMENT_BYTES) {
    throw new EvidenceError(
      'invalid',
      `${where}: ${bytes.length} bytes, at most ${MAX_STATEMENT_BYTES} expected`,
    );
  }
  parseParts(statement, 'invalid', where);
  return bytes;
}

/** Parses strictly what encodeStatement wrote. Throws `corrupt`, beginning with `where`. */
export function parseStatement(bytes: Uint8Array, where: string): Statement {
  if (bytes.length > MAX_STATEMENT_BYTES) {
    throw new EvidenceError('corrupt', `${where}: a statement of ${bytes.length} bytes`);
  }
  return parseParts(parseJcs(bytes, where), 'corrupt', where);
}

/** The own fields of a genesis. Throws `corrupt` for another statement. */
export function genesisFields(statement: Statement): GenesisFields {
  if (statement.predicate !== 'genesis') throw new EvidenceError('corrupt', 'entry 0 is not a genesis');
  return checked(genesisSchema, statement.fields, 'corrupt', 'genesis');
}

/** The own fields of a rotation. Throws `corrupt` for another statement. */
export function rotationFields(statement: Pick<Statement, 'predicate' | 'fields'>): RotationFields {
  if (statement.predicate !== 'rotation') throw new EvidenceError('corrupt', 'not a rotation');
  return checked(rotationSchema, statement.fields, 'corrupt', 'rotation');
}

/** Throws `invalid` for what is no rotation. */
export function parseRotation(fields: unknown): RotationFields {
  return checked(rotationSchema, fields, 'invalid', 'rotation');
}

function parseParts(value: unknown, code: 'invalid' | 'corrupt', where: string): Statement {
  const { subject, predicateType: type, predicate } = checked(statementSchema, value, code, where);
  const name = names.get(type);
  if (name === undefined) {
    throw new EvidenceError(code, `${where}: predicateType: this version knows no ${type}`);
  }
  const shared: Common = checked(predicateSchemas[name], predicate, code, `${where}: predicate`);
  return {
    log: shared.log,
    stream: shared.stream,
    seq: shared.seq,
    runId: shared.runId,
    startedAt: shared.startedAt,
    finishedAt: shared.finishedAt,
    sealedAt: shared.sealedAt,
    config: shared.config,
    anchor: shared.anchor,
    agent: shared.agent,
    sample: shared.sample,
    predicate: name,
    subjects: subject.map((one) => ({ name: one.name, sha256: one.digest.sha256 })),
    fields: ownFields(predicate),
  };
}

/** What a predicate has beside the common fields. */
function ownFields(predicate: JsonObject): JsonObject {
  const fields: Record<string, Json> = {};
  for (const [field, value] of Object.entries(predicate)) {
    if (!(field in common) && value !== undefined) fields[field] = value;
  }
  return fields;
}

function checked<T>(schema: z.ZodType<T>, value: unknown, code: 'invalid' | 'corrupt', where: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path.join('.') ?? '';
  throw new EvidenceError(code, `${where}${path === '' ? '' : `: ${path}`}: ${issue?.message}`);
}
