import { describe, expect, test } from 'vitest';
import { type Fault, faults } from '../answering.ts';
import { acme, collect } from './harness.ts';

type Body = Record<string, unknown>;

/** What it is called, its operation, and what its address has in it. */
type Request = readonly [name: string, operation: string, part: string];

/** Both tables, and both pages of the list. */
const requests: readonly Request[] = [
  ['the statuses', 'get-employee-table-data', '/employmentStatus'],
  ['the jobs', 'get-employee-table-data', '/jobInfo'],
  ['the first page', 'list-employees', '/employees?'],
  ['the second page', 'list-employees', 'after'],
];

const settings = { pageSize: 2, attempts: 2 };

function at([, operation, part]: Request, fault: Fault) {
  return (asked: string, { url }: { readonly url: URL }): Fault | undefined =>
    asked === operation && decodeURIComponent(url.href).includes(part) ? fault : undefined;
}

describe.each(requests)('%s', (...request) => {
  test.concurrent.each(faults)('%s ends in %s', async (_, fault, code) => {
    const failure = collect(acme, { settings, fault: at(request, fault) });
    await expect(failure).rejects.toMatchObject({ name: 'CollectorError', code });
  });

  test.concurrent('503 with Retry-After asks to slow down', async () => {
    const fault = at(request, { status: 503, headers: { 'retry-after': '0' } });
    await expect(collect(acme, { settings, fault })).rejects.toMatchObject({ code: 'throttled' });
  });

  test.concurrent('is asked again when it was throttled, and each attempt is counted', async () => {
    const wanted = at(request, { status: 429, headers: { 'retry-after': '0' } });
    let spent = false;
    const { told, records } = await collect(acme, {
      settings,
      fault: (operation, asked) => {
        const fault = spent ? undefined : wanted(operation, asked);
        spent ||= fault !== undefined;
        return fault;
      },
    });
    expect(records.length).toBeGreaterThan(4);
    expect(told.calls).toHaveLength(5);
    expect(told.calls.filter(({ throttled }) => throttled)).toMatchObject([{ operation: request[1] }]);
  });

  test.concurrent('the signal ends a wait at once, with its reason', async () => {
    const stop = new AbortController();
    const reason = new Error('stopped');
    const failure = collect(acme, {
      settings,
      signal: stop.signal,
      fault: at(request, { status: 429, headers: { 'retry-after': '60' } }),
      watch: ({ calls }) => {
        const look = () =>
          calls.some(({ throttled }) => throttled) ? stop.abort(reason) : setImmediate(look);
        look();
      },
    });
    await expect(failure).rejects.toBe(reason);
  });
});

test.concurrent.each<[string, string, (body: never) => unknown, string]>([
  [
    'no total',
    'list-employees',
    (body: Body) => ({ ...body, meta: { page: { nextCursor: null } } }),
    'malformed',
  ],
  ['no cursor', 'list-employees', (body: Body) => ({ ...body, meta: { total: 4, page: {} } }), 'malformed'],
  ['no list', 'list-employees', (body: Body) => ({ ...body, data: undefined }), 'malformed'],
  ['a list for a table', 'list-employees', () => [], 'malformed'],
  [
    'a page without its cursor',
    'list-employees',
    (body: Body) => ({ ...body, meta: { total: 4, page: { nextCursor: null } } }),
    'incomplete',
  ],
  [
    'the same cursor twice',
    'list-employees',
    (body: Body) => ({ ...body, data: [], meta: { total: 4, page: { nextCursor: '2' } } }),
    'incomplete',
  ],
  [
    'a total that is larger than what came',
    'list-employees',
    (body: { meta: object }) => ({ ...body, meta: { ...body.meta, total: 5 } }),
    'incomplete',
  ],
  ['an empty table', 'get-employee-table-data', () => [], 'incomplete'],
  [
    'rows of somebody who is not listed',
    'get-employee-table-data',
    (rows: readonly Body[]) => [...rows, { ...rows[0], employeeId: '77' }],
    'incomplete',
  ],
  [
    'a day that the calendar has not',
    'get-employee-table-data',
    (rows: readonly Body[]) => [{ ...rows[0], date: '2026-02-30' }],
    'malformed',
  ],
  ...['date', 'employmentStatus', 'department'].map(
    (column) =>
      [
        `a table without ${column}`,
        'get-employee-table-data',
        (rows: readonly Body[]) =>
          rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => name !== column))),
        'denied',
      ] satisfies [string, string, (body: never) => unknown, string],
  ),
])('%s', async (_, wanted, bend, code) => {
  const failure = collect(acme, {
    settings,
    bend: (operation, body) => (operation === wanted ? bend(body) : body),
  });
  await expect(failure).rejects.toMatchObject({ name: 'CollectorError', code });
});

test.concurrent('a total that changes between pages is incomplete', async () => {
  const failure = collect(acme, {
    settings,
    bend: (_operation, body: { meta: object }, { number }) =>
      number === 3 ? { ...body, meta: { ...body.meta, total: 5 } } : body,
  });
  await expect(failure).rejects.toMatchObject({ code: 'incomplete' });
});

describe('somebody', () => {
  const one = (fields: object) => ({
    ...acme,
    employees: acme.employees.map((employee) =>
      employee.employeeId === '3' ? { ...employee, ...fields } : employee,
    ),
  });

  test.concurrent.each([
    [{ _restrictedFields: ['workEmail'], workEmail: null }, 'denied', 'withheld: workEmail'],
    [{ _restrictedFields: ['status'] }, 'denied', 'withheld: status'],
    [{ status: null }, 'malformed', 'has no status'],
    [{ status: 'Dormant' }, 'malformed', 'status'],
    [{ employeeId: 'x' }, 'malformed', 'employeeId'],
    [{ employeeId: '1' }, 'malformed', 'an id that nobody before has'],
    [{ workEmail: 'cleo' }, 'malformed', 'workEmail: expected one e-mail address'],
    [{ hireDate: '06/01/2026' }, 'malformed', 'hireDate: expected a date'],
    [{ workEmail: undefined }, 'malformed', 'workEmail'],
  ])('with %o is %s', async (fields, code, message) => {
    const failure = await collect(one(fields)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'CollectorError', code });
    expect(String(failure)).toContain(message);
    expect(String(failure)).not.toMatch(/cleo|06\/01/);
  });

  test.concurrent('may have fields withheld that are not asked for, and no hire date', async () => {
    const { records } = await collect(one({ _restrictedFields: ['photoUrl'], hireDate: '0000-00-00' }));
    expect(records.find(({ id }) => id === 'bamboohr:acme:3')).toMatchObject({ start_at: null });
  });
});

test.concurrent('answers larger than maxBytes are refused', async () => {
  await expect(collect(acme, { settings: { maxBytes: 100 } })).rejects.toMatchObject({ code: 'malformed' });
});
