import canonicalize from 'canonicalize';
import { z } from 'zod';
import { type Attestation, attestationManifest } from '../../controls/attestation.ts';
import { type Check, checkManifest } from '../../controls/check.ts';
import { exceptionManifest, type SealedException } from '../../controls/exception.ts';
import { DEFAULT_EVALUATE_EVERY, evaluateEvery, PATIENCE } from '../../controls/period.ts';
import { soaManifest, type StatementOfApplicability } from '../../controls/soa.ts';
import type { Sealed } from '../../evidence/contract.ts';
import { compareUtf8 } from '../../inventory/utf8.ts';
import type { Evidence } from '../contract.ts';
import { digestOf, parsed, readBody } from './bodies.ts';

const documentLine = z.looseObject({
  id: z.string(),
  kind: z.string(),
  name: z.string(),
  file: z.string(),
  manifest: z.record(z.string(), z.unknown()),
});

const datasetLine = z.object({
  id: z.string(),
  collector: z.string(),
  plugin: z.string(),
  dataset: z.string(),
  kinds: z.array(z.string()),
  schedule: z.string(),
  cadence: z.number().positive(),
  freshness: z.number(),
  minRecords: z.number(),
  maxShrink: z.number(),
});

const texts = z.array(z.string()).default([]);
const people = z.record(z.string(), z.string()).default({});

const scopeManifest = z.looseObject({
  spec: z.looseObject({
    statement: z.string().default(''),
    entities: texts,
    sites: texts,
    services: texts,
    sources: z.array(z.looseObject({ collector: z.string(), scopes: texts })).default([]),
    exclusions: z
      .array(
        z.looseObject({
          what: z.string(),
          reason: z.string().default(''),
          approver: z.string().default(''),
        }),
      )
      .default([]),
    absent: z.array(z.looseObject({ kinds: texts, reason: z.string(), approver: z.string() })).default([]),
    owners: z
      .looseObject({ identities: people, services: people, roles: people })
      .default({ identities: {}, services: {}, roles: {} }),
  }),
});

const agentManifest = z.looseObject({ spec: z.looseObject({ organisation: z.string().default('') }) });

export type ScopeStatement = z.output<typeof scopeManifest>['spec'];
export type DatasetLine = z.output<typeof datasetLine>;

interface Document extends z.output<typeof documentLine> {
  /** JCS of the manifest. */
  readonly text: string;
  /** When its present wording was first sealed, Unix seconds; of one sealed before the range: at the latest. */
  readonly sealedAt: number;
  readonly beforeRange: boolean;
}

/** A configuration, from its sealing on. */
export interface SealedConfig {
  readonly entry: Sealed;
  /** SHA-256 of the body of its documents, hex. */
  readonly digest: string;
  /** By id. */
  readonly documents: ReadonlyMap<string, Document>;
  /** Documents that were erased: those of the configuration before stand in for them. */
  readonly erased: number | 'all';
  readonly checks: ReadonlyMap<string, Check>;
  readonly soa: StatementOfApplicability | undefined;
  readonly exceptions: readonly SealedException[];
  readonly attestations: readonly Attestation[];
  readonly scope: ScopeStatement | undefined;
  readonly organisation: string;
  /** For how many seconds an assessment speaks. */
  readonly patience: number;
  /** What is collected and how often; undefined when the agent's version didn't seal it. */
  readonly datasets: readonly DatasetLine[] | undefined;
}

/** Reads what a `config` statement sealed; `before` is the configuration that it followed, as far as that is known. */
export async function readConfig(
  evidence: Evidence,
  entry: Sealed,
  before: SealedConfig | undefined,
): Promise<SealedConfig> {
  const body = await readBody(evidence, entry, 'documents', documentLine);
  const documents = new Map<string, Document>();
  for (const line of body.records) {
    const text = canonicalize(line.manifest) ?? '';
    const old = before?.documents.get(line.id);
    const beforeRange = entry.index < evidence.range.first;
    const since =
      old?.text === text
        ? { sealedAt: old.sealedAt, beforeRange: old.beforeRange }
        : { sealedAt: entry.sealedAt, beforeRange };
    documents.set(line.id, { ...line, text, ...since });
  }
  if (body.missing || body.erased.length > 0) {
    for (const [id, document] of before?.documents ?? []) if (!documents.has(id)) documents.set(id, document);
  }
  const datasets = digestOf(entry, 'datasets');
  const listed = await readBody(evidence, entry, 'datasets', datasetLine);
  return {
    entry,
    digest: digestOf(entry, 'documents') ?? '',
    erased: body.missing ? 'all' : body.erased.length,
    datasets: datasets === undefined || listed.missing ? undefined : listed.records,
    ...understood(entry, documents),
  };
}

function understood(entry: Sealed, found: ReadonlyMap<string, Document>) {
  const documents = new Map([...found].toSorted(([one], [other]) => compareUtf8(one, other)));
  const of = (kind: string) => [...documents.values()].filter((document) => document.kind === kind);
  const read = <T>(schema: z.ZodType<T>, { id, manifest }: Document) =>
    parsed(schema, manifest, `entry ${entry.index}, ${id}`);
  const soa = of('StatementOfApplicability').at(0);
  const scope = of('Scope').at(0);
  const agent = of('Agent').at(0);
  return {
    documents,
    checks: new Map(of('Check').map((document) => [document.name, read(checkManifest, document)])),
    soa: soa && read(soaManifest, soa),
    exceptions: of('Exception').map((document) => ({
      exception: read(exceptionManifest, document),
      sealedAt: document.sealedAt,
    })),
    attestations: of('Attestation').map((document) => read(attestationManifest, document)),
    scope: scope && read(scopeManifest, scope).spec,
    organisation: agent ? read(agentManifest, agent).spec.organisation : '',
    patience: PATIENCE * (agent ? read(evaluateEvery, agent) : DEFAULT_EVALUATE_EVERY),
  };
}
