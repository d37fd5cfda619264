import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { dateText, DAY, type Month } from './story.ts';

/** People of examples/registers, and who of examples/acme stands in for them. */
const standIns: Readonly<Record<string, string>> = {
  'lea.brandt': 'hale.fernhollow',
  'omar.haddad': 'cato.ashgrove',
  'priya.nair': 'bero.dunmarch',
  'jonas.weber': 'alva.dunmarch',
  'ines.costa': 'alva.elderwick',
};

/** Registers of which every person has a row, and whose rows are copied. */
const ofEverybody = ['training.csv', 'acknowledgements.csv', 'agreements.csv'];

/** Rows that are written on a day of the story, and were not there before. */
const comes: readonly (readonly [row: RegExp, day: string])[] = [
  [/^INC-43/, '2026-11-18'],
  [/^T-203/, '2026-11-18'],
  [/^AR-2026-Q4/, '2026-11-06'],
  [/^joro\.elderwick.*,(?:Exit talk|Return)/, '2026-11-09'],
  [/^lumo\.elderwick.*,(?:Exit talk|Return)/, '2026-11-23'],
];

/** Who left until this day is in no register of the month. */
const GONE = '2026-10-20';

/** What leavers sign. */
const LEAVERS = `hale.elderwick@acme.example,Exit talk,2026-10-19,2026-11-20
hale.elderwick@acme.example,Return,2026-10-19,2026-11-20
alva.elderwick@acme.example,Return,2026-07-24,2026-11-20
joro.elderwick@acme.example,Exit talk,2026-11-06,2026-11-20
joro.elderwick@acme.example,Return,2026-11-07,2026-11-20
lumo.elderwick@acme.example,Exit talk,2026-11-16,2026-11-20
lumo.elderwick@acme.example,Return,2026-11-22,2026-11-20
`;

/** Somebody whose training lapses in the month. */
const LAPSES = 'gita.fernhollow@acme.example,security-awareness,04/11/2025,04/11/2026,20/11/2026\n';

/** What the checks ask of the documents beside the example's. */
const HANDBOOK = `---
number: POL-03
title: Security handbook
type: procedure
version: 2.2
status: in_force
owner: hale.fernhollow@acme.example
approver: alva.ashgrove@acme.example
approved: 2026-03-02
reviewed: 2026-03-02
next_review: 2027-03-31
for_everyone: no
topics: [access-control, classification, incident-response, cryptography, secure-development, retention]
---
# Security handbook
`;

/** Registers by file, as they are told in the examples, with the company's own people in them. */
export async function registerTexts(directory: string): Promise<ReadonlyMap<string, string>> {
  const isms = join(directory, 'isms');
  const files = (await readdir(isms, { recursive: true })).filter((name) => /\.(csv|ya?ml|md)$/.test(name));
  const names = (await people()).filter(
    ([, , , status, , last = '']) => status !== 'future' && (last === '' || last > GONE),
  );
  const texts = new Map<string, string>();
  for (const file of files) {
    if (file === 'people.csv') continue;
    let text = await readFile(join(isms, file), 'utf8');
    for (const [name, stands] of Object.entries(standIns)) text = text.replaceAll(name, stands);
    if (file === 'assets.csv') text = text.replace(/^A-004.*\n/m, '');
    if (file === 'access-reviews.csv') text = await accessReviews(text);
    // Theirs are written as everybody's are.
    if (file === 'agreements.csv') text = text.replace(/^alva\.dunmarch.*\n/gm, '') + LEAVERS;
    if (file === 'training.csv') text += LAPSES;
    if (ofEverybody.includes(file)) text = forEverybody(text, names);
    texts.set(join(isms, file), text);
  }
  texts.set(join(isms, 'policies/handbook.md'), HANDBOOK);
  return texts;
}

