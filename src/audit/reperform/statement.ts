import canonicalize from 'canonicalize';
import type { SourceState } from '../../controls/contract.ts';
import { SOA_KIND, SOA_SOURCE, soaRecords } from '../../controls/soa-records.ts';
import { type SourceRef, sourceKey } from '../../inventory/kind.ts';
import type { Evidence } from '../contract.ts';
import type { SealedConfiguration } from './configuration.ts';

/** Whether the source is the sealed Statement of Applicability. */
function isStatement(source: SourceRef): boolean {
  return sourceKey(source) === sourceKey(SOA_SOURCE);
}

/**
 * What is wrong with how an assessment took up the Statement of Applicability of its configuration: passed over though a check reads it, or other
 * records than the configuration's. Undefined: nothing, or its records are not here.
 */
export async function statementDoubt(
  evidence: Evidence,
  sources: readonly SourceState[],
  { soa, checks }: Pick<SealedConfiguration, 'soa' | 'checks'>,
): Promise<string | undefined> {
  const source = sources.find(isStatement);
  const isRead = [...checks.values()].some(({ spec }) => spec.kind === SOA_KIND);
  if (source === undefined)
    return soa !== undefined && isRead ? 'sealed with the configuration, and read by checks' : undefined;
  if (soa === undefined) return 'the configuration has no Statement of Applicability';
  if (source.body === null) return undefined;
  const lines = await evidence.lines(source.body);
  if (lines === undefined) return undefined;
  const wanted = new Map(soaRecords(soa).map((record) => [record.id, new Map(Object.entries(record))]));
  for await (const line of lines) {
    if ('erased' in line) return undefined;
    const { id } = line.record;
    // A kind gains fields: what an earlier version sealed has fewer.
    const same = Object.entries(line.record).every(
      ([field, value]) => canonicalize(value) === canonicalize(wanted.get(id)?.get(field)),
    );
    if (!same) return `${id} is not as the configuration has it`;
    wanted.delete(id);
  }
  const [lacking] = wanted.keys();
  return lacking === undefined ? undefined : `${lacking} is not there`;
}
