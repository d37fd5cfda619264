import type { CollectorContext, Provenance } from '../contract.ts';
import { CollectorError } from '../error.ts';
import { statedAsOf } from '../exports/as-of.ts';
import type { ExportConfig } from '../exports/config.ts';
import type { FileFacts } from '../exports/csv.ts';
import { openExport } from '../exports/source.ts';
import type { RegisterConfig } from './config.ts';
import { csvEntries } from './csv.ts';
import type { Facts, Opened } from './opened.ts';
import type { Section } from './section.ts';
import type { Clock } from './times.ts';

/** Opens a register wherever it is. Rejects with a CollectorError. */
export async function openRegister(
  config: RegisterConfig,
  section: Section,
  clock: Clock,
  context: CollectorContext,
  provenance: Provenance,
  signal: AbortSignal,
): Promise<Opened> {
  if (section.asOf === undefined)
    throw new CollectorError('as-of', "nothing says how old the register's content is: configure asOf");
  if (section.sheet !== undefined) {
    const { openSheet } = await import('./sheet/open.ts');
    return openSheet(config.google, section, section.sheet, clock, context, provenance, signal);
  }
  if (section.directory !== undefined) {
    const { openDirectory } = await import('./directory.ts');
    return declared(await openDirectory(section, clock, context, provenance, signal), section, clock, '');
  }
  return openFile(section, clock, context, provenance, signal);
}

async function openFile(
  section: Section,
  clock: Clock,
  context: CollectorContext,
  provenance: Provenance,
  signal: AbortSignal,
): Promise<Opened> {
  const { asOf, ...rest } = section;
  const own = asOf !== undefined && 'fileName' in asOf ? { asOf } : {};
  const opened = await openExport({ ...rest, ...own }, context, provenance, signal);
  try {
    const facts: Facts & FileFacts = { sha256: '', bytes: 0, ended: false };
    const close = () => opened[Symbol.asyncDispose]();
    if (section.format === 'yaml') {
      const { readYamlFile } = await import('./yaml-file.ts');
      const read = await readYamlFile(opened.bytes, section, clock, facts);
      const whole = { ...read, entries: each(read.entries), facts, [Symbol.asyncDispose]: close };
      return declared(whole, section, clock, opened.name);
    }
    const entries = csvEntries(opened.bytes, section, facts);
    const table = { asOf: undefined, entries, facts, [Symbol.asyncDispose]: close };
    return declared(table, section, clock, opened.name);
  } catch (error) {
    await opened[Symbol.asyncDispose]();
    throw error;
  }
}

async function* each<T>(items: Iterable<T>): AsyncGenerator<T, void, undefined> {
  yield* items;
}

/** With the time that the settings or the file's name state, where the register itself doesn't. */
export function declared(opened: Opened, { asOf }: Section, clock: Clock, name: string): Opened {
  if (asOf === undefined || !('declared' in asOf || 'fileName' in asOf)) return opened;
  const stated: Pick<ExportConfig, 'asOf' | 'maxBytes' | 'requestTimeout'> = {
    asOf,
    maxBytes: 0,
    requestTimeout: 0,
  };
  return { ...opened, asOf: statedAsOf(stated, clock, name) };
}
