import { DAY, dayOf, nothing, type Part } from './source.ts';

/** By number, address, other logins and, of who left a month ago, that. */
const PEOPLE = [
  ['1', 'ann@acme.example', 'ann;ann@example.org', false],
  ['2', 'bob@acme.example', 'bob;auditor@acme.example', false],
  ['3', 'cid@acme.example', 'cid', false],
  ['4', 'lea@acme.example', 'lea', true],
  ['5', 'xia@partner.example', 'xia', false],
  ['6', 'yan@partner.example', 'yan', false],
  ['7', 'zoe@partner.example', 'zoe', false],
] as const;

/** The people whom the other sources know, as a CSV that HR exported today. */
export const people = async (): Promise<Part> => {
  const now = Math.floor(Date.now() / 1000);
  const rows = PEOPLE.map(([id, email, logins, gone]) =>
    [id, email, logins, gone ? dayOf(now - 30 * DAY) : '', dayOf(now)].join(),
  );
  return {
    plugin: 'hr',
    settings: {
      scope: 'acme',
      file: 'people.csv',
      asOf: { column: 'asof' },
      columns: {
        personId: 'id',
        workEmail: 'email',
        logins: { column: 'logins', separator: ';' },
        lastDay: 'last',
      },
    },
    files: { 'people.csv': ['id,email,logins,last,asof', ...rows, ''].join('\n') },
    [Symbol.asyncDispose]: nothing,
  };
};
