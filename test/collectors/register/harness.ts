import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { PermissionReport } from '../../../src/collectors/contract.ts';
import { registerConfig } from '../../../src/collectors/register/config.ts';
import { register } from '../../../src/collectors/register/index.ts';
import type { InventoryRecord } from '../../../src/inventory/kind.ts';
import { contextOf, type Outcome, recordsOf } from '../harness.ts';

export const now = at('2026-11-28T12:00:00Z');

export function at(instant: string): number {
  return Date.parse(instant) / 1000;
}

export interface Given {
  /** Settings of the collector beside `scope`. */
  readonly settings: object;
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly dataset?: string;
  readonly secrets?: Readonly<Record<string, string>>;
  /** As-of time of the last snapshot. */
  readonly before?: number;
  readonly signal?: AbortSignal;
  /** Done with the directory before it is read. */
  readonly prepare?: (directory: string) => Promise<unknown>;
}

/** Collects one register to its end, with the files in a directory of their own; every record is held against its kind. */
export function collect(given: Given): Promise<Outcome> {
  return withDirectory(given, async (directory) => {
    const { context, told } = contextOf(() => now, given.secrets, {
      directory,
      previous: async () =>
        given.before === undefined ? undefined : { asOf: given.before, records: nothing() },
    });
    const collector = register.connect(registerConfig.parse({ scope: 'acme', ...given.settings }), context);
    const dataset = given.dataset ?? 'training';
    const records = await recordsOf(collector, dataset, { id: 'acme' }, given.signal);
    return { records, told };
  });
}

export function preflight(given: Given): Promise<PermissionReport> {
  return withDirectory(given, (directory) => {
    const { context } = contextOf(() => now, given.secrets, { directory });
    const collector = register.connect(registerConfig.parse({ scope: 'acme', ...given.settings }), context);
    return collector.preflight(given.signal ?? new AbortController().signal);
  });
}

async function withDirectory<T>(given: Given, work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-register-'));
  try {
    for (const [name, content] of Object.entries(given.files ?? {})) {
      await mkdir(dirname(join(directory, name)), { recursive: true });
      await writeFile(join(directory, name), content);
    }
    await given.prepare?.(directory);
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function* nothing(): AsyncGenerator<InventoryRecord> {}

/** The fields of a record that aren't its identity. */
export function fieldsOf(record: InventoryRecord | undefined): Readonly<Record<string, unknown>> {
  const own = new Set(['id', 'kind', 'source', 'scope']);
  return Object.fromEntries(Object.entries(record ?? {}).filter(([name]) => !own.has(name)));
}

export const columns = {
  person: 'Employee',
  course: 'Course',
  completed_at: 'Completed',
  valid_until: 'Valid until',
};

/** A CSV of trainings, of 2026-11-20. */
export const training = {
  file: 'training.csv',
  asOf: { declared: '2026-11-20' },
  id: ['Employee', 'Course'],
  columns,
};

export const header = 'Employee,Course,Completed,Valid until,Note';

/** Collects a CSV with these rows below the header. */
export function collectRows(
  rows: readonly string[],
  section: object = {},
  given: Partial<Given> = {},
): Promise<Outcome> {
  return collect({
    ...given,
    settings: { ...given.settings, training: { ...training, ...section } },
    files: { 'training.csv': [header, ...rows, ''].join('\n') },
  });
}
