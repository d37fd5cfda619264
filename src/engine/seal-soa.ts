import { randomUUID } from 'node:crypto';
import type { StatementOfApplicability } from '../controls/soa.ts';
import { SOA_KIND, SOA_SOURCE, soaRecords } from '../controls/soa-records.ts';
import { sourceKey } from '../inventory/kind.ts';
import { kinds } from '../inventory/kinds.ts';
import { appendOne } from './run.ts';
import { CLOCK_TOLERANCE } from './sources.ts';
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
  const held = stores.snapshot(collector, dataset, scope);
  // One that was sealed while the clock stood too late would count as stale until that time has come.
  if (held?.body === body.sha256 && held.asOf !== null && held.asOf <= now + CLOCK_TOLERANCE) return;
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
