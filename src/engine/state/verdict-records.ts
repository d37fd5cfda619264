import type { RecordVerdict } from '../../controls/contract.ts';
import type { EvidenceLog } from '../../evidence/contract.ts';
import { own } from '../own.ts';

/**
 * The failing and unknown records of a verdict, from its sealed body, as the assessment at an index refers to it; null: there were none.
 * Those that were erased are not among them.
 */
export async function verdictRecords(
  log: Pick<EvidenceLog, 'lines'>,
  body: string | null,
  index: number,
): Promise<RecordVerdict[]> {
  const records: RecordVerdict[] = [];
  if (body === null) return records;
  for await (const line of (await log.lines(body, index)) ?? [])
    if ('record' in line) records.push(own<RecordVerdict>(line.record));
  return records;
}
