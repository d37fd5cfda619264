import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { typed } from '../../../src/inventory/typed.ts';
import { type Answering, answering, type Asked, type Fault } from '../answering.ts';

type Schema = z.core.JSONSchema.JSONSchema;

interface Described {
  readonly operations: Readonly<Record<string, { readonly path: string; readonly response: string }>>;
  readonly schemas: Readonly<Record<string, Schema>>;
}

const { operations, schemas } = typed<Described>(
  JSON.parse(
    readFileSync(new URL('../../fixtures/bamboohr/description.json', import.meta.url), { encoding: 'utf8' }),
  ),
);

const forms = new Map(
  Object.entries(operations).map(([name, { response }]) => [
    name,
    z.fromJSONSchema({ ...schemas[response], $defs: { ...schemas } }),
  ]),
);

export interface StubEmployee {
  readonly employeeId: string;
  readonly status?: 'Active' | 'Inactive';
  readonly workEmail?: string | null;
  readonly hireDate?: string | null;
  readonly departmentName?: string | null;
  readonly employmentStatusName?: string | null;
  readonly reportsToId?: string | null;
  readonly _restrictedFields?: readonly string[];
}

/** Employee, day, value. The row's id is its place. */
export type StubRow = readonly [employee: string, date: string, value: string | null];

export interface Company {
  readonly employees: readonly StubEmployee[];
  readonly employmentStatus: readonly StubRow[];
  readonly jobInfo: readonly StubRow[];
}

export interface Bent {
  readonly fault?: ((operation: string, asked: Asked) => Fault | undefined) | undefined;
  /** Changes an answer after it was held against the description. */
  readonly bend?: ((operation: string, body: never, asked: Asked) => unknown) | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The operation, as BambooHR's description calls it. */
export function operationOf({ pathname }: URL): string {
  const found = Object.entries(operations).find(([, { path }]) =>
    new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`).test(pathname),
  );
  if (found === undefined) throw new Error(`no operation has the path ${pathname}`);
  return found[0];
}

/** BambooHR with one company. Every answer is held against the published description before it is bent. */
export function bamboo(company: Company, { fault, bend, headers = {} }: Bent = {}): Promise<Answering> {
  return answering(
    ({ url }) => {
      const operation = operationOf(url);
      const body = operation === 'list-employees' ? listed(company, url) : tabled(company, url);
      forms.get(operation)!.parse(body);
      return { body };
    },
    {
      fault: (asked) => fault?.(operationOf(asked.url), asked),
      bend: (body, asked) => (bend === undefined ? body : bend(operationOf(asked.url), body, asked)),
      headers,
    },
  );
}

function listed({ employees }: Company, { searchParams }: URL): unknown {
  const limit = Number(searchParams.get('page[limit]'));
  const from = Number(searchParams.get('page[after]') ?? 0);
  const to = from + limit;
  const fields = searchParams.get('fields')?.split(',') ?? [];
  return {
    data: employees.slice(from, to).map((employee) => employeeOf(employee, fields)),
    meta: {
      total: employees.length,
      page: { limit, nextCursor: to < employees.length ? String(to) : null, prevCursor: null },
    },
    _links: {},
  };
}

function employeeOf(employee: StubEmployee, fields: readonly string[]): unknown {
  const asked = Object.fromEntries(fields.map((field) => [field, null]));
  return {
    firstName: 'Secret',
    lastName: 'Name',
    preferredName: null,
    photoUrl: null,
    jobTitleName: null,
    status: 'Active',
    _restrictedFields: [],
    ...asked,
    ...employee,
  };
}

function tabled(company: Company, { pathname }: URL): unknown {
  const [employee, , table] = pathname.split('/').slice(-3);
  if (table !== 'employmentStatus' && table !== 'jobInfo') throw new Error(`no table ${table}`);
  const column = table === 'jobInfo' ? 'department' : table;
  return company[table]
    .map(([employeeId, date, value], index) => ({ id: String(index + 1), employeeId, date, [column]: value }))
    .filter(({ employeeId }) => employee === 'all' || employee === employeeId);
}