/** A row like the first person's for each who has none; agreements are dated before the start. */
function forEverybody(text: string, all: readonly (readonly string[])[]): string {
  const [header = '', ...rows] = text.trimEnd().split('\n');
  const model = rows[0]?.split(',')[0] ?? '';
  const like = rows.filter((row) => row.startsWith(`${model},`));
  const missing = all.filter(([, address = '']) => !text.includes(address));
  const copies = missing.flatMap(([, address = '', , , start = '']) =>
    like.map((row) => {
      const copy = row.replace(model, address);
      return header.includes('Kind') ? copy.replace(/\d{4}-\d\d-\d\d/, dayBefore(start)) : copy;
    }),
  );
  return [header, ...rows, ...copies, ''].join('\n');
}

const dayBefore = (date: string): string => dateText(Date.parse(date) / 1000 - 14 * DAY);

/** Two reviews with a decision about every account of AWS. */
async function accessReviews(text: string): Promise<string> {
  const [header = ''] = text.split('\n');
  const all = await accounts();
  const rows = [
    ['AR-2026-Q3', '2026-07-31', '2026-08-05'],
    ['AR-2026-Q4', '2026-10-31', '2026-11-05'],
  ].flatMap(([review, listed, decided]) =>
    all.map((user) => {
      const reviewer = user.startsWith('cato.ashgrove') ? 'hale.fernhollow' : 'cato.ashgrove';
      return `${review},AWS production,${listed},${user},keep,${reviewer}@acme.example,${decided},2026-11-20`;
    }),
  );
  return [header, ...rows, ''].join('\n');
}

/** The users of the recorded account. */
async function accounts(): Promise<readonly string[]> {
  const estate = await readFile('examples/acme/estate/aws.json', 'utf8');
  const content = /<Content>([^<]+)</.exec(estate)?.[1] ?? '';
  const rows = Buffer.from(content, 'base64').toString('utf8').split('\n').slice(1);
  return rows.map((row) => row.split(',')[0] ?? '').filter((user) => user !== '' && !user.startsWith('<'));
}

/** Rows of examples/acme's HR register: id, address, logins, status, start, last day, export. */
export async function people(): Promise<readonly (readonly string[])[]> {
  const text = await readFile('examples/acme/estate/hr/people.csv', 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((row) => row.split(','));
}

/** Who leaves on a later day is still there. */
export function peopleAt(rows: readonly (readonly string[])[], month: Month, now: number): string {
  const lines = rows.map(([id, address, logins, status, start = '', last = '']) => {
    const left = last !== '' && month.day(last) < now;
    const state = status === 'left' ? (left ? 'left' : 'active') : status;
    return [id, address, logins, state, month.moved(start), left ? month.moved(last) : '', dateText(now)];
  });
  const header = 'person_id,work_email,other_logins,status,start,last_day,exported_at';
  return [header, ...lines.map((line) => line.join(',')), ''].join('\n');
}

/** Dated today, without what is written later. */
export function registerAt(file: string, text: string, month: Month, now: number): string {
  const told = text
    .split('\n')
    .filter((line) => !comes.some(([row, day]) => row.test(line) && month.day(day) > now))
    .join('\n');
  const today = dateText(now);
  const dated = month
    .moved(told.replaceAll(/\b(2026-11-20|20\/11\/2026)\b/g, '@$1'))
    .replaceAll(/@\d{4}-\d\d-\d\d/g, today)
    .replaceAll(/@\d\d\/\d\d\/\d{4}/g, today.split('-').toReversed().join('/'));
  return file.endsWith('internal-audits.yaml') ? auditsAt(dated, now) : dated;
}

/** Audits that are to come are planned. */
function auditsAt(text: string, now: number): string {
  const { as_of, audits } = z
    .object({ as_of: z.string(), audits: z.array(z.looseObject({ performed: z.string() })) })
    .parse(parse(text));
  const told = audits.map((audit) =>
    Date.parse(audit.performed) / 1000 <= now
      ? audit
      : { ...audit, status: 'planned', performed: null, report: null },
  );
  return stringify({ as_of, audits: told });
}
