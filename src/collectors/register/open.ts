import type { CollectorContext, Provenance } from '../contract.ts';
import { CollectorError } from '../error.ts';
import { statedAsOf } from '../exports/as-of.ts';
import type { AsOf } from '../exports/config.ts';
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
  const { asOf, sheet, directory } = section;
  if (asOf === undefined)
    throw new CollectorError('as-of', "nothing says how old the register's content is: configure asOf");
  if (sheet !== undefined) {
    const { openSheet } = await import('./sheet/open.ts');
    const opened = await openSheet(config.google, section, sheet, clock, context, provenance, signal);
    return 'declared' in asOf ? { ...opened, asOf: outside(asOf, clock, '') } : opened;
  }
  if (directory !== undefined) {
    const { openDirectory } = await import('./directory.ts');
    const opened = await openDirectory(section, clock, context, provenance, signal);
    return 'declared' in asOf ? { ...opened, asOf: outside(asOf, clock, '') } : opened;
  }
  return openFile(section, asOf, clock, context, provenance, signal);
}

async function openFile(
  section: Section,
  asOf: NonNullable<Section['asOf']>,
  clock: Clock,
  context: CollectorContext,
  provenance: Provenance,
  signal: AbortSignal,
): Promise<Opened> {
  const named = 'fileName' in asOf ? asOf : undefined;
  const opened = await openExport({ ...section, asOf: named }, context, provenance, signal);
  const close = (): PromiseLike<void> => opened[Symbol.asyncDispose]();
  const facts: Facts & FileFacts = { sha256: '', bytes: 0, ended: false };
  try {
    const stated = 'declared' in asOf || 'fileName' in asOf ? outside(asOf, clock, opened.name) : undefined;
    if (section.format !== 'yaml') {
      const entries = csvEntries(opened.bytes, section, facts);
      return { asOf: stated, entries, facts, [Symbol.asyncDispose]: close };
    }
    const { readYamlFile } = await import('./yaml-file.ts');
    const { asOf: own, entries } = await readYamlFile(opened.bytes, section, clock, facts);
    return { asOf: stated ?? own, entries, facts, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The time that the settings or the file's name state. */
function outside(asOf: AsOf, clock: Clock, name: string): number | undefined {
  return statedAsOf({ asOf, maxBytes: 0, requestTimeout: 0 }, clock, name);
}
