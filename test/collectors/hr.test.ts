import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hrConfig } from '../../src/collectors/hr/config.ts';
import { hr } from '../../src/collectors/hr/index.ts';
import { at, collect, collectText, contextOf, header, mapping } from './hr-harness.ts';

describe('a well-formed export', () => {
  test('becomes a person a row, with what the mapping says', async () => {
    const { people, records, notes, asOf } = await collectText(
      `${header}\n1,ann@acme.example,"ann; github:octoann ;ann",employed,2020-03-01,\n2,,,parental,,\n`,
    );
    expect(people.get('hr:acme:1')).toEqual({
      id: 'hr:acme:1',
      kind: 'person',
      source: 'hr',
      scope: 'acme',
      email: 'ann@acme.example',
      logins: ['ann', 'github:octoann'],
      status: 'active',
      start_at: at('2020-03-01T00:00:00Z'),
      type: null,
      manager: '',
      department: '',
    });
    expect(people.get('hr:acme:2')).toMatchObject({ email: '', logins: [], status: 'leave', start_at: null });
    expect(records).toHaveLength(2);
    expect(notes).toMatchObject({ listed: 2, rows: 2, asOf: 'declared' });
    expect(notes['sha256']).toMatch(/^[0-9a-f]{64}$/);
    expect(asOf).toBe(at('2026-11-19T00:00:00Z'));
  });

  test('a last day is a departure at the last second of it', async () => {
    const { departures } = await collectText(`${header}\n7,g@acme.example,,gone,,2026-10-31\n`);
    expect(departures.get('hr:acme:7')).toEqual({
      id: 'hr:acme:7#departure',
      kind: 'departure',
      source: 'hr',
      scope: 'acme',
      person: 'hr:acme:7',
      at: at('2026-10-31T23:59:59Z'),
      at_known: true,
      recorded_at: at('2026-11-19T00:00:00Z'),
      returned: false,
    });
  });

  test.each([
    ['Europe/Berlin', '2026-03-29', '2026-03-29T21:59:59Z'],
    ['Europe/Berlin', '2026-10-24', '2026-10-24T21:59:59Z'],
    ['Europe/Berlin', '2026-10-25', '2026-10-25T22:59:59Z'],
    ['Pacific/Auckland', '2026-06-30', '2026-06-30T11:59:59Z'],
    ['America/New_York', '2026-11-01', '2026-11-02T04:59:59Z'],
    // Midnight of 2018-11-04 was skipped there.
    ['America/Sao_Paulo', '2018-11-03', '2018-11-04T02:59:59Z'],
    // The whole of 2011-12-30 was skipped there.
    ['Pacific/Apia', '2011-12-29', '2011-12-30T09:59:59Z'],
    ['Pacific/Apia', '2011-12-30', '2011-12-30T09:59:59Z'],
  ])('in %s, %s ends at %s', async (timeZone, lastDay, end) => {
    const { departures } = await collectText(`${header}\n7,,,gone,,${lastDay}\n`, { settings: { timeZone } });
    expect(departures.get('hr:acme:7')?.at).toBe(at(end));
  });

  test('another date format is read when it is declared', async () => {
    const { departures } = await collectText(`${header}\n7,,,gone,,05/11/2026\n`, {
      settings: { dateFormat: 'DD/MM/YYYY' },
    });
    expect(departures.get('hr:acme:7')?.at).toBe(at('2026-11-05T23:59:59Z'));
  });

  test('without a status column, the dates say who is here', async () => {
    const settings = { columns: { ...mapping.columns, status: undefined }, statuses: undefined };
    const rows = [
      '1,,,x,2020-01-01,',
      '2,,,x,2020-01-01,2026-11-18',
      '3,,,x,2027-01-01,',
      '4,,,x,,2026-11-19',
    ];
    const { people } = await collectText(`${header}\n${rows.join('\n')}\n`, { settings });
    expect([...people.values()].map((person) => person.status)).toEqual([
      'active',
      'left',
      'future',
      'active',
    ]);
  });

  test('a byte order mark, CRLF, empty lines, quoted line ends and another delimiter are fine', async () => {
    const rows = '"1";"a@acme.example";"x\r\ny";employed;;\r\n\r\n2;;;employed;;\r\n';
    const settings = { delimiter: ';', columns: { personId: 'id', workEmail: 'email' }, statuses: undefined };
    const { people } = await collectText(`\u{FEFF}${header.replaceAll(',', ';')}\r\n${rows}`, { settings });
    expect([...people.keys()]).toEqual(['hr:acme:1', 'hr:acme:2']);
  });

  test('somebody who left on an unknown day departed when the export was made', async () => {
    const { departures } = await collectText(`${header}\n7,,,gone,,\n`);
    expect(departures.get('hr:acme:7')).toMatchObject({ at: at('2026-11-19T00:00:00Z'), at_known: false });
  });

  test('a header alone lists nobody, and says so', async () => {
    const { records, notes } = await collectText(`${header}\n`);
    expect(records).toEqual([]);
    expect(notes['listed']).toBe(0);
  });
});

