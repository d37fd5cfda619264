import { createHash } from 'node:crypto';
import type { CollectorContext, Provenance } from '../contract.ts';
import { CollectorError } from '../error.ts';
import { checkAsOf, instantIn, SKEW, statedAsOf, type Times } from '../exports/as-of.ts';
import { type JsonAnswer, openJson, parseJson, readAll } from '../exports/json.ts';
import { addressOf, authorizationOf, openExport } from '../exports/source.ts';
import { UNRECORDED } from '../unrecorded.ts';
import type { Found, Reading } from '../people/collect.ts';
import type { JsonConfig } from './config.ts';
import { itemReader } from './item.ts';
import { itemsIn, type Page, pagesOf, totalIn } from './pages.ts';
import { at } from './pointer.ts';
import { timesOf } from './times.ts';

/** Reads every page. Notes `sha256` (of the answers, one after another), `bytes`, `pages` and `asOf` at its end. */
export function readJson(
  config: JsonConfig,
  context: CollectorContext,
  provenance: Provenance,
  previousAsOf: number | undefined,
  signal: AbortSignal,
): Reading {
  const times = timesOf(config);
  const read = itemReader(config, times);
  let asOf: number | undefined;
  async function* people(): AsyncGenerator<Found, void, undefined> {
    const hash = createHash('sha256');
    let bytes = 0;
    let pages = 0;
    let items = 0;
    for await (const page of opened(config, context, provenance, signal)) {
      hash.update(page.answer.bytes);
      bytes += page.answer.bytes.length;
      pages++;
      asOf ??= checkAsOf(statedIn(page, config, times), context.now(), previousAsOf, skewOf(config));
      for (const item of page.items) {
        const place = `item ${++items}`;
        yield { listed: read(item, place), place: `${place}, ${config.fields.personId.pointer}` };
      }
    }
    const sha256 = hash.digest('hex');
    provenance.setCaller(`sha256:${sha256}`);
    provenance.note('sha256', sha256);
    provenance.note('bytes', bytes);
    provenance.note('pages', pages);
    provenance.note('asOf', Object.keys(config.asOf ?? {}).join());
  }
  return {
    people: people(),
    asOf: () => {
      if (asOf === undefined) throw new CollectorError('internal', 'the register was not read');
      return asOf;
    },
  };
}

interface OpenedPage extends Page {
  /** The last segment of the path. */
  readonly name: string;
}

async function* opened(
  config: JsonConfig,
  context: CollectorContext,
  provenance: Provenance,
  signal: AbortSignal,
): AsyncGenerator<OpenedPage, void, undefined> {
  if (config.url === undefined) {
    yield await fromFile(config, context, provenance, signal);
    return;
  }
  const url = await addressOf(config, context);
  const headers = await authorizationOf(config, context);
  provenance.setEndpoint(url.origin, url.protocol === 'https:');
  await using source = await openJson({ ...config, headers }, provenance, signal);
  const name = decodeURIComponent(url.pathname.split('/').at(-1) ?? '');
  for await (const page of pagesOf(source, url, config)) yield { ...page, name };
}

async function fromFile(
  config: JsonConfig,
  context: CollectorContext,
  provenance: Provenance,
  signal: AbortSignal,
): Promise<OpenedPage> {
  await using file = await openExport(config, context, provenance, signal);
  const bytes = await readAll(file.bytes, config.maxBytes);
  const value = parseJson(bytes, 'the file');
  const items = itemsIn(value, config);
  const total = totalIn(value, config);
  if (total !== undefined && total !== items.length)
    throw new CollectorError('incomplete', `${items.length} people came, and the total is ${total}`);
  return { name: file.name, answer: { value, bytes, date: undefined }, items };
}

/** What the first page says of the register's time: whatever is read later is told as of then. */
function statedIn({ answer, name }: OpenedPage, config: JsonConfig, times: Times): number {
  const stated = statedAsOf(config, times, name);
  if (stated !== undefined) return stated;
  const { asOf } = config;
  if (asOf !== undefined && 'pointer' in asOf) return pointed(answer, asOf.pointer, times);
  if (answer.date === undefined) throw new CollectorError('as-of', 'answered without a Date header');
  return answer.date;
}

function pointed({ value }: JsonAnswer, pointer: string, times: Times): number {
  const stated = at(value, pointer);
  if (typeof stated !== 'string')
    throw new CollectorError('as-of', `${pointer}: expected a date, or a date-time with its offset`);
  return instantIn(stated, times, pointer);
}

/** A server's clock may differ from ours. */
function skewOf({ asOf }: JsonConfig): number {
  return asOf !== undefined && 'header' in asOf ? SKEW : 0;
}

/** Asks for the first page, and understands what is on it. */
export async function readFirst(
  config: JsonConfig,
  context: CollectorContext,
  signal: AbortSignal,
): Promise<void> {
  const times = timesOf(config);
  const read = itemReader(config, times);
  for await (const page of opened(config, context, UNRECORDED, signal)) {
    checkAsOf(statedIn(page, config, times), context.now(), undefined, skewOf(config));
    for (const [index, item] of page.items.entries()) read(item, `item ${index + 1}`);
    return;
  }
}
