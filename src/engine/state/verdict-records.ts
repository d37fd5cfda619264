import type { RecordVerdict } from '../../controls/contract.ts';
import type { EvidenceLog } from '../../evidence/contract.ts';
import { own } from '../own.ts';

/** The records that a verdict names, as far as they were not erased. */
export interface NamedRecords {
  readonly records: readonly RecordVerdict[];
  /** How many were erased; undefined: the whole body was. */
  readonly erased: number | undefined;
}

/** From a verdict's sealed body, as the assessment at an index refers to it; null: it names none. */
export async function verdictRecords(
  log: Pick<EvidenceLog, 'lines'>,
  body: string | null,
  index: number,
): Promise<NamedRecords> {
  if (body === null) return { records: [], erased: 0 };
  const lines = await log.lines(body, index);
  if (lines === undefined) return { records: [], erased: undefined };
  const records: RecordVerdict[] = [];
  let erased = 0;
  for await (const line of lines)
    if ('record' in line) records.push(own<RecordVerdict>(line.record));
    else erased += 1;
  return { records, erased };
}
