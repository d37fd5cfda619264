import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { datasets } from '../../../src/collectors/register/registers.ts';
import { at, collect, columns, fieldsOf, preflight } from './harness.ts';
import {
  type Answer,
  json,
  key,
  type Operation,
  refusal,
  spreadsheet,
  startSheets,
  type StubOptions,
} from './sheet-stub.ts';

const names = ['Employee', 'Course', 'Completed', 'Valid until', 'Note'];
/** As serials: 2026-02-03, 2027-02-03, 2026-11-20. */
const [completed, until, stated] = [46_056, 46_421, 46_346];
const cells = {
  Training: [
    names,
    ['lea@acme.example', 'awareness', completed, until, ''],
    ['', '', '', '', ''],
    ['omar@acme.example', 'awareness', '2026-02-03', '', 'free text'],
  ],
  'Cover page': [['As of', stated]],
};

const section = {
  sheet: { spreadsheet, range: 'Training!A1:E' },
  asOf: { cell: 'Cover page!B1' },
  id: ['Employee', 'Course'],
  columns,
};

interface Asked {
  readonly section?: object;
  readonly google?: object;
  readonly secret?: string;
  readonly signal?: AbortSignal;
}

async function read(options: Partial<StubOptions> = {}, asked: Asked = {}) {
  await using stub = await startSheets({ cells, ...options });
  const google = { credentials: { env: 'KEY' }, endpoint: stub.endpoint, maxAttempts: 1, ...asked.google };
  const outcome = await collect({
    settings: { google, timeZone: 'Europe/Berlin', training: { ...section, ...asked.section } },
    secrets: { KEY: asked.secret ?? key },
    ...(asked.signal && { signal: asked.signal }),
  });
  return { ...outcome, seen: stub.seen, endpoint: stub.endpoint };
}

describe('a sheet', () => {
  test('is read with its time in one answer, dates as the spreadsheet counts them', async () => {
    const { records, told, seen, endpoint } = await read();
    expect(records.map(fieldsOf)).toEqual([
      {
        person: 'lea@acme.example',
        course: 'awareness',
        completed_at: at('2026-02-03T00:00:00+01:00'),
        valid_until: at('2027-02-03T23:59:59+01:00'),
      },
      {
        person: 'omar@acme.example',
        course: 'awareness',
        completed_at: at('2026-02-03T00:00:00+01:00'),
        valid_until: null,
      },
    ]);
    expect(told.asOf).toBe(at('2026-11-20T00:00:00+01:00'));
    expect(told.caller).toBe('reader@acme.iam.gserviceaccount.com');
    expect(told.endpoint).toEqual({ url: endpoint, vendor: false });
    expect(Object.fromEntries(told.notes)).toMatchObject({ rows: 2, asOf: 'cell' });
    expect(seen).toEqual(['oauth2.token', 'sheets.spreadsheets.values.batchGet']);
    expect(told.calls.map(({ operation }) => operation)).toEqual(seen);
    for (const { operations } of datasets)
      expect(operations.toSorted()).toEqual(['GET', 'read', ...seen].toSorted());
  });

  test('the same cells have the same digest, others another', async () => {
    const digest = async (note: string): Promise<unknown> => {
      const Training = [names, ['lea@acme.example', 'awareness', completed, until, note]];
      return (await read({ cells: { ...cells, Training } })).told.notes.get('sha256');
    };
    expect(await digest('a')).toBe(await digest('a'));
    expect(await digest('a')).not.toBe(await digest('b'));
  });

  test('its time may be text, a column, or declared', async () => {
    const asText = { ...cells, 'Cover page': [['As of', '2026-11-19']] };
    expect((await read({ cells: asText })).told.asOf).toBe(at('2026-11-19T00:00:00+01:00'));
    const Training = [
      [...names.slice(0, 4), 'As of'],
      ['lea@acme.example', 'x', '', '', stated],
    ];
    const column = await read({ cells: { Training } }, { section: { asOf: { column: 'As of' } } });
    expect(column.told.asOf).toBe(at('2026-11-20T00:00:00+01:00'));
    const declared = await read({}, { section: { asOf: { declared: '2026-11-18' } } });
    expect(declared.told.asOf).toBe(at('2026-11-18T00:00:00+01:00'));
  });

  test('a header may stand below a title, and a serial have a time of day', async () => {
    const Training = [['Trainings'], names, ['lea@acme.example', 'x', completed + 14.5 / 24, '', '']];
    const { records } = await read(
      { cells: { ...cells, Training } },
      { section: { sheet: { spreadsheet, range: 'Training!A2:E' } } },
    );
    expect(fieldsOf(records[0])).toMatchObject({ completed_at: at('2026-02-03T14:30:00+01:00') });
  });

  test('a number that a sheet may have made of text is no text', async () => {
    for (const course of [1.1, 1e20]) {
      const Training = [names, ['lea@acme.example', course, '', '', '']];
      await expect(read({ cells: { ...cells, Training } })).rejects.toMatchObject({
        code: 'malformed',
        message: 'row 2, column Course: expected text; format the column as plain text',
      });
    }
    const Training = [names, ['lea@acme.example', 101, '', '', '']];
    const { records } = await read({ cells: { ...cells, Training } });
    expect(records).toMatchObject([{ id: 'register:acme:training/lea@acme.example/101', course: '101' }]);
  });

  test('messages count rows as the sheet does', async () => {
    const Training = [['Trainings'], names, ['lea@acme.example', 'x', true, '', '']];
    const sheet = { spreadsheet, range: 'Training!A2:E' };
    await expect(read({ cells: { ...cells, Training } }, { section: { sheet } })).rejects.toMatchObject({
      code: 'malformed',
      message: expect.stringMatching(/^row 3, column Completed: expected a date/),
    });
  });

  test('Application Default Credentials are used where no key is named', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'annexa-adc-'));
    const before = process.env['GOOGLE_APPLICATION_CREDENTIALS'];
    try {
      process.env['GOOGLE_APPLICATION_CREDENTIALS'] = join(directory, 'key.json');
      await writeFile(join(directory, 'key.json'), key);
      expect((await read({}, { google: { credentials: undefined } })).records).toHaveLength(2);
      await writeFile(join(directory, 'key.json'), '{');
      await expect(read({}, { google: { credentials: undefined } })).rejects.toMatchObject({
        code: 'denied',
      });
    } finally {
      if (before === undefined) delete process.env['GOOGLE_APPLICATION_CREDENTIALS'];
      else process.env['GOOGLE_APPLICATION_CREDENTIALS'] = before;
      await rm(directory, { recursive: true });
    }
  });

  test('what was refused for a moment is asked for again, and every attempt counted', async () => {
    let asked = 0;
    await using other = await startSheets({ cells });
    const instead: StubOptions['instead'] = {
      'sheets.spreadsheets.values.batchGet': (request, response) => {
        asked++;
        if (asked < 3) refusal(asked === 1 ? 429 : 503, 'RESOURCE_EXHAUSTED')(request, response);
        else void relay(`${other.endpoint}${request.url}`, request.headers.authorization ?? '', response);
      },
    };
    const { records, told } = await read({ instead }, { google: { maxAttempts: 3 } });
    expect(records).toHaveLength(2);
    expect(told.calls.map(({ throttled }) => throttled)).toEqual([false, true, false, false]);
  });
});

