import { describe, expect, test } from 'vitest';
import { at, collect, collectRows, columns, fieldsOf, training } from './harness.ts';

const day = (text: string, time = '00:00:00Z'): number => at(`${text}T${time}`);

describe('a row of a CSV becomes a record', () => {
  test('with an id of the columns that tell it apart, and its fields by their mapping', async () => {
    const { records, told } = await collectRows([
      'lea@acme.example,awareness/1,2026-02-03,2027-02-03,free text',
    ]);
    expect(records).toEqual([
      {
        id: 'register:acme:training/lea@acme.example/awareness%2F1',
        kind: 'training_record',
        source: 'register',
        scope: 'acme',
        person: 'lea@acme.example',
        course: 'awareness/1',
        completed_at: day('2026-02-03'),
        valid_until: day('2027-02-03', '23:59:59Z'),
      },
    ]);
    expect(told.asOf).toBe(day('2026-11-20'));
    expect(Object.fromEntries(told.notes)).toMatchObject({ rows: 1, asOf: 'declared' });
    expect(told.endpoint).toEqual({ url: 'file:', vendor: true });
  });

  test('the same bytes become the same records and the same digest', async () => {
    const rows = ['b@acme.example,x,2026-01-01,,', 'a@acme.example,x,2026-01-01,,'];
    const [first, second] = [await collectRows(rows), await collectRows(rows)];
    expect(first.records).toEqual(second.records);
    expect(first.told.notes).toEqual(second.told.notes);
  });

  test('an empty cell is null where the register may be unable to say', async () => {
    const { records } = await collectRows(['lea@acme.example,x,,,']);
    expect(fieldsOf(records[0])).toMatchObject({ completed_at: null, valid_until: null });
  });

  test('a field that no column tells is null, or what the constants say', async () => {
    const { records } = await collectRows(['lea@acme.example,x,2026-01-01,,'], {
      columns: { person: 'Employee', completed_at: 'Completed' },
      constants: { course: 'awareness' },
    });
    expect(fieldsOf(records[0])).toEqual({
      person: 'lea@acme.example',
      course: 'awareness',
      completed_at: day('2026-01-01'),
      valid_until: null,
    });
  });

  test('rows without any value are none', async () => {
    const { records } = await collectRows([',,,,', 'lea@acme.example,x,,,', ' , ,,,']);
    expect(records).toHaveLength(1);
  });
});

describe('dates', () => {
  const completed = async (text: string, section: object = {}, settings: object = {}) => {
    const outcome = await collectRows([`lea@acme.example,x,"${text}",,`], section, { settings });
    return fieldsOf(outcome.records[0])['completed_at'];
  };

  test.each([
    ['2026-03-29', {}, '2026-03-29T00:00:00Z'],
    ['29/03/2026', { dateFormat: 'DD/MM/YYYY' }, '2026-03-29T00:00:00Z'],
    ['2026-03-29', { timeZone: 'Europe/Berlin' }, '2026-03-29T00:00:00+01:00'],
    ['2026-03-29', { timeZone: 'Asia/Kathmandu' }, '2026-03-29T00:00:00+05:45'],
    ['2026-07-01 14:30', { timeZone: 'Europe/Berlin' }, '2026-07-01T14:30:00+02:00'],
    ['2026-07-01T14:30:15', { timeZone: 'Europe/Berlin' }, '2026-07-01T14:30:15+02:00'],
    ['01.07.2026 14:30', { dateFormat: 'DD.MM.YYYY' }, '2026-07-01T14:30:00Z'],
    ['2026-07-01T14:30:00-05:00', { timeZone: 'Europe/Berlin' }, '2026-07-01T14:30:00-05:00'],
    // The clock is put back at 03:00: 02:30 comes twice, and the first is meant.
    ['2026-10-25 02:30', { timeZone: 'Europe/Berlin' }, '2026-10-25T02:30:00+02:00'],
  ])('%s with %j is %s', async (text, settings, expected) => {
    expect(await completed(text, {}, settings)).toBe(at(expected));
  });

  test.each([
    ['2026-02-30', {}],
    ['29/03/2026', {}],
    ['2026-03-29', { dateFormat: 'DD/MM/YYYY' }],
    ['26-03-29', {}],
    ['2026-03-29 24:00', {}],
    ['2026-03-29 7:30', {}],
    ['20260329', {}],
    ['1774742400', {}],
    ['yes', {}],
    // The clock is put forward from 02:00 to 03:00.
    ['2026-03-29 02:30', { timeZone: 'Europe/Berlin' }],
  ])('%s with %j is refused', async (text, settings) => {
    await expect(completed(text, {}, settings)).rejects.toMatchObject({
      code: 'malformed',
      message: expect.stringMatching(/^row 2, column Completed: expected a date like /),
    });
  });

  test('a register may have a time zone and a format of its own', async () => {
    const section = { dateFormat: 'DD.MM.YYYY', timeZone: 'Europe/Berlin' };
    expect(await completed('01.07.2026', section)).toBe(at('2026-07-01T00:00:00+02:00'));
  });

  test('a mapping may mean the other end of the day', async () => {
    const mapped = { columns: { ...columns, completed_at: { column: 'Completed', day: 'end' } } };
    expect(await completed('2026-07-01', mapped)).toBe(at('2026-07-01T23:59:59Z'));
  });

  test('what took place may be of the day of the register, not later', async () => {
    expect(await completed('2026-11-20')).toBe(day('2026-11-20'));
    expect(await completed('2026-11-20 15:00')).toBe(day('2026-11-20', '15:00:00Z'));
    await expect(completed('2026-11-21')).rejects.toMatchObject({
      code: 'malformed',
      message: "row 2, column Completed: expected a time that isn't after the register's own",
    });
  });

  test('a word may stand for no date', async () => {
    const mapped = {
      columns: { ...columns, completed_at: { column: 'Completed', values: { 'n/a': null } } },
    };
    expect(await completed('n/a', mapped)).toBeNull();
  });
});

