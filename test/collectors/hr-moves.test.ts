import { describe, expect, test } from 'vitest';
import { hrConfig } from '../../src/collectors/hr/config.ts';
import type { InventoryRecord } from '../../src/inventory/kind.ts';
import { at, type Collected, collectText, mapping } from './hr-harness.ts';

const columns = { ...mapping.columns, type: 'type', manager: 'boss', department: 'unit' };
const types = { permanent: 'employee', freelance: 'contractor', temp: 'other' };
const header = 'id,email,logins,status,start,last,type,boss,unit';

/** Exports of successive days, each collected with the snapshot that the one before gave. */
async function history(
  exports: readonly (readonly [day: string, ...rows: string[]])[],
  settings: object = {},
): Promise<Collected> {
  let last: Collected | undefined;
  for (const [day, ...rows] of exports) {
    last = await collectText(`${[header, ...rows].join('\n')}\n`, {
      settings: { columns, types, asOf: { declared: day }, ...settings },
      previous: last && { asOf: last.asOf ?? 0, records: last.records },
    });
  }
  if (last === undefined) throw new Error('no exports');
  return last;
}

const noon = (day: string) => at(`${day}T00:00:00Z`);
const end = (day: string) => at(`${day}T23:59:59Z`);
const bob = '2,,,employed,,,,,';

function of(kind: string, { records }: Collected): readonly InventoryRecord[] {
  return records.filter((record) => record.kind === kind);
}

test('a row tells how somebody is engaged, by whom they are led, and where', async () => {
  const { people } = await history([
    ['2026-11-19', '1,,,employed,,,freelance,7,Sales', '3,,,employed,,,temp,,', bob],
  ]);
  expect(people.get('hr:acme:1')).toMatchObject({
    type: 'contractor',
    manager: 'hr:acme:7',
    department: 'Sales',
  });
  expect(people.get('hr:acme:3')).toMatchObject({ type: 'other', manager: '', department: '' });
  expect(people.get('hr:acme:2')).toMatchObject({ type: null });
});

test.each([
  [
    '1,,,employed,,,weird,,',
    'row 2, column type: expected one of the configured types: permanent, freelance, temp',
  ],
  ['1,,,employed,,,,a b,', 'row 2, column boss: expected an id'],
])('%s is malformed', async (row, message) => {
  await expect(history([['2026-11-19', row]])).rejects.toMatchObject({
    code: 'malformed',
    message: expect.stringContaining(message),
  });
});

test('a department may have been cut at the end of a file, and so may a type', async () => {
  const settings = { columns, types };
  await expect(collectText(`${header}\n${bob}`, { settings })).rejects.toMatchObject({ code: 'incomplete' });
  const byType = {
    columns: { personId: 'id', workEmail: 'mail', type: 'type' },
    types: { a: 'other', ab: 'employee' },
  };
  const cut = (text: string) =>
    collectText(`id,mail,type\n1,,${text}`, { settings: { ...byType, statuses: undefined } });
  await expect(cut('a')).rejects.toMatchObject({ code: 'incomplete' });
  await expect(cut('')).rejects.toMatchObject({ code: 'incomplete' });
  await expect(cut('ab')).resolves.toBeDefined();
});

describe('a move', () => {
  const ann = (unit: string) => `1,,,employed,,,,,${unit}`;

  test('is put at the last export that had the other department, and kept', async () => {
    const once = await history([
      ['2026-11-01', ann('Sales')],
      ['2026-11-03', ann('Sales')],
      ['2026-11-05', ann('Support')],
    ]);
    const expected = {
      id: `hr:acme:1#transfer-${noon('2026-11-03')}`,
      kind: 'transfer',
      source: 'hr',
      scope: 'acme',
      person: 'hr:acme:1',
      at: noon('2026-11-03'),
      at_known: false,
      recorded_at: noon('2026-11-05'),
      from_department: 'Sales',
      to_department: 'Support',
    };
    expect(of('transfer', once)).toEqual([expected]);
    const later = await history([
      ['2026-11-03', ann('Sales')],
      ['2026-11-05', ann('Support')],
      ['2026-11-06', ann('Support')],
      ['2026-11-07', bob],
      ['2026-11-08', ann('Support')],
    ]);
    expect(of('transfer', later)).toEqual([expected]);
  });

  test('is forgotten after transferDays', async () => {
    const exports = [
      ['2026-10-01', ann('Sales')],
      ['2026-10-02', ann('Support')],
      ['2026-11-01', ann('Support')],
    ] as const;
    expect(of('transfer', await history(exports, { transferDays: 32 }))).toHaveLength(1);
    expect(of('transfer', await history(exports, { transferDays: 31 }))).toHaveLength(0);
  });

  test('is none where a department comes or goes', async () => {
    const collected = await history([
      ['2026-11-01', ann('')],
      ['2026-11-02', ann('Sales')],
      ['2026-11-03', ann('')],
    ]);
    expect(of('transfer', collected)).toEqual([]);
  });

  test('within one as-of time is one, or none when it leads back', async () => {
    const there = [
      ['2026-11-01', ann('Sales')],
      ['2026-11-02', ann('Support')],
    ] as const;
    const again = await history([
      ['2026-11-01', ann('Sales')],
      ['2026-11-01', ann('Support')],
      ['2026-11-01', ann('IT')],
    ]);
    expect(of('transfer', again)).toMatchObject([{ from_department: 'Sales', to_department: 'IT' }]);
    const back = await history([...there, ['2026-11-02', ann('IT')], ['2026-11-02', ann('Support')]]);
    expect(of('transfer', back)).toMatchObject([{ from_department: 'Sales', to_department: 'Support' }]);
  });
});

