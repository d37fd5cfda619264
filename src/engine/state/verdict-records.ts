import type { RecordVerdict } from '../../controls/contract.ts';
import type { EvidenceLog } from '../../evidence/contract.ts';
import { own } from '../own.ts';

/** The failing and unknown records of a verdict, from its sealed body; null: there were none. */
export async function verdictRecords(
  log: Pick<EvidenceLog, 'body'>,
  body: string | null,
): Promise<RecordVerdict[]> {
  const records: RecordVerdict[] = [];
  if (body === null) return records;
  for await (const record of log.body(body)) records.push(own<RecordVerdict>(record));
  return records;
}