/** One row of another register, with one column mapped as told. */
async function one(dataset: string, section: string, rest: object, row: string): Promise<unknown> {
  const settings = { [section]: { file: 'r.csv', asOf: { declared: '2026-11-20' }, id: 'Id', ...rest } };
  const { records } = await collect({ dataset, settings, files: { 'r.csv': `Id,A,B,End\n${row}\n` } });
  return fieldsOf(records[0]);
}

describe('words, flags, durations, lists and templates', () => {
  const badge = (active: unknown, row: string) =>
    one('badges', 'badges', { columns: { active }, constants: { type: 'personal' } }, row);

  test.each([
    ['A', '1,Yes,,', true],
    ['A', '1,FALSE,,', false],
    [{ column: 'A', values: { x: true, '': false } }, '1,,,', false],
    [{ column: 'A', values: { x: true, '': false } }, '1,x,,', true],
    [{ column: 'A', dated: true }, '1,2026-01-01,,', true],
    [{ column: 'A', dated: true }, '1,,,', false],
  ])('a flag: %j of %s', async (mapping, row, active) => {
    expect(await badge(mapping, row)).toMatchObject({ active, type: 'personal', holder: '' });
  });

  test.each([
    ['A', '1,ja,,', 'row 2, column A: expected one of true, yes, false, no'],
    ['A', '1,,,', 'row 2, column A: expected a value'],
    [{ column: 'A', dated: true }, '1,pending,,', expect.stringContaining('column A: expected a date like')],
    [
      { column: 'A', dated: true },
      '1,2026-12-01,,',
      expect.stringContaining("isn't after the register's own"),
    ],
    [
      { column: 'A', values: { ja: true, nein: false } },
      '1,yes,,',
      'row 2, column A: expected one of ja, nein',
    ],
  ])('a flag that is none: %j of %s', async (mapping, row, message) => {
    await expect(badge(mapping, row)).rejects.toMatchObject({ code: 'malformed', message });
  });

  const exercise = (type: unknown, row: string) =>
    one('exercises', 'exercises', { columns: { type }, constants: { status: 'performed' } }, row);

  test('a word is the kind’s own, or one that the mapping knows', async () => {
    expect(await exercise('A', '1,recovery,,')).toMatchObject({ type: 'recovery' });
    const mapped = { column: 'A', values: { Räumung: 'evacuation' } };
    expect(await exercise(mapped, '1,Räumung,,')).toMatchObject({ type: 'evacuation' });
    await expect(exercise(mapped, '1,räumung,,')).rejects.toMatchObject({
      code: 'malformed',
      message: 'row 2, column A: expected one of Räumung, incident, continuity, recovery, evacuation',
    });
  });

  const restore = (mapping: unknown, row: string) =>
    one(
      'restore-tests',
      'restoreTests',
      {
        columns: { performed_at: 'B', restored_within_seconds: mapping },
        constants: { system: 's', type: 'restore', succeeded: true, time_objective_seconds: '4h' },
      },
      row,
    );

  test.each([
    ['A', '1,90m,2026-01-01,', 5400],
    ['A', '1,1.5 h,2026-01-01,', 5400],
    ['A', '1,2d,2026-01-01,', 172_800],
    [{ column: 'A', unit: 'm' }, '1,90,2026-01-01,', 5400],
    [{ column: 'A', unit: 'm' }, '1,1h,2026-01-01,', 3600],
    ['A', '1,,2026-01-01,', null],
  ])('a duration: %j of %s', async (mapping, row, seconds) => {
    expect(await restore(mapping, row)).toMatchObject({
      restored_within_seconds: seconds,
      time_objective_seconds: 14_400,
    });
  });

  test.each(['90', '-1h', '4 hours', '1e3s', '0.0001s'])('%s is no duration', async (text) => {
    await expect(restore('A', `1,${text},2026-01-01,`)).rejects.toMatchObject({ code: 'malformed' });
  });

  test('a list is split, and what is said twice stays for the kind to judge', async () => {
    const rest = {
      columns: { reference: 'Id', topics: { column: 'A', separator: '|' } },
      constants: { type: 'policy', status: 'in_force', for_everyone: false, subjects: [] },
    };
    expect(await one('documents', 'documents', rest, '1, a | b |,,')).toMatchObject({ topics: ['a', 'b'] });
    expect(await one('documents', 'documents', rest, '1,,,')).toMatchObject({ topics: [], title: '' });
  });

  test('a template joins columns, all or none of them', async () => {
    const rest = {
      columns: {
        review: 'Id',
        system: { column: 'A', values: { Production: 'aws:1' } },
        account: { template: '{A}:{B}' },
        reviewer: 'B',
        listed_as_of: 'End',
      },
      constants: { decision: 'keep' },
    };
    const review = (row: string) => one('access-reviews', 'accessReviews', rest, row);
    expect(await review('1,Production,lea,2026-10-31')).toMatchObject({
      system: 'aws:1',
      account: 'Production:lea',
      listed_as_of: at('2026-10-31T23:59:59Z'),
    });
    await expect(review('1,Production,,2026-10-31')).rejects.toMatchObject({
      message: 'row 2, column B: expected a value, as {A}:{B} needs it',
    });
  });

  test('what a spreadsheet shows for a formula without a value is no value', async () => {
    for (const text of ['#REF!', '#N/A', 'Loading...'])
      await expect(collectRows([`${text},x,,,`])).rejects.toMatchObject({
        code: 'malformed',
        message: "row 2, column Employee: expected a value, not a formula's error",
      });
  });
});

describe('a register’s own time', () => {
  test('may stand in every row', async () => {
    const asOf = { column: 'Note' };
    const rows = ['a@acme.example,x,2026-11-10,,2026-11-15', 'b@acme.example,x,,,2026-11-15'];
    expect((await collectRows(rows, { asOf })).told.asOf).toBe(day('2026-11-15'));
    const late = ['a@acme.example,x,2026-11-17,,2026-11-15'];
    await expect(collectRows(late, { asOf })).rejects.toMatchObject({ code: 'malformed' });
  });

  test('may stand in the name of the newest file of a directory', async () => {
    const text = 'Employee,Course,Completed,Valid until,Note\na,x,,,\n';
    const { told } = await collect({
      settings: { training: { ...training, file: 'in', asOf: { fileName: 't-{YYYY}-{MM}-{DD}.csv' } } },
      files: { 'in/t-2026-11-01.csv': text, 'in/t-2026-11-14.csv': text, 'in/other.csv': 'x' },
    });
    expect(told.asOf).toBe(day('2026-11-14'));
  });
});
