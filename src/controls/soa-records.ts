import type { SourceRef } from '../inventory/kind.ts';
import type { SoaControlRecord } from '../inventory/kinds/soa-control.ts';
import type { StatementOfApplicability } from './soa.ts';

/** The kind of the Statement of Applicability's entries. */
export const SOA_KIND = 'soa_control';

/** What the sealed statement is among the sources. No collector can have the name: it isn't a manifest's. */
export const SOA_SOURCE: SourceRef = { collector: '_configuration', dataset: 'soa', scope: 'statement' };

/** The Statement of Applicability as records, in its own order. */
export function soaRecords({ spec }: StatementOfApplicability): readonly SoaControlRecord[] {
  return spec.controls.map((entry) => ({
    id: `configuration:${SOA_SOURCE.scope}:${entry.control}`,
    kind: SOA_KIND,
    source: 'configuration',
    scope: SOA_SOURCE.scope,
    control: entry.control,
    applicable: entry.applicable,
    implementation: entry.applicable ? entry.implementation : 'none',
    owner: entry.owner?.trim() ?? '',
    version: spec.version,
  }));
}
