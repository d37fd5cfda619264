import { appendFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { registers as specs } from '../../../src/collectors/register/registers.ts';
import { now } from '../../collectors/register/harness.ts';
import { nothing, type Faults, type Part, type Source } from './source.ts';

const examples = join(import.meta.dirname, '../../../examples/registers');

const section = z.looseObject({
  file: z.string().optional(),
  directory: z.string().optional(),
  list: z.string().optional(),
});
type Section = z.output<typeof section>;
const manifest = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({ settings: z.record(z.string(), z.unknown()) }),
});

/** The settings of a collector of the examples, whose files are in the directory. */
async function settingsOf(collector: string, directory: string): Promise<Readonly<Record<string, unknown>>> {
  const text = await readFile(join(examples, 'annexa/collectors.yaml'), 'utf8');
  const documents = parseAllDocuments(text.replaceAll('../isms/', `${directory}/`));
  const found = documents
    .map((document) => manifest.parse(document.toJS()))
    .find(({ metadata }) => metadata.name === collector);
  if (found === undefined) throw new Error(`the examples have no collector ${collector}`);
  return found.spec.settings;
}

/** The example's people, of the same day as the registers. */
export const employees = async (): Promise<Part> => ({
  plugin: 'hr',
  datasets: { people: { freshness: '10d' } },
  settings: await settingsOf('hr', join(examples, 'isms')),
  [Symbol.asyncDispose]: nothing,
});

const documentOf = (number: string, type: string, more: string): string => `---
number: ${number}
title: ${number}
type: ${type}
version: 1.0
status: in_force
owner: omar.haddad@acme.example
approver: lea.brandt@acme.example
approved: 2026-03-02
reviewed: 2026-03-02
next_review: 2027-03-31
for_everyone: no
${more}
---
`;

const TOPICS =
  'topics: [access-control, cryptography, retention, secure-development, classification, incident-response]';

/** What the examples leave for the checks to find or not to see, put in order; added to each file. */
const PUT_IN_ORDER: Readonly<Record<string, string>> = {
  'policies/rules.md': documentOf('POL-03', 'policy', TOPICS),
  'policies/runbooks/restore-shop.md': documentOf('RB-08', 'runbook', 'subjects: [A-002]'),
  'restore-tests.csv': 'RT-2026-11,A-002,Restore,2026-10-09 10:00,yes,2h,4h,25m,1h,2026-11-20\n',
  'agreements.csv': 'ines.costa@acme.example,assets_returned,2026-09-30,2026-11-20\n',
  'assets.csv':
    'A-200,Disk,media,disposed,omar.haddad@acme.example,confidential,yes,no,2026-06-03,2026-10-12,,2026-11-20\n',
  'media-disposals.csv': 'MD-2026-04,A-200,Shredded,2026-10-12,DE-1,2026-11-20\n',
  'exercises.yaml': `  - report: EX-2026-4
    kind: recovery
    status: performed
    planned: 2026-09-30
    performed: 2026-09-16
    next: 2027-09-30
    succeeded: yes
    lessons: 2026-09-23
`,
};

/** The text of a register that names its day, as it would be a year later. */
const dated = (text: string): string =>
  text.replaceAll(/(2026-11-20|20[/.]11[/.]2026)/g, (day) => day.replace('2026', '2027'));

/** What is left of a table whose end is missing, in the middle of an entry. */
function cut(name: string, text: string): string {
  if (name.endsWith('.md')) return text.slice(0, text.indexOf('\n---', 4));
  const separator = name.endsWith('.yaml') ? ':' : /[;,]/.exec(text)?.[0];
  return text.slice(0, text.lastIndexOf(separator ?? ''));
}

function emptied(name: string, text: string, list: string | undefined): string {
  if (list === undefined) return `${text.split('\n')[0]}\n`;
  return `${text.slice(0, text.indexOf(`${list}:`))}${list}: []\n`;
}

async function spoil({ file, directory, list }: Section, kind: string): Promise<void> {
  const entries = directory === undefined ? [] : (await readdir(directory)).filter(isEntry).sort();
  if (directory !== undefined && kind === 'emptied') {
    await rm(directory, { recursive: true });
    await cp(
      join(examples, 'isms', directory.split('/').at(-1) ?? '', 'register.yaml'),
      join(directory, 'register.yaml'),
    );
    return;
  }
  const dating = directory === undefined ? file : join(directory, 'register.yaml');
  const path = kind === 'future' ? dating : (file ?? join(directory ?? '', entries[0] ?? ''));
  if (path === undefined) throw new Error('a register is neither a file nor a directory');
  const text = await readFile(path, 'utf8');
  const spoilt = { cut: cut(path, text), emptied: emptied(path, text, list), empty: '', future: dated(text) };
  const wrong = new Map(Object.entries(spoilt)).get(kind);
  if (wrong === undefined || wrong === text) throw new Error(`${path} can't be ${kind}`);
  await writeFile(path, wrong);
}

const isEntry = (name: string): boolean =>
  /\.(md|yaml)$/.test(name) && !['README.md', 'register.yaml'].includes(name);

async function open(faults: Faults): Promise<Part> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-isms-'));
  await cp(join(examples, 'isms'), directory, { recursive: true });
  for (const [file, text] of Object.entries(PUT_IN_ORDER)) await appendFile(join(directory, file), text);
  const settings = await settingsOf('registers', directory);
  for (const [dataset, kind] of Object.entries(faults)) {
    const spec = specs.find((known) => known.dataset === dataset);
    await spoil(section.parse(settings[spec?.section ?? '']), kind);
  }
  return {
    plugin: 'register',
    settings,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

/** Files: each register is its own, and fails alone. */
export const registers: Source = {
  name: 'registers',
  operations: new Map(specs.map(({ dataset }) => [dataset, [dataset]])),
  kinds: ['cut', 'emptied', 'empty', 'future'],
  side: 5,
  cut: { suppliers: 'cut' },
  now,
  open,
  beside: [employees],
  others: {
    // No incident had to be told to an authority.
    'incidents-told': 'unknown',
    // The register doesn't say how people are engaged.
    'contractor-end': 'unknown',
  },
};
