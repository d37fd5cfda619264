import type { z } from 'zod';
import type { CollectorPlugin } from '../collectors/contract.ts';
import { attestationManifest } from '../controls/attestation.ts';
import { checkManifest } from '../controls/check.ts';
import { exceptionManifest } from '../controls/exception.ts';
import { apiVersion } from '../controls/fields.ts';
import { soaManifest } from '../controls/soa.ts';
import { suggest } from './closest.ts';
import { readCollector } from './collector.ts';
import type { CollectorConfig } from './contract.ts';
import { describe, isMapping, type RawDocument } from './documents.ts';
import { explain, type Fault, secretExpected } from './explain.ts';
import { agentManifest, collectorManifest, scopeManifest } from './schemas.ts';
import { danglingReferences, type Names } from './references.ts';
import { findSecrets } from './secrets.ts';

const schemas = {
  Agent: agentManifest,
  Scope: scopeManifest,
  Collector: collectorManifest,
  Check: checkManifest,
  StatementOfApplicability: soaManifest,
  Exception: exceptionManifest,
  Attestation: attestationManifest,
} as const;

const kindNames = Object.keys(schemas);

type Manifest = z.output<(typeof schemas)[keyof typeof schemas]>;

/** What one document became: the parsed manifest unless it is wrong, and what is wrong with it. */
export interface ManifestResult {
  readonly manifest: Manifest | undefined;
  /** Of a Collector that its plugin accepts. */
  readonly collector: CollectorConfig | undefined;
  readonly faults: readonly Fault[];
}

/** Everything wrong with one document by itself, and what it names that isn't there. */
export function readManifest(
  value: Readonly<Record<string, unknown>>,
  names: Names,
  plugins: readonly CollectorPlugin<unknown>[],
): ManifestResult {
  const { kind } = value;
  const faults: Fault[] = [];
  if (value['apiVersion'] !== apiVersion) {
    faults.push({ path: ['apiVersion'], found: describe(value['apiVersion']), expected: apiVersion });
  }
  if (!isKind(kind)) {
    const expected = suggest(typeof kind === 'string' ? kind : '', kindNames, 'a kind that exists');
    faults.push({ path: ['kind'], found: describe(kind), expected });
    return { manifest: undefined, collector: undefined, faults };
  }
  const schema = schemas[kind];
  const result = schema.safeParse(value, { jitless: true });
  if (!result.success) {
    faults.push(...explain(schema, value, result.error));
  }
  faults.push(...danglingReferences(value, names));
  const collector = kind === 'Collector' ? readCollector(value, plugins) : undefined;
  faults.push(...(collector?.faults ?? []));
  return { manifest: result.data, collector: collector?.config, faults: firstOfEach(faults) };
}

function isKind(kind: unknown): kind is keyof typeof schemas {
  return typeof kind === 'string' && Object.hasOwn(schemas, kind);
}

/** One fault a field: what the schema says comes first. */
function firstOfEach(faults: readonly Fault[]): readonly Fault[] {
  const seen = new Set<string>();
  return faults.filter(({ path }) => {
    const key = JSON.stringify(path);
    return !seen.has(key) && seen.add(key);
  });
}

/** Strings that look like secrets, wherever they stand. */
export function secretFaults(value: Readonly<Record<string, unknown>>): readonly Fault[] {
  return [...findSecrets(value)].map(({ path, what }) => ({
    path,
    found: `what looks like ${what} (not shown)`,
    expected: secretExpected,
  }));
}

/** `metadata.name`; empty when there is none. */
export function nameOf(raw: RawDocument): string {
  const metadata = raw.value['metadata'];
  return isMapping(metadata) && typeof metadata['name'] === 'string' ? metadata['name'] : '';
}

/** The names that references may point at. */
export function namesOf(documents: readonly RawDocument[]): Names {
  const of = (kind: string) => documents.filter((raw) => raw.value['kind'] === kind).map(nameOf);
  return { checks: of('Check'), collectors: of('Collector') };
}
