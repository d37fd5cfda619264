import type { InventoryRecord } from '../../inventory/kind.ts';
import type {
  Collector,
  CollectorContext,
  CollectorPlugin,
  DatasetSpec,
  PermissionReport,
} from '../contract.ts';
import { CollectorError } from '../error.ts';
import { UNRECORDED } from '../unrecorded.ts';
import { checkAsOf, statedAsOf, type Times } from '../exports/as-of.ts';
import { type HrConfig, hrConfig } from './config.ts';
import { type FileFacts, readRows, type Row } from '../exports/csv.ts';
import { dateReader, zone } from '../exports/dates.ts';
import { type Layout, layoutOf } from './header.ts';
import { carriedRecords, listedRecords } from './people.ts';
import { checkEnd, type Listed, rowReader } from './person.ts';
import { readBefore } from './previous.ts';
import { openExport } from '../exports/source.ts';

const dataset = 'people';

const datasets: readonly DatasetSpec[] = [
  {
    name: dataset,
    kinds: ['person', 'departure'],
    cadence: 'every 24h',
    operations: ['read', 'GET'],
    permissions: ['read the export'],
    minRecords: 1,
    maxShrink: 0.1,
  },
];

/** The HR register's export, a CSV: people and departures, one scope a register. */
export const hr: CollectorPlugin<HrConfig> = { type: 'hr', config: hrConfig, datasets, connect };

function connect(config: HrConfig, context: CollectorContext): Collector {
  return {
    scopes: async () => [{ id: config.scope, ...(config.title !== undefined && { title: config.title }) }],
    collect: (name, scope, signal) => {
      if (name !== dataset || scope.id !== config.scope) {
        throw new CollectorError('configuration', `hr has no dataset ${name} in the scope ${scope.id}`);
      }
      return collect(config, context, signal);
    },
    preflight: (signal) => preflight(config, context, signal),
    [Symbol.asyncDispose]: async () => {},
  };
}

/** Everybody whom the export lists, then everybody carried over from the snapshot before. Notes `listed`, `sha256`, `bytes`, `asOf`. */
async function* collect(
  config: HrConfig,
  context: CollectorContext,
  signal: AbortSignal,
): AsyncGenerator<InventoryRecord, void, undefined> {
  const { scope } = config;
  const provenance = context.provenance(dataset, scope);
  const before = await readBefore(context, dataset, scope);
  const times: Times = { days: zone(config.timeZone), dayIn: dateReader(config.dateFormat) };
  await using opened = await openExport(config, context, provenance, signal);
  const stated = statedAsOf(config, times, opened.name);
  const facts: FileFacts = { sha256: '', bytes: 0, ended: false };
  const seen = new Set<string>();
  let asOf = stated === undefined ? undefined : checkAsOf(stated, context.now(), before.asOf);
  for await (const listed of listedPeople(
    readRows(opened.bytes, config, facts),
    config,
    times,
    facts,
    seen,
  )) {
    signal.throwIfAborted();
    asOf ??= checkAsOf(expectAsOf(listed.asOf), context.now(), before.asOf);
    if (listed.asOf !== undefined && listed.asOf !== asOf) {
      throw new CollectorError('as-of', 'the rows state different times for the export: expected one');
    }
    yield* listedRecords(listed, scope, asOf, before);
  }
  asOf = expectAsOf(asOf);
  provenance.setAsOf(asOf);
  provenance.setCaller(`sha256:${facts.sha256}`);
  provenance.note('sha256', facts.sha256);
  provenance.note('bytes', facts.bytes);
  provenance.note('rows', seen.size);
  provenance.note('listed', seen.size);
  provenance.note('asOf', Object.keys(config.asOf ?? {}).join());
  for (const person of before.people.values()) {
    if (!seen.has(person.id)) {
      yield* carriedRecords(person, scope, asOf, before);
    }
  }
}

function expectAsOf(asOf: number | undefined): number {
  if (asOf === undefined) {
    throw new CollectorError('as-of', 'no row states when the export was made');
  }
  return asOf;
}

/** The rows, understood, each person once: `seen` holds their ids. Rejects at the end when the file may have been cut there. */
async function* listedPeople(
  rows: AsyncIterable<Row>,
  config: HrConfig,
  times: Times,
  facts: FileFacts,
  seen: Set<string>,
): AsyncGenerator<Listed, void, undefined> {
  let layout: Layout | undefined;
  let read: ((row: Row) => Listed) | undefined;
  let last: Row | undefined;
  for await (const row of rows) {
    if (layout === undefined || read === undefined) {
      layout = layoutOf(row.values, config);
      read = rowReader(config, layout, times);
      continue;
    }
    const listed = read(row);
    if (seen.has(listed.id)) {
      throw new CollectorError(
        'malformed',
        `row ${row.number}, column ${config.columns.personId}: expected an id that no row before has`,
      );
    }
    seen.add(listed.id);
    last = row;
    yield listed;
  }
  if (layout === undefined) {
    throw new CollectorError('malformed', 'the file is empty: expected a header');
  }
  if (last !== undefined && !facts.ended) {
    checkEnd(last, layout, config);
  }
}

/** Opens the register and reads its header. */
async function preflight(
  config: HrConfig,
  context: CollectorContext,
  signal: AbortSignal,
): Promise<PermissionReport> {
  const permission = { dataset, permission: 'read the export', scope: config.scope };
  const report = (held: boolean | 'unknown', detail?: string): PermissionReport => ({
    caller: config.file === undefined ? 'url' : `file:${config.file}`,
    permissions: [{ ...permission, held, ...(detail !== undefined && { detail }) }],
  });
  try {
    await readHeader(config, context, signal);
    return report(true);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof CollectorError) {
      return report(
        error.code === 'denied' || error.code === 'configuration' ? false : 'unknown',
        error.message,
      );
    }
    throw error;
  }
}

async function readHeader(config: HrConfig, context: CollectorContext, signal: AbortSignal): Promise<void> {
  const times: Times = { days: zone(config.timeZone), dayIn: dateReader(config.dateFormat) };
  await using opened = await openExport(config, context, UNRECORDED, signal);
  const asOf = statedAsOf(config, times, opened.name);
  if (asOf !== undefined) {
    checkAsOf(asOf, context.now(), undefined);
  }
  for await (const row of readRows(opened.bytes, config, { sha256: '', bytes: 0, ended: false })) {
    layoutOf(row.values, config);
    return;
  }
  throw new CollectorError('malformed', 'the file is empty: expected a header');
}