describe('a file that is not what was agreed fails as a whole', () => {
  test.each([
    [
      'a row with too few columns',
      '1,a@acme.example,,employed\n',
      'malformed',
      'line 2: expected as many columns',
    ],
    ['a row with too many columns', '1,,,employed,,,x\n', 'malformed', 'line 2: expected as many columns'],
    [
      'an impossible date',
      '1,,,employed,2026-02-30,\n',
      'malformed',
      'row 2, column start: expected a date like',
    ],
    [
      'a date of another format',
      '1,,,gone,,31/10/2026\n',
      'malformed',
      'row 2, column last: expected a date like',
    ],
    [
      'an unknown status',
      '1,,,fired,,\n',
      'malformed',
      'row 2, column status: expected one of the configured',
    ],
    ['a status named like a property', '1,,,constructor,,\n', 'malformed', 'row 2, column status'],
    ['an empty status', '1,,,,,\n', 'malformed', 'row 2, column status'],
    ['no person id', ',a@acme.example,,employed,,\n', 'malformed', 'row 2, column id: expected an id'],
    ['a person id with a colon', 'a:b,,,employed,,\n', 'malformed', 'row 2, column id'],
    [
      'an address that is none',
      '1,ann at acme,,employed,,\n',
      'malformed',
      'row 2, column email: expected one',
    ],
    ['a control character in a login', '1,,a\u0007b,employed,,\n', 'malformed', 'row 2, column logins'],
    [
      'the same person twice',
      '1,,,employed,,\n\n1,,,gone,,\n',
      'malformed',
      'row 4, column id: expected an id that no',
    ],
    ['a quote that never closes', '1,"ann,,employed,,\n2,,,employed,,\n', 'malformed', 'may be cut'],
    ['a quote within a value', '1,a"b@acme.example,,employed,,\n', 'malformed', 'quoted as a whole'],
    ['a row that never ends', `1,${'x'.repeat(70_000)},,employed,,\n`, 'malformed', 'at most'],
    ['a row cut short', '1,,,employed,,\n2,,,emp', 'malformed', 'line 3: expected as many columns'],
    [
      'a row cut before its last value',
      '1,,,employed,,\n2,,,gone,,',
      'incomplete',
      'row 3: the file ends within',
    ],
    ['a row cut within its last value', '1,,,gone,,2026-10-3', 'malformed', 'row 2, column last'],
  ])('%s', async (_what, rows, code, message) => {
    const failure = collectText(`${header}\n${rows}`);
    await expect(failure).rejects.toMatchObject({
      name: 'CollectorError',
      code,
      message: expect.stringContaining(message),
    });
    await expect(failure).rejects.not.toThrow(/ann|fired|2026-02-30/);
  });

  test.each([
    ['a last login that may be cut', 'id,email,logins', '1,,al', { logins: { column: 'logins' } }, {}],
    ['a last address that may be cut', 'id,email', '1,a@acme.ex', {}, {}],
    [
      'a last status that another continues',
      'id,email,s',
      '1,,leave',
      { status: 's' },
      { leave: 'leave', leaver: 'left' },
    ],
  ])('%s', async (_what, columns, row, mapped, statuses) => {
    const settings = {
      columns: { personId: 'id', workEmail: 'email', ...mapped },
      statuses: 'status' in mapped ? statuses : undefined,
    };
    await expect(collectText(`${columns}\n${row}`, { settings })).rejects.toMatchObject({
      code: 'incomplete',
    });
    await expect(collectText(`${columns}\n${row}\n`, { settings })).resolves.toBeDefined();
  });

  test('a missing line end is fine where a cut would show', async () => {
    const { people } = await collectText(`${header}\n1,,,employed,,\n2,,,gone,,2026-10-31`);
    expect(people.size).toBe(2);
  });

  test.each([
    ['an empty file', '', 'malformed', 'the file is empty'],
    ['a missing column', 'id,email,logins,status,start\n', 'configuration', 'column last is not there'],
    ['a column that is there twice', `${header},email\n`, 'configuration', 'column email is there 2 times'],
    ['an HTML page', '<!doctype html>\n<title>Sign in</title>\n', 'configuration', 'column id is not there'],
  ])('%s', async (_what, text, code, message) => {
    await expect(collectText(text)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });

  test('bytes that are not UTF-8', async () => {
    const latin1 = Buffer.from(`${header}\n1,j\u00fcrgen@acme.example,,employed,,\n`, 'latin1');
    await expect(collectText(latin1)).rejects.toMatchObject({
      code: 'malformed',
      message: expect.stringMatching(/not UTF-8/),
    });
  });

  test('a file that ends within a character', async () => {
    const whole = Buffer.from(`${header}\n1,,\u00fc`);
    await expect(collectText(whole.subarray(0, -1))).rejects.toMatchObject({
      message: expect.stringMatching(/not UTF-8/),
    });
  });

  test('a file beyond maxBytes', async () => {
    const failure = collectText(`${header}\n1,,,employed,,\n`, { settings: { maxBytes: 20 } });
    await expect(failure).rejects.toMatchObject({
      code: 'malformed',
      message: expect.stringMatching(/larger than 20 bytes/),
    });
  });

  test('a file that is not there', async () => {
    const failure = collect({ settings: { file: 'nowhere.csv', asOf: { declared: '2026-11-19' } } });
    await expect(failure).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringMatching(/ENOENT/),
    });
  });
});

