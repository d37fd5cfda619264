import type { CollectorContext, Provenance } from '../contract.ts';
import { CollectorError } from '../error.ts';
import { checkAsOf, statedAsOf, type Times } from '../exports/as-of.ts';
import { type FileFacts, readRows, type Row } from '../exports/csv.ts';
import { openExport } from '../exports/source.ts';
import { UNRECORDED } from '../unrecorded.ts';
import type { Found, Reading } from '../people/collect.ts';
import type { CsvConfig } from './config.ts';
import { type Layout, layoutOf } from './header.ts';
import { checkEnd, type ListedRow, rowReader } from './person.ts';
import { timesOf } from './times.ts';

/** Reads the export. Notes `sha256`, `bytes` and `asOf` at its end. */
export function readCsv(
  config: CsvConfig,
  context: CollectorContext,
  provenance: Provenance,
  previousAsOf: number | undefined,
  signal: AbortSignal,
): Reading {
  const times = timesOf(config);
  let asOf: number | undefined;
  async function* people(): AsyncGenerator<Found, void, undefined> {
    await using opened = await openExport(config, context, provenance, signal);
    const stated = statedAsOf(config, times, opened.name);
    asOf = stated === undefined ? undefined : checkAsOf(stated, context.now(), previousAsOf);
    const facts: FileFacts = { sha256: '', bytes: 0, ended: false };
    const rows = readRows(opened.bytes, config, facts);
    for await (const { listed, asOf: said, place } of listedRows(rows, config, times, facts)) {
      asOf ??= checkAsOf(expectAsOf(said), context.now(), previousAsOf);
      if (said !== undefined && said !== asOf) {
        throw new CollectorError('as-of', 'the rows state different times for the export: expected one');
      }
      yield { listed, place };
    }
    provenance.setCaller(`sha256:${facts.sha256}`);
    provenance.note('sha256', facts.sha256);
    provenance.note('bytes', facts.bytes);
    provenance.note('asOf', Object.keys(config.asOf ?? {}).join());
  }
  return { people: people(), asOf: () => expectAsOf(asOf) };
}

function expectAsOf(asOf: number | undefined): number {
  if (asOf === undefined) {
    throw new CollectorError('as-of', 'no row states when the export was made');
  }
  return asOf;
}

/** The rows, understood. Rejects at the end when the file may have been cut there. */
async function* listedRows(
  rows: AsyncIterable<Row>,
  config: CsvConfig,
  times: Times,
  facts: FileFacts,
): AsyncGenerator<ListedRow & Found, void, undefined> {
  let layout: Layout | undefined;
  let read: ((row: Row) => ListedRow) | undefined;
  let last: Row | undefined;
  for await (const row of rows) {
    if (layout === undefined || read === undefined) {
      layout = layoutOf(row.values, config);
      read = rowReader(config, layout, times);
      continue;
    }
    last = row;
    yield { ...read(row), place: `row ${row.number}, column ${config.columns.personId}` };
  }
  if (layout === undefined) {
    throw new CollectorError('malformed', 'the file is empty: expected a header');
  }
  if (last !== undefined && !facts.ended) {
    checkEnd(last, layout, config);
  }
}

/** Opens the register and reads its header. */
export async function readHeader(
  config: CsvConfig,
  context: CollectorContext,
  signal: AbortSignal,
): Promise<void> {
  await using opened = await openExport(config, context, UNRECORDED, signal);
  const asOf = statedAsOf(config, timesOf(config), opened.name);
  if (asOf !== undefined) {
    checkAsOf(asOf, context.now(), undefined);
  }
  for await (const row of readRows(opened.bytes, config, { sha256: '', bytes: 0, ended: false })) {
    layoutOf(row.values, config);
    return;
  }
  throw new CollectorError('malformed', 'the file is empty: expected a header');
}