async function relay(url: string, authorization: string, response: ServerResponse): Promise<void> {
  const answer = await fetch(url, { headers: { authorization } });
  json(response, answer.status, await answer.json());
}

const operations: readonly Operation[] = ['oauth2.token', 'sheets.spreadsheets.values.batchGet'];

/** How an answer can fail, and what comes of it: for the token, for the values. */
const faults: readonly [string, (request: never, response: ServerResponse) => void, string, string][] = [
  ['400', refusal(400, 'INVALID_ARGUMENT'), 'denied', 'configuration'],
  ['401', refusal(401, 'UNAUTHENTICATED'), 'denied', 'denied'],
  ['403', refusal(403, 'PERMISSION_DENIED'), 'denied', 'denied'],
  ['403 of a quota', refusal(403, 'RESOURCE_EXHAUSTED'), 'throttled', 'throttled'],
  ['404', refusal(404, 'NOT_FOUND'), 'denied', 'configuration'],
  ['429', refusal(429, 'RESOURCE_EXHAUSTED'), 'throttled', 'throttled'],
  ['500', refusal(500, 'INTERNAL'), 'unavailable', 'unavailable'],
  ['503 without a body', (_, response) => response.writeHead(503).end(), 'unavailable', 'unavailable'],
  [
    'a redirect',
    (_, r) => r.writeHead(302, { location: '/elsewhere' }).end(),
    'configuration',
    'configuration',
  ],
  ['an empty body', (_, response) => response.end(), 'denied', 'malformed'],
  ['an empty object', (_, response) => json(response, 200, {}), 'denied', 'malformed'],
  [
    'JSON that stops',
    (_, r) => r.writeHead(200, { 'content-type': 'application/json' }).end('{"spreadsheetId":"1'),
    'denied',
    'malformed',
  ],
  ['a cut in mid-body', cut, 'incomplete', 'incomplete'],
  ['a cut before the answer', (_, response) => response.destroy(), 'unavailable', 'unavailable'],
  ['a hang', () => {}, 'timeout', 'timeout'],
  [
    'a hang in mid-body',
    (_, r) => void r.writeHead(200, { 'content-length': 999 }).write('{'),
    'timeout',
    'timeout',
  ],
];

function cut(_: never, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': 999 });
  response.write('{"spreadsheetId":"', () => response.destroy());
}

