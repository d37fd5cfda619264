import { randomUUID } from 'node:crypto';
import type { StatementOfApplicability } from '../controls/soa.ts';
import { SOA_KIND, SOA_SOURCE, soaRecords } from '../controls/soa-records.ts';
import { sourceKey } from '../inventory/kind.ts';
import { kinds } from '../inventory/kinds.ts';
import { appendOne } from './run.ts';
import type { Stores } from './stores.ts';

/**
 * Seals the Statement of Applicability in force as a snapshot, unless the inventory holds the same: what checks read of it is evidence like any
 * other (docs/adr/0025). `config`: digest of the configuration that it is part of. Its as-of time is the moment of sealing.
 */
export async function sealSoa(
  soa: StatementOfApplicability | undefined,
  config: string,
  stores: Stores,
  now: number,
): Promise<void> {
  if (soa === undefined) return;
  const { log } = stores;
  const { collector, dataset, scope } = SOA_SOURCE;
  const body = await log.storeBody(soaRecords(soa));
  if (stores.snapshot(collector, dataset, scope)?.body === body.sha256) return;
  await appendOne(log, {
    predicate: 'snapshot',
    stream: `snapshot/${sourceKey(SOA_SOURCE)}`,
    runId: randomUUID(),
    startedAt: now,
    finishedAt: now,
    config,
    subjects: [{ name: 'records', sha256: body.sha256 }],
    fields: {
      collector,
      dataset,
      scope,
      asOf: now,
      kinds: { [SOA_KIND]: kinds.get(SOA_KIND)?.digest ?? '' },
      records: body.records,
      provenance: { caller: null, endpoint: null, operations: {}, notes: { config } },
      outcome: 'complete',
    },
  });
  await stores.sync();
}
