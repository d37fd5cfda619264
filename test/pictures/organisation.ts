import { cp, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { z } from 'zod';
import { main } from './command.ts';
import { dateText, type Month } from './story.ts';

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

/** Acme rents no rooms: these registers of the example are of a company that does. */
const ofRooms = new Set(['badges', 'maintenance']);

/** Rows that are written on a day of the story, and were not there before. */
const comes: Readonly<Record<string, string>> = {
  'INC-43': '2026-11-18',
  'T-203': '2026-11-18',
  'AR-2026-Q4': '2026-11-06',
};

export interface Organisation {
  /** The configuration directory. */
  readonly config: string;
  /** The registers as they stand at an instant. */
  keep(now: number): Promise<void>;
  /** The changes of the configuration that are due, made. Whether there were any. */
  decide(now: number): Promise<boolean>;
}

/** Acme of examples/acme, with the registers of examples/registers, in a directory of its own. */
export async function makeOrganisation(directory: string, month: Month): Promise<Organisation> {
  const config = join(directory, 'config');
  await cp('examples/acme', config, { recursive: true, filter: (path) => !path.endsWith('estate') });
  await cp('examples/registers/isms', join(directory, 'isms'), { recursive: true });
  await writeFile(join(config, 'annexa.yaml'), agentManifest(directory));
  await writeFile(join(config, 'collectors.yaml'), await collectors());
  for (const file of ['attestations.yaml', 'exceptions.yaml', 'scope.yaml', 'soa.yaml']) {
    const text = month.moved(await readFile(join(config, file), 'utf8'));
    await writeFile(join(config, file), file === 'scope.yaml' ? withRegisters(text) : text);
  }
  await attest(directory, month);
  const texts = await registerTexts(directory);
  const decisions = await decisionsOf(month);
  return {
    config,
    async keep(now) {
      for (const [file, text] of texts) await writeFile(file, registerAt(file, text, month, now));
      await writeFile(join(directory, 'isms/people.csv'), peopleAt(await people(), month, now));
    },
    async decide(now) {
      const due = decisions.splice(0, decisions.findLastIndex(({ at }) => at <= now) + 1);
      for (const { file, text } of due) await writeFile(join(config, file), text);
      return due.length > 0;
    },
  };
}

const agentManifest = (directory: string): string =>
  stringify({
    apiVersion: 'annexa.dev/v1alpha1',
    kind: 'Agent',
    metadata: { name: 'acme' },
    spec: {
      organisation: 'Acme Ltd',
      domain: 'acme.example',
      data: join(directory, 'data'),
      logLevel: 'error',
      evaluateEvery: '4h',
      sample: { estate: '../estate' },
    },
  });

/** AWS as in examples/acme, people and registers as files. */
async function collectors(): Promise<string> {
  const [aws] = (await readFile('examples/acme/collectors.yaml', 'utf8')).split('---\n');
  const [hr, registers] = parseAllDocuments(
    await readFile('examples/registers/annexa/collectors.yaml', 'utf8'),
  );
  const settings = z.record(z.string(), z.unknown()).parse(registers?.toJSON().spec.settings);
  registers?.setIn(
    ['spec', 'settings'],
    Object.fromEntries(Object.entries(settings).filter(([name]) => !ofRooms.has(name))),
  );
  hr?.setIn(['spec', 'datasets', 'people', 'schedule'], 'every 4h');
  hr?.setIn(['spec', 'settings', 'columns', 'logins'], { column: 'other_logins', separator: ';' });
  return [aws, String(hr), String(registers)].join('---\n');
}

const withRegisters = (scope: string): string =>
  scope.replace(
    '    - { collector: hr, scopes: [acme] }\n',
    '    - { collector: hr, scopes: [acme] }\n    - { collector: registers, scopes: [acme] }\n',
  );

/** Registers by file, as they are told in the examples, with the company's own people in them. */
async function registerTexts(directory: string): Promise<ReadonlyMap<string, string>> {
  const isms = join(directory, 'isms');
  const files = (await readdir(isms, { recursive: true })).filter((name) => /\.(csv|ya?ml|md)$/.test(name));
  const names = (await people()).filter(([, , , status]) => status !== 'left' && status !== 'future');
  const texts = new Map<string, string>();
  for (const file of files) {
    if (file === 'people.csv') continue;
    let text = await readFile(join(isms, file), 'utf8');
    for (const [name, stands] of Object.entries(standIns)) text = text.replaceAll(name, stands);
    if (file === 'assets.csv') text = text.replace(/^A-004.*\n/m, '');
    if (file === 'access-reviews.csv') text = await accessReview(text);
    if (ofEverybody.includes(file)) text = forEverybody(text, names);
    texts.set(join(isms, file), text);
  }
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

const dayBefore = (date: string): string => dateText(Date.parse(date) / 1000 - 14 * 86_400);

/** A decision about every account of AWS, as about those of the example. */
async function accessReview(text: string): Promise<string> {
  const [header = ''] = text.split('\n');
  const rows = (await accounts()).map((user) => {
    const reviewer = user.startsWith('cato.ashgrove') ? 'hale.fernhollow' : 'cato.ashgrove';
    return `AR-2026-Q4,AWS production,2026-10-31,${user},keep,${reviewer}@acme.example,2026-11-05,2026-11-20`;
  });
  return [header, ...rows, ''].join('\n');
}

/** The users of the recorded account. */
export async function accounts(): Promise<readonly string[]> {
  const estate = await readFile('examples/acme/estate/aws.json', 'utf8');
  const content = /<Content>([^<]+)</.exec(estate)?.[1] ?? '';
  const rows = Buffer.from(content, 'base64').toString('utf8').split('\n').slice(1);
  return rows.map((row) => row.split(',')[0] ?? '').filter((user) => user !== '' && !user.startsWith('<'));
}

/** Rows of examples/acme's HR register: id, address, logins, status, start, last day, export. */
async function people(): Promise<readonly (readonly string[])[]> {
  const text = await readFile('examples/acme/estate/hr/people.csv', 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((row) => row.split(','));
}

/** Who leaves on a later day is still there. */
function peopleAt(rows: readonly (readonly string[])[], month: Month, now: number): string {
  const lines = rows.map(([id, address, logins, status, start = '', last = '']) => {
    const left = last !== '' && month.day(last) < now;
    const state = status === 'left' ? (left ? 'left' : 'active') : status;
    return [id, address, logins, state, month.moved(start), left ? month.moved(last) : '', dateText(now)];
  });
  const header = 'person_id,work_email,other_logins,status,start,last_day,exported_at';
  return [header, ...lines.map((line) => line.join(',')), ''].join('\n');
}

/** Dated today, without what is written later. */
function registerAt(file: string, text: string, month: Month, now: number): string {
  const told = text
    .split('\n')
    .filter((line) => !Object.entries(comes).some(([row, day]) => line.startsWith(row) && month.day(day) > now))
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

/** Aspects that nobody has attested at the beginning, and that stay so. */
const NOT_ATTESTED = /^a-(?:7-|5-28|5-13|8-30|8-11|8-12|5-3-|8-6|8-29)/;

/** Attests what people can show and no check examines: each once a year, some of it due again in the month. */
async function attest(directory: string, month: Month): Promise<void> {
  const templates = join(directory, 'templates');
  await main(['controls', '--config', join(directory, 'config'), '--templates', templates], {});
  const files = (await readdir(templates)).filter((file) => !NOT_ATTESTED.test(file)).toSorted();
  await mkdir(join(directory, 'config/attestations'), { recursive: true });
  for (const [index, file] of files.entries()) {
    const at = Date.parse('2025-11-19') / 1000 + index * 6 * 86_400;
    const text = filledIn(await readFile(join(templates, file), 'utf8'), at);
    await writeFile(join(directory, 'config/attestations', file), month.moved(text));
  }
}

/** A year's worth, in the words of what the aspect asks for. */
function filledIn(template: string, at: number): string {
  const aspect = /^# Aspect: (.+)$/m.exec(template)?.[1] ?? '';
  return template
    .replaceAll(/^ *#.*\n/gm, '')
    .replace(/statement:.*/, `statement: "${aspect}: gone through with those who do it, and found so."`)
    .replace(/by:.*/, 'by: Information Security Manager')
    .replace(/at:.*/, `at: '${dateText(at)}'`)
    .replace(/expires:.*/, `expires: '${dateText(at + 365 * 86_400)}'`);
}

interface Decision {
  readonly at: number;
  readonly file: string;
  readonly text: string;
}

const approved = (by: string, at: string): string =>
  `  annotations:\n    annexa.dev/approved-by: ${by}\n    annexa.dev/approved-at: '${at}'\n`;

/** What is decided in the month: a check is loosened without an approval and tightened again, an exception is granted, what had expired is attested again. */
async function decisionsOf(month: Month): Promise<Decision[]> {
  const check = await readFile('src/controls/checks/credential/access-key-unused.yaml', 'utf8');
  const own = (days: number, approval = ''): string =>
    check
      .replace('metadata: { name: access-key-unused }\n', `metadata:\n  name: access-key-unused\n${approval}`)
      .replace('{ value: 45 }', `{ value: ${days}, policy: Access control policy 5.4 }`);
  const exception = `apiVersion: annexa.dev/v1alpha1
kind: Exception
metadata:
  name: old-keys-until-single-sign-on
${approved('Managing Director', '2026-11-17')}spec:
  check: access-key-rotation
  records: { all: true }
  reason: The founder's tools and two jobs still sign in with long-lived keys. Single sign-on replaces them in December.
  risk: R-02, stolen keys. The keys can be used from the office network alone meanwhile.
  approver: Managing Director
  approvedAt: '2026-11-17'
  expires: '2026-12-08'
`;
  const file = 'unused-keys.yaml';
  const at = (day: string): number => month.day(`${day}T10:00:00Z`);
  return [
    { at: at('2026-11-11'), file, text: own(500) },
    {
      at: at('2026-11-13'),
      file,
      text: own(60, approved('Information Security Manager', '2026-11-13')),
    },
    { at: at('2026-11-17'), file: 'old-keys.yaml', text: exception },
  ].map((decision) => ({ ...decision, text: month.moved(decision.text) }));
}
