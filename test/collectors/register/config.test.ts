import { describe, expect, test } from 'vitest';
import { registerConfig } from '../../../src/collectors/register/config.ts';
import { explain } from '../../../src/config/explain.ts';
import { preflight, training } from './harness.ts';

/** What is wrong with the settings, as a manifest's error tells it. */
function faults(settings: object): readonly string[] {
  const value = { scope: 'acme', ...settings };
  const { error } = registerConfig.safeParse(value);
  if (error === undefined) return [];
  return explain(registerConfig, value, error).map(({ path, expected }) => `${path.join('.')}: ${expected}`);
}

const { file: _, ...nowhere } = training;

describe('settings', () => {
  test('of one register are enough', () => {
    expect(faults({ training })).toEqual([]);
  });

  test.each<[string, object, string]>([
    ['no register', {}, ': one register at least: training, documents'],
    [
      'a register that isn’t one',
      { traning: training },
      'traning: a field that exists: did you mean training?',
    ],
    ['nowhere', { training: nowhere }, 'training.file: one of file, url, directory, sheet'],
    ['two places', { training: { ...training, url: 'https://x.example/a.csv' } }, 'training.file: one of'],
    ['http', { training: { ...nowhere, url: 'http://x.example/a.csv' } }, 'training.url: an https URL'],
    [
      'a token for a file',
      { training: { ...training, token: { env: 'T' } } },
      'training.token: a token for a url',
    ],
    [
      'a token inline',
      { training: { ...nowhere, url: 'https://x.example/a', token: 'x' } },
      'by name, never inline',
    ],
    ['no id', { training: { ...training, id: undefined } }, 'training.id: the column that tells a row'],
    [
      'no columns',
      { training: { ...training, columns: {} } },
      'training.columns.person: a column, or a constant',
    ],
    [
      'a field that isn’t one',
      { training: { ...training, columns: { ...training.columns, cours: 'x' } } },
      'training.columns.cours: a field that exists: did you mean course?',
    ],
    [
      'a column and a constant',
      { training: { ...training, constants: { course: 'x' } } },
      'training.constants.course: a column or a constant, not both',
    ],
    [
      'a constant of a date',
      {
        training: {
          ...training,
          columns: { person: 'a', course: 'b' },
          constants: { completed_at: 'today' },
        },
      },
      'training.constants.completed_at: a null',
    ],
    [
      'a word for what isn’t one',
      {
        badges: {
          file: 'a',
          id: 'i',
          columns: { type: { column: 'k', values: { x: 'guest' } }, active: 'a' },
        },
      },
      'badges.columns.type.values.x: personal or visitor',
    ],
    [
      'an optional column of a CSV',
      {
        training: {
          ...training,
          columns: { ...training.columns, valid_until: { column: 'x', optional: true } },
        },
      },
      'training.columns.valid_until.optional: it for YAML and front matter alone',
    ],
    [
      'a format of a sheet',
      { training: { ...nowhere, sheet: sheet('A!A1:E'), format: 'yaml' } },
      'training.format',
    ],
    ['a directory of CSV', { training: { ...nowhere, directory: 'd' } }, 'training.format: yaml or markdown'],
    [
      'a file of Markdown',
      { training: { ...training, format: 'markdown' } },
      'training.format: markdown for a dir',
    ],
    ['a list of a CSV', { training: { ...training, list: 'x' } }, 'training.list: it for a YAML file alone'],
    [
      'what to ignore of a file',
      { training: { ...training, ignore: ['x'] } },
      'training.ignore: it for a directory',
    ],
    [
      'a cell of a file',
      { training: { ...training, asOf: { cell: 'A1' } } },
      'training.asOf: { cell } for a sheet',
    ],
    [
      'a key of a CSV',
      { training: { ...training, asOf: { key: 'x' } } },
      'training.asOf: { key } for a YAML file',
    ],
    [
      'a file’s name for a directory',
      { training: { ...nowhere, directory: 'd', format: 'yaml', asOf: { fileName: '{YYYY}{MM}{DD}' } } },
      'training.asOf: { fileName } for a file or url alone',
    ],
    [
      'a modification time',
      { training: { ...training, asOf: { modified: true } } },
      'training.asOf: one of { column }',
    ],
    [
      'a last row',
      { training: { ...nowhere, sheet: sheet('A!A1:E90') } },
      'training.sheet.range: a sheet and columns',
    ],
    [
      'a named range',
      { training: { ...nowhere, sheet: sheet('Trainings') } },
      'training.sheet.range: a sheet and col',
    ],
    [
      'a key inline',
      { google: { credentials: '{"type":"service_account"}' } },
      'google.credentials: a secret by name',
    ],
    [
      'a duration that isn’t one',
      {
        restoreTests: {
          file: 'a',
          id: 'i',
          columns: { system: 's', type: 't', performed_at: 'p', succeeded: 'o' },
          constants: { time_objective_seconds: '4 hours' },
        },
      },
      'restoreTests.constants.time_objective_seconds: a duration such as 30m, 4h or 2d',
    ],
    [
      'a template of nothing',
      {
        accessReviews: {
          file: 'a',
          id: 'i',
          columns: { account: { template: 'x' }, review: 'r', system: 's', listed_as_of: 'l', reviewer: 'v' },
          constants: { decision: 'keep' },
        },
      },
      'accessReviews.columns.account.template: text with {columns} in it',
    ],
  ])('with %s are refused', (_, settings, fault) => {
    expect(faults(settings)).toEqual(expect.arrayContaining([expect.stringContaining(fault)]));
  });
});

function sheet(range: string): object {
  return { spreadsheet: '1abcDEF_ghi', range };
}

describe('preflight', () => {
  const files = {
    'good.csv': 'Employee,Course,Completed,Valid until\na,b,,\n',
    'bad.csv': 'Employee,Course,Completed,Valid until\na,b,soon,\n',
  };
  const held = async (file: string) =>
    (await preflight({ settings: { training: { ...training, file } }, files })).permissions;

  test('reads each register to its end', async () => {
    const permission = { dataset: 'training', permission: 'read the register', scope: 'acme' };
    expect(await held('good.csv')).toEqual([{ ...permission, held: true }]);
    expect(await held('none.csv')).toMatchObject([
      { held: false, detail: expect.stringContaining('ENOENT') },
    ]);
    expect(await held('bad.csv')).toMatchObject([
      { held: 'unknown', detail: expect.stringContaining('row 2, column Completed') },
    ]);
  });

  test('leaves what it had no time for as unknown', async () => {
    const given = { settings: { training: { ...training, file: 'good.csv' } }, files };
    const { permissions } = await preflight({ ...given, signal: AbortSignal.abort() });
    expect(permissions).toMatchObject([{ held: 'unknown', detail: 'not examined' }]);
  });
});