describe('the as-of time', () => {
  const rows = (stamp: string) => `${header},made\n1,,,employed,,,${stamp}\n2,,,employed,,,${stamp}\n`;
  const column = { settings: { asOf: { column: 'made' } } };

  test.each([
    ['2026-11-19', '2026-11-19T00:00:00Z'],
    ['2026-11-19T08:30:00+01:00', '2026-11-19T07:30:00Z'],
    ['2026-11-20T12:00:00Z', '2026-11-20T12:00:00Z'],
  ])('%s in a column is %s', async (stamp, instant) => {
    expect((await collectText(rows(stamp), column)).asOf).toBe(at(instant));
  });

  test.each([
    ['in the future', rows('2026-11-20T12:00:01Z')],
    ['unreadable', rows('yesterday')],
    ['empty', rows('')],
    ['without an offset', rows('2026-11-19T08:30:00')],
    ['not the same in every row', rows('2026-11-19').replace('2026-11-19\n2', '2026-11-18\n2')],
    ['in no row', `${header},made\n`],
  ])('a column that is %s', async (_what, text) => {
    await expect(collectText(text, column)).rejects.toMatchObject({ code: 'as-of' });
  });

  test('comes from the file name, in the time zone of the export', async () => {
    const settings = { asOf: { fileName: 'people-{YYYY}{MM}{DD}.csv' }, timeZone: 'Europe/Berlin' };
    const text = `${header}\n1,,,employed,,\n`;
    const { asOf } = await collectText(text, { settings, name: 'people-20261118.csv' });
    expect(asOf).toBe(at('2026-11-17T23:00:00Z'));
    for (const name of ['people-20261318.csv', 'xpeople-20261118.csv', 'people-20261118xcsv', 'people.csv']) {
      await expect(collectText(text, { settings, name })).rejects.toMatchObject({ code: 'as-of' });
    }
    await expect(collectText(text, { settings, name: 'people-20261121.csv' })).rejects.toMatchObject({
      code: 'as-of',
      message: expect.stringMatching(/in the future/),
    });
  });

  test('of a directory, the latest name is read', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'annexa-hr-'));
    try {
      const settings = { file: '.', asOf: { fileName: 'people-{YYYY}-{MM}-{DD}.csv' } };
      await expect(collect({ settings, directory })).rejects.toMatchObject({ code: 'configuration' });
      for (const day of ['2026-11-09', '2026-11-18', '2025-12-31']) {
        await writeFile(join(directory, `people-${day}.csv`), `${header}\n${day},,,employed,,\n`);
      }
      await writeFile(join(directory, 'people-2026-11-19.csv.part'), 'x');
      const { people } = await collect({ settings, directory });
      expect([...people.keys()]).toEqual(['hr:acme:2026-11-18']);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  test('when nothing states it, the collection fails', async () => {
    const failure = collectText(`${header}\n1,,,employed,,\n`, { settings: { asOf: undefined } });
    await expect(failure).rejects.toMatchObject({
      code: 'as-of',
      message: expect.stringMatching(/configure asOf/),
    });
  });

  test('an export older than the last snapshot would take evidence back', async () => {
    const previous = { asOf: at('2026-11-19T00:00:01Z'), records: [] };
    const failure = collectText(`${header}\n1,,,employed,,\n`, { previous });
    await expect(failure).rejects.toMatchObject({
      code: 'as-of',
      message: expect.stringMatching(/older than the last/),
    });
  });
});

