import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { parseAllDocuments, stringify } from 'yaml';

const examples = resolve(import.meta.dirname, '../../../examples/registers');

const collector = z.looseObject({ metadata: z.looseObject({ name: z.string() }) });

/** A row, or several, of somebody with that number, in a register that was exported on the day; each grows with the people. */
const ROWS: Readonly<Record<string, (at: number, day: string) => string>> = {
  'training.csv': (at, day) => `p${at}@acme.example,security-awareness,03/02/2026,03/02/2027,${day}`,
  'agreements.csv': (at, day) =>
    ['Screening', 'Contract', 'NDA']
      .map((kind) => `p${at}@acme.example,${kind},2019-02-11,${day}`)
      .join('\n'),
  'acknowledgements.csv': (at, day) =>
    ['POL-01,3.0', 'POL-02,1.0'].map((what) => `p${at}@acme.example,${what},2026-03-10,${day}`).join('\n'),
  'badges.csv': (at, day) => `C-${at},p${at}@acme.example,Person,active,2019-03-01,${day}`,
  'access-reviews.csv': (at, day) =>
    `AR-BENCH,Google Workspace,2026-10-31,p${at}@acme.example,keep,p${at + 1}@acme.example,2026-11-05,${day}`,
  'assets.csv': (at, day) =>
    `X-${at},Asset ${at},Data store,in use,p${at}@acme.example,confidential,yes,yes,2026-06-02,,arn:aws:x:${at},${day}`,
};

/** The examples' registers in `directory`/isms, those that tell of people grown to so many; the manifest that reads them from a directory beside it. */
export async function writeRegisters(directory: string, people: number): Promise<string> {
  await cp(join(examples, 'isms'), join(directory, 'isms'), { recursive: true });
  for (const [name, rowOf] of Object.entries(ROWS)) {
    const file = join(directory, 'isms', name);
    const text = await readFile(file, 'utf8');
    // Every row states the day of the export, in its last column.
    const listed = text.trimEnd();
    const day = listed.slice(listed.lastIndexOf(',') + 1);
    const rows = Array.from({ length: people }, (_, at) => rowOf(at, day));
    await writeFile(file, [listed, ...rows, ''].join('\n'));
  }
  await mkdir(join(directory, 'annexa'), { recursive: true });
  const documents = parseAllDocuments(await readFile(join(examples, 'annexa/collectors.yaml'), 'utf8'));
  const registers = [...documents]
    .map((document) => collector.parse(document.toJS()))
    .find(({ metadata }) => metadata.name === 'registers');
  return stringify(registers);
}
