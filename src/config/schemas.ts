import { z } from 'zod';
import { duration, manifest, manifestName, text } from '../controls/fields.ts';
import { access, tls } from './access.ts';
import { certificatesProblem } from './certificates.ts';
import { cadenceOf } from './schedule.ts';
import { witnessKeyProblem } from './witness-key.ts';

const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const hostname = new RegExp(`^(?=.{1,253}$)${label}(?:\\.${label})+$`);

const listen = z.string().refine((value) => {
  const port = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})$/.exec(value)?.[1];
  return port !== undefined && Number(port) <= 65_535;
}, 'expected host:port, such as 127.0.0.1:8080');

const logLevel = z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']);

const secretRef = z.union([z.strictObject({ env: text }), z.strictObject({ file: text })]);

/** A key that signs: its PEM, or where AWS KMS keeps it (a key id, an alias or an ARN). */
const signerRef = z.union([secretRef, z.strictObject({ kms: text, region: text.optional() })]);

const keys = z.strictObject({
  envelope: signerRef,
  checkpoint: signerRef,
  body: secretRef,
  /** Keys that are being replaced: with them the log proves that the new ones follow. */
  previous: z
    .strictObject({
      envelope: signerRef.optional(),
      checkpoint: signerRef.optional(),
      body: secretRef.optional(),
    })
    .optional(),
});

const objectStore = z.strictObject({
  s3: z.strictObject({
    bucket: text,
    /** Put before every key; ends with a slash unless it is empty. */
    prefix: z
      .string()
      .regex(/^([A-Za-z0-9._-]+\/)*$/, 'expected folders that each end with a slash, such as annexa/')
      .default(''),
    region: text.optional(),
    endpoint: z.url({ protocol: /^https?$/ }).optional(),
    forcePathStyle: z.boolean().default(false),
    /** Object Lock on what never changes. */
    retention: z
      .strictObject({ mode: z.enum(['COMPLIANCE', 'GOVERNANCE']), days: z.int().min(1).max(36_500) })
      .optional(),
  }),
});

const partyName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'expected a short name in lower case');
const webUrl = z.url({ protocol: /^https?$/ });

/** PEM certificates of CAs, their root among them. Whether a token leads up to it is found out when one is asked for. */
const certificates = text.superRefine((pem, issues) => {
  const problem = certificatesProblem(pem);
  if (problem !== undefined) issues.addIssue({ code: 'custom', message: problem });
});

const timestamps = z.strictObject({
  every: duration.default(3600),
  authorities: z
    .array(
      z.strictObject({
        name: partyName,
        url: webUrl,
        /** PEM certificates that its tokens must lead up to. */
        ca: certificates,
        timeout: duration.default(10),
      }),
    )
    .min(1)
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'expected each name once'),
});

/** https://c2sp.org/tlog-witness; `key` is the verifier key, `<name>+<key id>+<key>`. */
const witness = z.strictObject({
  name: partyName,
  url: webUrl,
  key: text.superRefine((key, issues) => {
    const problem = witnessKeyProblem(key);
    if (problem !== undefined) issues.addIssue({ code: 'custom', message: problem });
  }),
  timeout: duration.default(10),
});

const witnesses = z
  .array(witness)
  .default([])
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'expected each name once')
  .refine((all) => new Set(all.map(({ key }) => key)).size === all.length, 'expected each key once');

/** Bundles that are asked for over HTTP. */
const bundles = z.strictObject({
  /** From when one is asked for. */
  keep: duration.default(604_800),
  /** Megabytes that the making of one may take. */
  memory: z.int().min(128).max(65_536).default(512),
});

/** What the environment may set, by variable: each has the schema of the Agent's field. */
export const environment = {
  ANNEXA_DATA: { field: 'data', schema: text },
  ANNEXA_LISTEN: { field: 'listen', schema: listen },
  ANNEXA_LOG_LEVEL: { field: 'logLevel', schema: logLevel },
} as const;

export const agentManifest = manifest(
  'Agent',
  z.strictObject({
    organisation: text,
    /** A bare hostname: part of the log's origin. */
    domain: z.string().regex(hostname, 'expected a bare hostname in lower case, such as acme.example'),
    /** Relative to the working directory. */
    data: text.default('.annexa/data'),
    listen: listen.default('127.0.0.1:8080'),
    /** Absent: whoever reaches the port is let in, so it is on loopback alone. */
    access: access.optional(),
    /** Absent: plain HTTP. */
    tls: tls.optional(),
    logLevel: logLevel.default('info'),
    keys: keys.optional(),
    /** Absent: a directory below `data`. */
    store: objectStore.optional(),
    timestamps: timestamps.optional(),
    witnesses,
    concurrency: z.int().min(1).max(64).default(8),
    evaluateEvery: duration.default(900),
    commitWindow: duration.default(5),
    shutdownGrace: duration.default(30),
    bundles: bundles.prefault({}),
    /** Relative to the configuration's directory. */
    sample: z.strictObject({ estate: text }).optional(),
  }),
);

export const scopeManifest = manifest(
  'Scope',
  z.strictObject({
    statement: text,
    entities: z.array(text).min(1),
    sites: z.array(text),
    services: z.array(text),
    sources: z.array(z.strictObject({ collector: manifestName, scopes: z.array(text).min(1) })),
    exclusions: z.array(z.strictObject({ what: text, reason: text, approver: text })).default([]),
    /** Kinds of things that the organisation doesn't have: no configured dataset may feed them. */
    absent: z
      .array(z.strictObject({ kinds: z.array(text).min(1), reason: text, approver: text }))
      .default([]),
    owners: z
      .strictObject({
        identities: z.record(text, text).default({}),
        services: z.record(text, text).default({}),
        roles: z.record(text, text).default({}),
      })
      .default({ identities: {}, services: {}, roles: {} }),
  }),
);

const schedule = z
  .string()
  .refine(
    (value) => cadenceOf(value) !== undefined,
    'expected "every 4h", or a cron expression of five fields (UTC) that fires again and again',
  );

const dataset = z.strictObject({
  enabled: z.boolean().default(true),
  schedule: schedule.optional(),
  freshness: duration.optional(),
  minRecords: z.int().min(0).optional(),
  maxShrink: z.number().min(0).max(1).optional(),
  deadline: duration.optional(),
});

export const collectorManifest = manifest(
  'Collector',
  z.strictObject({
    plugin: text,
    /** Names of the datasets to collect; absent: all that the plugin has. */
    only: z.array(z.string()).min(1).optional(),
    /** By name; a dataset that is not listed runs with its defaults. */
    datasets: z.record(z.string(), dataset).default({}),
    /** The plugin's own schema judges them. */
    settings: z.record(z.string(), z.unknown()).default({}),
  }),
);

export type AgentManifest = z.output<typeof agentManifest>;
export type CollectorManifest = z.output<typeof collectorManifest>;
