import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CollectorContext, Provenance } from '../../src/collectors/contract.ts';
import { type HrConfig, hrConfig } from '../../src/collectors/hr/config.ts';
import { hr } from '../../src/collectors/hr/index.ts';
import type { InventoryRecord } from '../../src/inventory/kind.ts';
import { departure, type DepartureRecord } from '../../src/inventory/kinds/departure.ts';
import { person, type PersonRecord } from '../../src/inventory/kinds/person.ts';

const now = Date.parse('2026-11-20T12:00:00Z') / 1000;

export function at(instant: string): number {
  return Date.parse(instant) / 1000;
}

/** The columns that most tests use: id,email,logins,status,start,last */
export const mapping = {
  scope: 'acme',
  columns: {
    personId: 'id',
    workEmail: 'email',
    logins: { column: 'logins' },
    status: 'status',
    start: 'start',
    lastDay: 'last',
  },
  statuses: { employed: 'active', parental: 'leave', gone: 'left', hired: 'future' },
} as const;

export const header = 'id,email,logins,status,start,last';

export interface Collected {
  readonly records: readonly InventoryRecord[];
  readonly people: ReadonlyMap<string, PersonRecord>;
  readonly departures: ReadonlyMap<string, DepartureRecord>;
  readonly asOf: number | undefined;
  readonly notes: Readonly<Record<string, string | number>>;
  readonly calls: readonly { readonly operation: string; readonly throttled: boolean }[];
  readonly endpoint: { readonly url: string; readonly vendor: boolean } | undefined;
}

export interface Given {
  readonly settings: object;
  readonly directory?: string;
  readonly previous?: { readonly asOf: number; readonly records: readonly InventoryRecord[] } | undefined;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

function configOf(settings: object): HrConfig {
  const given = Object.entries({ ...mapping, ...settings }).filter(([, value]) => value !== undefined);
  return hrConfig.parse(Object.fromEntries(given));
}

/** Collects to the end, and holds every record against its kind. */
export async function collect(given: Given): Promise<Collected> {
  const seen = { asOf: undefined as number | undefined, endpoint: undefined as Collected['endpoint'] };
  const notes: Record<string, string | number> = {};
  const calls: { operation: string; throttled: boolean }[] = [];
  const provenance: Provenance = {
    setAsOf: (instant) => void (seen.asOf = instant),
    setCaller() {},
    setEndpoint: (url, vendor) => void (seen.endpoint = { url, vendor }),
    call: (operation, outcome) => void calls.push({ operation, ...outcome }),
    note: (name, value) => void (notes[name] = value),
  };
  const collector = hr.connect(configOf(given.settings), contextOf(given, provenance));
  const signal = given.signal ?? new AbortController().signal;
  const records: InventoryRecord[] = [];
  for await (const record of collector.collect('people', { id: 'acme' }, signal)) {
    records.push(record);
  }
  const people = records.filter((record) => isPerson(record));
  const departures = records.filter((record) => isDeparture(record));
  return {
    records,
    people: new Map(people.map((record) => [record.id, record])),
    departures: new Map(departures.map((record) => [record.person, record])),
    asOf: seen.asOf,
    endpoint: seen.endpoint,
    notes,
    calls,
  };
}

export function contextOf(given: Given, provenance: Provenance): CollectorContext {
  const { previous } = given;
  return {
    name: 'hr',
    logger: { debug() {}, info() {}, warn() {} },
    now: () => now,
    provenance: () => provenance,
    secret: async (ref) => {
      const value = given.secrets?.['env' in ref ? ref.env : ref.file];
      if (value === undefined) {
        throw new Error('not set');
      }
      return value;
    },
    previous: async () =>
      previous && {
        asOf: previous.asOf,
        records: (async function* () {
          yield* previous.records;
        })(),
      },
    directory: given.directory ?? tmpdir(),
  };
}

function isPerson(record: InventoryRecord): record is PersonRecord {
  return record.kind === 'person' && person.schema.safeParse(record).success;
}

function isDeparture(record: InventoryRecord): record is DepartureRecord {
  return record.kind === 'departure' && departure.schema.safeParse(record).success;
}

/** Collects from a file with these contents, declared to be of 2026-11-19 unless said otherwise. */
export async function collectText(
  text: string | Uint8Array,
  given: Partial<Given> & { readonly name?: string } = {},
): Promise<Collected> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-hr-'));
  try {
    await writeFile(join(directory, given.name ?? 'people.csv'), text);
    const settings = {
      file: given.name ?? 'people.csv',
      asOf: { declared: '2026-11-19' },
      ...given.settings,
    };
    return await collect({ ...given, settings, directory });
  } finally {
    await rm(directory, { recursive: true });
  }
}
