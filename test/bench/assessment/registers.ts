import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { parseAllDocuments, stringify } from 'yaml';

const examples = resolve(import.meta.dirname, '../../../examples/registers');

const collector = z.looseObject({ metadata: z.looseObject({ name: z.string() }) });

/** The columns of the example's registers; each grows with the people. */
const ROWS: Readonly<Record<string, (at: number, day: string, own: string) => string>> = {
  'training.csv': (at, day, own) =>
    `p${at}@acme.example,security-awareness,03/02/2026,03/02/2027,${own}`.replace('DAY', day),
  'agreements.csv': (at, _, own) =>
    ['Screening', 'Contract', 'NDA']
      .map((kind) => `p${at}@acme.example,${kind},2019-02-11,${own}`)
      .join('\n'),
  'acknowledgements.csv': (at, _, own) =>
    ['POL-01,3.0', 'POL-02,1.0'].map((what) => `p${at}@acme.example,${what},2026-03-10,${own}`).join('\n'),
  'badges.csv': (at, _, own) => `C-${at},p${at}@acme.example,Person,active,2019-03-01,${own}`,
  'access-reviews.csv': (at, _, own) =>
    `AR-BENCH,Google Workspace,2026-10-31,p${at}@acme.example,keep,p${at + 1}@acme.example,2026-11-05,${own}`,
  'assets.csv': (at, _, own) =>
    `X-${at},Asset ${at},Data store,in use,p${at}@acme.example,confidential,yes,yes,2026-06-02,,arn:aws:x:${at},${own}`,
};

/** The examples' registers in `directory`/isms, those that tell of people grown to so many; the manifest that reads them from a directory beside it. */
export async function writeRegisters(directory: string, people: number): Promise<string> {
  await cp(join(examples, 'isms'), join(directory, 'isms'), { recursive: true });
  for (const [name, rowOf] of Object.entries(ROWS)) {
    const file = join(directory, 'isms', name);
    const text = await readFile(file, 'utf8');
    // The day of the export, which every row states.
    const own = text.trimEnd().slice(text.trimEnd().lastIndexOf(',') + 1);
    const rows = Array.from({ length: people }, (_, at) => rowOf(at, own, own));
    await writeFile(file, `${text.trimEnd()}\n${rows.join('\n')}\n`);
  }
  await mkdir(join(directory, 'annexa'), { recursive: true });
  const documents = parseAllDocuments(await readFile(join(examples, 'annexa/collectors.yaml'), 'utf8'));
  const registers = [...documents]
    .map((document) => collector.parse(document.toJS()))
    .find(({ metadata }) => metadata.name === 'registers');
  return stringify(registers);
}