describe.each(operations.map((operation, index) => [operation, index] as const))(
  'no answer of %s: nothing is collected after',
  (operation, index) => {
    test.each(faults)('%s', async (name, handler, ...codes) => {
      const failure = read(
        { instead: { [operation]: handler } },
        { section: { requestTimeout: 1 }, google: { maxAttempts: name.startsWith('a hang') ? 1 : 2 } },
      );
      await expect(failure).rejects.toMatchObject({ name: 'CollectorError', code: codes[index] });
      await expect(failure).rejects.not.toThrow(/ya29|PRIVATE|told to nobody/);
    });

    test('a signal ends the wait', async () => {
      const reason = new Error('stopped');
      const stop = new AbortController();
      const instead = { [operation]: () => stop.abort(reason) };
      await expect(read({ instead }, { signal: stop.signal })).rejects.toBe(reason);
    });
  },
);

describe('an answer that isn’t what was asked for gives nothing', () => {
  const changed =
    (work: (table: NonNullable<Answer['valueRanges']>[number], answer: Answer) => unknown) =>
    (answer: Answer) =>
      work(answer.valueRanges?.[0] ?? {}, answer);
  const table = (fields: object): StubOptions['change'] =>
    changed((first, answer) => ({
      ...answer,
      valueRanges: [{ ...first, ...fields }, ...(answer.valueRanges?.slice(1) ?? [])],
    }));

  test.each<[string, StubOptions['change'], string]>([
    ['no values', table({ values: undefined }), 'malformed'],
    ['no rows', table({ values: [] }), 'malformed'],
    ['fewer columns', table({ range: 'Training!A1:D1000' }), 'incomplete'],
    ['later rows', table({ range: 'Training!A2:E1000' }), 'incomplete'],
    ['fewer rows than there are values', table({ range: 'Training!A1:E2' }), 'incomplete'],
    ['no range', table({ range: undefined }), 'malformed'],
    ['a range that can’t be read', table({ range: 'Training' }), 'incomplete'],
    ['columns for rows', table({ majorDimension: 'COLUMNS' }), 'malformed'],
    ['a null', table({ values: [names, ['lea@acme.example', null]] }), 'malformed'],
    ['one range for two', changed((first, answer) => ({ ...answer, valueRanges: [first] })), 'incomplete'],
    ['no ranges', (answer) => ({ ...answer, valueRanges: [] }), 'incomplete'],
    ['another spreadsheet', (answer) => ({ ...answer, spreadsheetId: '1other' }), 'incomplete'],
    ['a list', () => [], 'malformed'],
  ])('%s', async (_, change, code) => {
    await expect(read(change && { change })).rejects.toMatchObject({ name: 'CollectorError', code });
  });

  test.each<[string, Partial<StubOptions>, Asked, string, RegExp]>([
    [
      'a cell without a time',
      { cells: { ...cells, 'Cover page': [['As of']] } },
      {},
      'as-of',
      /Cover page!B1/,
    ],
    [
      'a cell of the future',
      { cells: { ...cells, 'Cover page': [['', stated + 30]] } },
      {},
      'as-of',
      /in the future/,
    ],
    ['no such sheet', { cells: { Training: cells.Training } }, {}, 'configuration', /answered 400/],
    [
      'a column missing',
      { cells: { ...cells, Training: [names.slice(1)] } },
      {},
      'configuration',
      /Employee is not/,
    ],
    ['larger than maxBytes', {}, { section: { maxBytes: 150 } }, 'malformed', /larger than maxBytes/],
    ['a key that is none', {}, { secret: 'PRIVATE' }, 'configuration', /expected a service account's key/],
    ['a key without its half', {}, { secret: '{"type":"service_account"}' }, 'configuration', /as JSON/],
  ])('%s', async (_, options, asked, code, message) => {
    await expect(read(options, asked)).rejects.toMatchObject({
      name: 'CollectorError',
      code,
      message: expect.stringMatching(message),
    });
  });
});

test('preflight says with whom the spreadsheet has to be shared', async () => {
  const instead = { 'sheets.spreadsheets.values.batchGet': refusal(403, 'PERMISSION_DENIED') };
  await using stub = await startSheets({ cells, instead });
  const google = { credentials: { env: 'KEY' }, endpoint: stub.endpoint, maxAttempts: 1 };
  const { caller, permissions } = await preflight({
    settings: { google, training: section },
    secrets: { KEY: key },
  });
  expect(caller).toBe('reader@acme.iam.gserviceaccount.com');
  expect(permissions).toMatchObject([
    {
      dataset: 'training',
      permission: 'https://www.googleapis.com/auth/spreadsheets.readonly',
      held: false,
      detail: expect.stringContaining(
        'share the spreadsheet with reader@acme.iam.gserviceaccount.com as Viewer',
      ),
    },
  ]);
});
