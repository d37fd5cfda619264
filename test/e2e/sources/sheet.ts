import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { now } from '../../collectors/register/harness.ts';
import {
  json,
  key,
  refusal,
  spreadsheet,
  startSheets,
  type StubOptions,
} from '../../collectors/register/sheet-stub.ts';
import { employees } from './registers.ts';
import type { Faults, Part, Source } from './source.ts';

type Handler = NonNullable<NonNullable<StubOptions['instead']>['oauth2.token']>;

/** By fault, what is answered instead. */
const ANSWERS: Readonly<Record<string, Handler>> = {
  denied: refusal(403, 'PERMISSION_DENIED'),
  limited: refusal(429, 'RESOURCE_EXHAUSTED'),
  empty: (_, response) => json(response, 200, {}),
  truncated: (_, response) => void response.writeHead(200).end('{"spreadsheetId":'),
  cut: (_, response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.write('{"spreadsheetId":', () => response.destroy());
  },
};

async function open(faults: Faults): Promise<Part> {
  const csv = await readFile(
    join(import.meta.dirname, '../../../examples/registers/isms/training.csv'),
    'utf8',
  );
  const Training = csv
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  const instead = Object.fromEntries(
    Object.entries(faults).map(([operation, kind]) => [operation, ANSWERS[kind]]),
  );
  const stub = await startSheets({ cells: { Training }, instead });
  return {
    plugin: 'register',
    settings: {
      scope: 'acme',
      google: { credentials: { env: 'SHEET_KEY' }, endpoint: stub.endpoint, maxAttempts: 1 },
      training: {
        sheet: { spreadsheet, range: 'Training!A1:E' },
        dateFormat: 'DD/MM/YYYY',
        asOf: { column: 'Exported' },
        id: ['Employee', 'Course'],
        columns: {
          person: 'Employee',
          course: 'Course',
          completed_at: 'Completed',
          valid_until: 'Valid until',
        },
      },
    },
    env: { SHEET_KEY: key },
    [Symbol.asyncDispose]: () => stub[Symbol.asyncDispose](),
  };
}

export const sheet: Source = {
  name: 'a register in a sheet',
  operations: new Map([
    ['oauth2.token', ['training']],
    ['sheets.spreadsheets.values.batchGet', ['training']],
  ]),
  kinds: ['denied', 'empty', 'truncated'],
  limit: { 'sheets.spreadsheets.values.batchGet': 'limited' },
  cut: { 'sheets.spreadsheets.values.batchGet': 'cut' },
  now,
  open,
  beside: [employees],
  others: {
    // The register doesn't say how people are engaged.
    'contractor-end': 'unknown',
  },
};
