import { z } from 'zod';
import type { Absence } from '../../controls/absence.ts';
import { type Check, checkManifest } from '../../controls/check.ts';
import { soaManifest, type StatementOfApplicability } from '../../controls/soa.ts';
import type { Sealed } from '../../evidence/contract.ts';
import { type Declarations, declarationsOf, nothingDeclared } from '../../inventory/declared.ts';
import { AuditError } from '../error.ts';
import type { Evidence } from '../contract.ts';
import { parsed } from '../derive/bodies.ts';

export interface SealedDataset {
  readonly kinds: readonly string[];
  /** Seconds after which its evidence is stale. */
  readonly freshness: number;
}

/** What of a sealed configuration verdicts rest on. */
export interface SealedConfiguration {
  /** By name. */
  readonly checks: ReadonlyMap<string, Check>;
  /** What the Scope manifest declares. */
  readonly declared: Declarations;
  /** What it declares absent. */
  readonly absent: readonly Absence[];
  readonly soa: StatementOfApplicability | undefined;
  /** What is collected, by `<collector>/<dataset>`; undefined when this configuration's version didn't seal it. */
  readonly datasets: ReadonlyMap<string, SealedDataset> | undefined;
}

const people = z.record(z.string(), z.string()).default({});
const absences = z
  .array(z.object({ kinds: z.array(z.string()), reason: z.string(), approver: z.string() }))
  .default([]);
const scopeManifest = z.looseObject({
  spec: z.looseObject({
    sources: z.array(z.looseObject({ scopes: z.array(z.string()) })),
    owners: z
      .object({ identities: people, services: people, roles: people })
      .default({ ...nothingDeclared.owners, roles: {} }),
    absent: absences,
  }),
});
const document = z.looseObject({
  id: z.string(),
  kind: z.string(),
  manifest: z.record(z.string(), z.unknown()),
});
const dataset = z.looseObject({ id: z.string(), kinds: z.array(z.string()), freshness: z.number() });

/** The configuration that a `config` statement sealed. Throws AuditError `invalid` for one that isn't in the evidence or doesn't parse. */
export async function readConfiguration(evidence: Evidence, entry: Sealed): Promise<SealedConfiguration> {
  const checks = new Map<string, Check>();
  let declared = nothingDeclared;
  let absent: readonly Absence[] = [];
  let soa: StatementOfApplicability | undefined;
  for await (const record of records(evidence, entry, 'documents')) {
    const { id, kind, manifest } = parsed(document, record, where(entry, 'a document'));
    if (kind === 'Check') {
      const check = parsed(checkManifest, manifest, where(entry, id));
      checks.set(check.metadata.name, check);
    }
    if (kind === 'Scope') {
      const { spec } = parsed(scopeManifest, manifest, where(entry, id));
      declared = declarationsOf(spec);
      absent = spec.absent;
    }
    if (kind === 'StatementOfApplicability') soa = parsed(soaManifest, manifest, where(entry, id));
  }
  if (!entry.subjects.some(({ name }) => name === 'datasets'))
    return { checks, declared, absent, soa, datasets: undefined };
  const datasets = new Map<string, SealedDataset>();
  for await (const record of records(evidence, entry, 'datasets')) {
    const line = parsed(dataset, record, where(entry, 'a dataset'));
    datasets.set(line.id, line);
  }
  return { checks, declared, absent, soa, datasets };
}

/** The records of a subject's body. Throws AuditError `incomplete` when it is not in the evidence, or records of it were erased. */
export async function* records(
  evidence: Evidence,
  { index, subjects }: Pick<Sealed, 'index' | 'subjects'>,
  name: string,
): AsyncGenerator<Readonly<Record<string, unknown>> & { readonly id: string }> {
  const subject = subjects.find((item) => item.name === name);
  if (subject === undefined) throw new AuditError('invalid', `entry ${index} has no subject ${name}`);
  yield* recordsOf(evidence, subject.sha256, `${name} of entry ${index}`);
}

/** As records, of a body by its digest; `what` names it in errors. */
export async function* recordsOf(
  evidence: Evidence,
  sha256: string,
  what: string,
): AsyncGenerator<Readonly<Record<string, unknown>> & { readonly id: string }> {
  const lines = await evidence.lines(sha256);
  if (lines === undefined) throw new AuditError('incomplete', `${what}: the body ${sha256} is not here`);
  for await (const line of lines) {
    if ('erased' in line) throw new AuditError('incomplete', `${what}: a record was erased on request`);
    yield line.record;
  }
}

function where({ index }: Sealed, what: string): string {
  return `entry ${index}, ${what}`;
}
