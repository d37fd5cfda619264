import { z } from 'zod';
import { CollectorError } from '../error.ts';
import { read } from '../read.ts';
import type { Api } from './api.ts';

const operation = 'get-employee-table-data';

export type Table = 'employmentStatus' | 'jobInfo';

/** What is told from some day on, until the next row. */
export interface Row {
  /** `YYYY-MM-DD` */
  readonly date: string;
  /** The row's own, in the order of writing. */
  readonly id: number;
  readonly value: string;
}

/** Rows by employee, the earliest first. */
export type Tables = ReadonlyMap<string, readonly Row[]>;

const columns = { employmentStatus: 'employmentStatus', jobInfo: 'department' } as const;

const number = z.union([z.string().regex(/^\d+$/), z.int().min(0)]).transform(String);
const shared = { id: number, employeeId: number, date: z.iso.date() };

/** The one column that is used, as `value`. */
const rows = {
  employmentStatus: z
    .object({ ...shared, employmentStatus: z.string().min(1) })
    .transform(({ employmentStatus, ...row }) => ({ ...row, value: employmentStatus })),
  jobInfo: z
    .object({ ...shared, department: z.string().nullable() })
    .transform(({ department, ...row }) => ({ ...row, value: department ?? '' })),
} as const;

/** A table of everybody whom the caller may see, or of one employee: all rows at once. A column that is left out is withheld. */
export async function tableOf(api: Api, table: Table, employee = 'all'): Promise<Tables> {
  const answer = await api.get(operation, `employees/${employee}/tables/${table}`);
  const items = read(operation, table, z.array(z.looseObject({})), answer);
  const found = new Map<string, Row[]>();
  for (const [index, item] of items.entries()) {
    const place = `${table}: row ${index + 1}`;
    for (const name of ['date', columns[table]])
      if (!(name in item)) throw new CollectorError('denied', `${operation}: ${place}: withheld: ${name}`);
    const { id, employeeId, date, value } = read(operation, place, rows[table], item);
    const list = found.get(employeeId) ?? [];
    list.push({ date, id: Number(id), value: value.trim() });
    found.set(employeeId, list);
  }
  for (const list of found.values())
    list.sort((one, other) => (one.date === other.date ? one.id - other.id : one.date < other.date ? -1 : 1));
  return found;
}
