import { describe, expect, test } from 'vitest';
import { bamboohr } from '../../../src/collectors/bamboohr/index.ts';
import { acme, AS_OF, at, collect, NOW } from './harness.ts';
import { operationOf } from './stub.ts';

const id = (employee: string) => `bamboohr:acme:${employee}`;
const shared = { source: 'bamboohr', scope: 'acme' };

describe('a company', () => {
  test('becomes people, departures and moves, with the history that the register keeps', async () => {
    const { records, told } = await collect(acme);
    expect(Object.fromEntries(records.map((record) => [record.id, record]))).toEqual({
      [id('1')]: {
        ...shared,
        id: id('1'),
        kind: 'person',
        email: 'ann@acme.example',
        logins: [],
        status: 'active',
        start_at: at('2020-01-01T00:00:00Z'),
        type: null,
        manager: '',
        department: 'Engineering',
      },
      [`${id('1')}#transfer-${at('2026-11-01T00:00:00Z')}`]: {
        ...shared,
        id: `${id('1')}#transfer-${at('2026-11-01T00:00:00Z')}`,
        kind: 'transfer',
        person: id('1'),
        at: at('2026-11-01T00:00:00Z'),
        at_known: true,
        recorded_at: AS_OF,
        from_department: 'Support',
        to_department: 'Engineering',
      },
      [id('2')]: expect.objectContaining({ status: 'left', start_at: at('2019-05-01T00:00:00Z') }),
      [`${id('2')}#departure`]: {
        ...shared,
        id: `${id('2')}#departure`,
        kind: 'departure',
        person: id('2'),
        at: at('2026-10-31T23:59:59Z'),
        at_known: true,
        recorded_at: AS_OF,
        returned: false,
      },
      [id('3')]: expect.objectContaining({ status: 'active', manager: id('1'), type: null }),
      [`${id('3')}#departure`]: expect.objectContaining({
        at: at('2025-12-31T23:59:59Z'),
        at_known: true,
        returned: true,
      }),
      [id('4')]: expect.objectContaining({ status: 'future', type: 'contractor', email: '' }),
      [`${id('4')}#departure`]: expect.objectContaining({
        at: at('2027-06-30T23:59:59Z'),
        returned: false,
      }),
    });
    expect(told.asOf).toBe(AS_OF);
    expect(told.caller).toBe('company:acme');
    expect(told.endpoint?.vendor).toBe(false);
    expect(told.notes.get('listed')).toBe(4);
    expect(JSON.stringify(records)).not.toMatch(/Secret|sesame/);
  });

  test('is asked for by GET alone, with the key as the user of basic authentication', async () => {
    const { asked, authorizations, told } = await collect(acme, { settings: { pageSize: 2 } });
    const fields = 'fields=workEmail,hireDate,departmentName,employmentStatusName,reportsToId';
    expect(asked).toEqual([
      '/api/v1/employees/all/tables/employmentStatus',
      '/api/v1/employees/all/tables/jobInfo',
      `/api/v1/employees?${fields}&page[limit]=2`,
      `/api/v1/employees?${fields}&page[limit]=2&page[after]=2`,
    ]);
    expect(new Set(authorizations)).toEqual(new Set([`Basic ${Buffer.from('sesame:x').toString('base64')}`]));
    const operations = new Set(asked.map((path) => operationOf(new URL(path, 'http://stub'))));
    expect([...operations].sort()).toEqual(bamboohr.datasets.flatMap((spec) => spec.operations).sort());
    expect(told.calls.map((call) => call.operation)).toEqual([
      'get-employee-table-data',
      'get-employee-table-data',
      'list-employees',
      'list-employees',
    ]);
  });

  test('may be asked with an OAuth token', async () => {
    const { authorizations } = await collect(acme, {
      settings: { apiKey: undefined, token: { env: 'KEY' } },
    });
    expect(authorizations[0]).toBe('Bearer sesame');
  });

  test('gives the same bytes again as long as nothing changed', async () => {
    const first = await collect(acme);
    const previous = { asOf: AS_OF, records: first.records };
    const later = { date: 'Fri, 20 Nov 2026 11:59:59 GMT' };
    const again = await collect(acme, { previous, headers: later });
    expect(JSON.stringify(again.records)).toBe(JSON.stringify(first.records));
  });

  test('types are what the settings say of the last status that is not Terminated', async () => {
    const types = { 'Part-Time': 'employee', Contractor: 'other' };
    const { records } = await collect(acme, { settings: { types } });
    const typeOf = (employee: string) => records.find((record) => record.id === id(employee));
    expect(typeOf('2')).toMatchObject({ type: 'employee' });
    expect(typeOf('4')).toMatchObject({ type: 'other' });
    expect(typeOf('1')).toMatchObject({ type: null });
  });

  test('moves older than transferDays are not told', async () => {
    const { records } = await collect(acme, { settings: { transferDays: 10 } });
    expect(records.filter(({ kind }) => kind === 'transfer')).toEqual([]);
  });

  test('somebody who was deleted has vanished', async () => {
    const { records } = await collect(acme);
    const company = {
      ...acme,
      employees: acme.employees.slice(1),
      employmentStatus: acme.employmentStatus.slice(1),
      jobInfo: acme.jobInfo.slice(2),
    };
    const after = await collect(company, { previous: { asOf: AS_OF, records } });
    expect(after.records.find((record) => record.id === id('1'))).toMatchObject({ status: 'vanished' });
    expect(after.told.notes.get('listed')).toBe(3);
  });
});

