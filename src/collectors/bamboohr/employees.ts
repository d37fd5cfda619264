import { z } from 'zod';
import { CollectorError } from '../error.ts';
import { pages } from '../pages.ts';
import { read } from '../read.ts';
import type { Api } from './api.ts';

const operation = 'list-employees';

/** Fields that are asked for, beside the identifier and the status, which always come. */
const fields = ['workEmail', 'hireDate', 'departmentName', 'employmentStatusName', 'reportsToId'] as const;

const told = z.string().nullable();

const employee = z.object({
  employeeId: z.string().regex(/^\d+$/),
  status: z.enum(['Active', 'Inactive']).nullable(),
  workEmail: told,
  hireDate: told,
  departmentName: told,
  employmentStatusName: told,
  reportsToId: told,
  _restrictedFields: z.array(z.string()),
});

/** Somebody as List Employees tells of them. */
export interface Employee extends Omit<z.output<typeof employee>, '_restrictedFields' | 'status'> {
  readonly status: 'Active' | 'Inactive';
}

const page = z.object({
  data: z.array(z.unknown()),
  meta: z.object({
    total: z.int().min(0),
    page: z.object({ nextCursor: z.union([z.string(), z.int()]).nullable() }),
  }),
});

/**
 * Everybody whom the caller may see, whatever their status, each with a number from 1. Rejects with `incomplete` when the total that is stated
 * changes or differs from what came, and with `denied` when a field is withheld of anybody.
 */
export async function* employees(
  api: Api,
  pageSize: number,
): AsyncGenerator<readonly [Employee, number], void, undefined> {
  let total: number | undefined;
  let came = 0;
  const fetch = (cursor: string | undefined) => pageOf(api, pageSize, cursor);
  for await (const { data, meta } of pages(operation, fetch, ({ meta }) => cursorOf(meta.page.nextCursor))) {
    if (total !== undefined && meta.total !== total)
      throw new CollectorError(
        'incomplete',
        `${operation}: the total changed from ${total} to ${meta.total} between pages`,
      );
    total = meta.total;
    for (const item of data) yield [employeeOf(item, ++came), came];
  }
  if (came !== total)
    throw new CollectorError('incomplete', `${operation}: ${came} people came, and the total is ${total}`);
}

function cursorOf(next: string | number | null): string | undefined {
  return next === null ? undefined : String(next);
}

async function pageOf(api: Api, limit: number, cursor: string | undefined): Promise<z.output<typeof page>> {
  const query = {
    fields: fields.join(),
    'page[limit]': String(limit),
    ...(cursor !== undefined && { 'page[after]': cursor }),
  };
  return read(operation, 'the answer', page, await api.get(operation, 'employees', query));
}

function employeeOf(item: unknown, number: number): Employee {
  const place = `employee ${number} of the list`;
  const { _restrictedFields, status, ...rest } = read(operation, place, employee, item);
  const withheld = _restrictedFields.filter((field) => ['status', ...fields].includes(field));
  if (withheld.length > 0)
    throw new CollectorError('denied', `${operation}: ${place}: withheld: ${withheld.sort().join(', ')}`);
  if (status === null) throw new CollectorError('malformed', `${operation}: ${place}: has no status`);
  return { ...rest, status };
}

/** One employee, to see what is withheld. Undefined: there is nobody. */
export async function anEmployee(api: Api): Promise<Employee | undefined> {
  const { data } = await pageOf(api, 1, undefined);
  return data.length === 0 ? undefined : employeeOf(data[0], 1);
}