describe('somebody who comes back', () => {
  const ann = (status: string, start: string, last: string) => `1,,,${status},${start},${last},,,`;
  const left: readonly [string, ...string[]] = ['2026-11-06', ann('gone', '2020-01-01', '2026-11-05'), bob];
  const returned = {
    id: 'hr:acme:1#departure',
    at: end('2026-11-05'),
    at_known: true,
    recorded_at: noon('2026-11-06'),
    returned: true,
  };

  test('keeps the departure, as one that they returned from', async () => {
    const back = await history([left, ['2026-11-12', ann('employed', '2026-11-10', ''), bob]]);
    expect(of('departure', back)).toMatchObject([returned]);
    expect(back.people.get('hr:acme:1')?.status).toBe('active');
    const later = await history([
      left,
      ['2026-11-12', ann('employed', '2026-11-10', ''), bob],
      ['2026-11-13', ann('employed', '2026-11-10', ''), bob],
    ]);
    expect(of('departure', later)).toEqual(of('departure', back));
  });

  test('has not come back before the day of the start', async () => {
    const waiting = await history([left, ['2026-11-08', ann('hired', '2026-11-10', '2026-11-05'), bob]]);
    expect(of('departure', waiting)).toMatchObject([{ ...returned, returned: false }]);
  });

  test('has not come back as long as the register says that they left', async () => {
    const wrong = await history([left, ['2026-11-12', ann('gone', '2026-11-10', '2026-11-05'), bob]]);
    expect(of('departure', wrong)).toMatchObject([{ ...returned, returned: false }]);
  });

  test('may leave again: that is another departure', async () => {
    const again = await history([
      left,
      ['2026-11-12', ann('employed', '2026-11-10', ''), bob],
      ['2026-11-15', ann('employed', '2026-11-10', '2026-11-18'), bob],
      ['2026-11-19', bob],
    ]);
    // The last day that was told of had not come when they were no longer listed.
    const second = { id: 'hr:acme:1#departure-2', at: noon('2026-11-15'), at_known: false, returned: false };
    expect(of('departure', again)).toMatchObject([returned, second]);
    expect(again.people.get('hr:acme:1')?.status).toBe('vanished');
  });

  test('may have the last day of before still in the register', async () => {
    const stale = await history([['2026-11-12', ann('employed', '2026-11-10', '2026-11-05'), bob]]);
    expect(of('departure', stale)).toMatchObject([{ ...returned, recorded_at: noon('2026-11-12') }]);
    const dates = { columns: { ...columns, status: undefined }, statuses: undefined };
    const implied = await history([['2026-11-12', ann('', '2026-11-10', '2026-11-05')]], dates);
    expect(implied.people.get('hr:acme:1')?.status).toBe('active');
  });

  test('with the start of before was never gone', async () => {
    const corrected = await history([left, ['2026-11-12', ann('employed', '2020-01-01', ''), bob]]);
    expect(of('departure', corrected)).toEqual([]);
  });

  test('after they vanished, with a later start, had left on a day not known', async () => {
    const back = await history([
      ['2026-11-01', ann('employed', '2020-01-01', ''), bob],
      ['2026-11-03', bob],
      ['2026-11-12', ann('employed', '2026-11-10', ''), bob],
    ]);
    expect(of('departure', back)).toMatchObject([
      { at: noon('2026-11-01'), at_known: false, returned: true },
    ]);
  });
});

test.each([
  [{ types: undefined }, 'types'],
  [{ columns: mapping.columns }, 'types'],
  [{ format: 'xml' }, 'format'],
  [{ format: 'json' }, ''],
  [{ transferDays: 0 }, 'transferDays'],
])('settings with %o are refused', (settings, path) => {
  const given = { ...mapping, columns, types, file: 'people.csv', ...settings };
  const { error } = hrConfig.safeParse(
    Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  );
  expect(error?.issues.map((issue) => issue.path.join('.'))).toContain(path);
});

test.each([
  [{ pages: { number: 'page' } }, 'total'],
  [{ url: undefined, file: 'people.json', pages: { next: '/next' } }, 'pages'],
  [{ url: undefined, file: 'people.json', asOf: { header: 'date' } }, 'asOf'],
  [{ items: 'people' }, 'items'],
  [{ fields: { personId: '/id', workEmail: 'email' } }, 'fields.workEmail'],
  [{ asOf: { column: 'made' } }, 'asOf'],
  [{ fields: { personId: '/id', workEmail: '/email', status: '/state' } }, 'statuses'],
])('JSON settings with %o are refused', (settings, path) => {
  const base = { format: 'json', scope: 'acme', url: 'https://hr.example/people', items: '/people' };
  const fields = { personId: '/id', workEmail: '/email' };
  const given = { ...base, fields, ...settings };
  const { error } = hrConfig.safeParse(
    Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  );
  expect(error?.issues.map((issue) => issue.path.join('.'))).toContain(path);
});