describe('departures', () => {
  const of = async (status: 'Active' | 'Inactive', ...rows: readonly (readonly [string, string])[]) => {
    const { records } = await collect({
      employees: [{ employeeId: '9', status, hireDate: '2020-01-01' }],
      employmentStatus: rows.map(([date, value]) => ['9', date, value]),
      jobInfo: [['9', '2020-01-01', 'Sales']],
    });
    return records
      .filter(({ kind }) => kind === 'departure')
      .map((record) => ({
        at: Reflect.get(record, 'at'),
        known: Reflect.get(record, 'at_known'),
        returned: Reflect.get(record, 'returned'),
      }));
  };
  const end = (day: string) => at(`${day}T23:59:59Z`);

  test.each([
    ['none while they work', 'Active', [['2020-01-01', 'Full-Time']], []],
    [
      'a last day to come',
      'Active',
      [
        ['2020-01-01', 'Full-Time'],
        ['2026-12-31', 'Terminated'],
      ],
      [{ at: end('2026-12-31'), known: true, returned: false }],
    ],
    [
      'the first of several rows that end the same work',
      'Inactive',
      [
        ['2020-01-01', 'Full-Time'],
        ['2026-10-31', 'Terminated'],
        ['2026-11-05', 'Terminated'],
      ],
      [{ at: end('2026-10-31'), known: true, returned: false }],
    ],
    [
      'twice, with a return between',
      'Inactive',
      [
        ['2020-01-01', 'A'],
        ['2022-01-31', 'Terminated'],
        ['2023-01-01', 'A'],
        ['2026-01-31', 'Terminated'],
      ],
      [
        { at: end('2022-01-31'), known: true, returned: true },
        { at: end('2026-01-31'), known: true, returned: false },
      ],
    ],
    [
      'not returned from before the day has come',
      'Inactive',
      [
        ['2020-01-01', 'A'],
        ['2026-10-31', 'Terminated'],
        ['2027-01-01', 'A'],
      ],
      [{ at: end('2026-10-31'), known: true, returned: false }],
    ],
    [
      'not returned from by a row after it, when the list says Inactive',
      'Inactive',
      [
        ['2020-01-01', 'A'],
        ['2026-10-31', 'Terminated'],
        ['2026-11-01', 'Alumni'],
      ],
      [{ at: end('2026-10-31'), known: true, returned: false }],
    ],
    [
      'on a day not known, when the list says Inactive and the table says nothing',
      'Inactive',
      [['2020-01-01', 'Full-Time']],
      [{ at: AS_OF, known: false, returned: false }],
    ],
    [
      'although the list says Active, when the table says Terminated',
      'Active',
      [
        ['2020-01-01', 'A'],
        ['2026-10-31', 'Terminated'],
      ],
      [{ at: end('2026-10-31'), known: true, returned: false }],
    ],
  ] as const)('%s', async (_, status, rows, expected) => {
    expect(await of(status, ...rows)).toEqual(expected);
  });
});

describe('the as-of time', () => {
  test('may be ahead of our clock by five minutes, not more', async () => {
    await expect(collect(acme, { now: AS_OF - 300 })).resolves.toMatchObject({ told: { asOf: AS_OF } });
    await expect(collect(acme, { now: AS_OF - 301 })).rejects.toMatchObject({ code: 'as-of' });
  });

  test('is that of the first answer, and may not be missing', async () => {
    await expect(collect(acme, { headers: { date: 'yesterday' } })).rejects.toMatchObject({ code: 'as-of' });
  });

  test('may not be before the last snapshot', async () => {
    const previous = { asOf: NOW, records: [] };
    await expect(collect(acme, { previous })).rejects.toMatchObject({ code: 'as-of' });
  });
});