describe('settings', () => {
  const minimal = { scope: 'acme', columns: { personId: 'id', workEmail: 'email' } };

  test.each([
    ['neither file nor url', {}],
    ['file and url', { file: 'a.csv', url: 'https://hr.example/a.csv' }],
    ['http beyond loopback', { url: 'http://hr.example/a.csv' }],
    ['a password in the url', { url: 'https://u:p@hr.example/a.csv' }],
    ['a token for a file', { file: 'a.csv', token: { env: 'T' } }],
    ['an inline token', { url: 'https://hr.example/a.csv', token: 'abc' }],
    ['statuses without a column', { file: 'a.csv', statuses: { a: 'active' } }],
    ['a time zone that is none', { file: 'a.csv', timeZone: 'Mars/Olympus' }],
    ['a date format without a year', { file: 'a.csv', dateFormat: 'DD/MM' }],
    ['two sources of the as-of time', { file: 'a.csv', asOf: { column: 'a', declared: '2026-01-01' } }],
    ['an unknown field', { file: 'a.csv', sheet: 1 }],
  ])('%s is refused', (_what, settings) => {
    expect(hrConfig.safeParse({ ...minimal, ...settings }).success).toBe(false);
  });

  test('http on loopback is accepted', () => {
    expect(hrConfig.safeParse({ ...minimal, url: 'http://127.0.0.1:1/a.csv' }).success).toBe(true);
  });
});

describe('preflight', () => {
  test.each([
    [`${header}\n`, true],
    ['id,email\n', false],
    ['', 'unknown'],
  ])('%j: held %s', async (text, held) => {
    const directory = await mkdtemp(join(tmpdir(), 'annexa-hr-'));
    try {
      await writeFile(join(directory, 'people.csv'), text);
      const settings = { ...mapping, file: 'people.csv', asOf: { declared: '2026-11-19' } };
      const unused = { setAsOf() {}, setCaller() {}, setEndpoint() {}, call() {}, note() {} };
      const collector = hr.connect(hrConfig.parse(settings), contextOf({ settings, directory }, unused));
      const report = await collector.preflight(new AbortController().signal);
      expect(report.permissions).toMatchObject([{ dataset: 'people', scope: 'acme', held }]);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
