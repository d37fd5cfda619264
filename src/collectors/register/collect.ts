import type { InventoryRecord } from '../../inventory/kind.ts';
import type { CollectorContext, Provenance } from '../contract.ts';
import { CollectorError } from '../error.ts';
import { checkAsOf } from '../exports/as-of.ts';
import { sourceFailure } from '../exports/failure.ts';
import type { RegisterConfig } from './config.ts';
import { openRegister } from './open.ts';
import { recordReader } from './record.ts';
import type { RegisterSpec } from './registers.ts';
import type { Section } from './section.ts';

/** What a collection of one register needs. */
export interface Collecting {
  readonly spec: RegisterSpec;
  readonly config: RegisterConfig;
  readonly section: Section;
  readonly context: CollectorContext;
  readonly provenance: Provenance;
  /** As-of time of the last snapshot. */
  readonly before: number | undefined;
  readonly signal: AbortSignal;
}

/** Every entry's record. Notes `sha256`, `bytes`, `rows`, `asOf`, and of a directory `files`. */
export async function* collectRegister(
  collecting: Collecting,
): AsyncGenerator<InventoryRecord, void, undefined> {
  const { spec, config, section, context, provenance, signal } = collecting;
  const reader = recordReader(spec, config, section);
  await using opened = await openRegister(config, section, reader.clock, context, provenance, signal);
  const checked = (asOf: number): number => checkAsOf(asOf, context.now(), collecting.before);
  let asOf = opened.asOf === undefined ? undefined : checked(opened.asOf);
  const seen = new Set<string>();
  for await (const entry of readable(opened.entries, signal)) {
    signal.throwIfAborted();
    const stated = reader.asOf(entry);
    asOf ??= checked(expectAsOf(stated));
    if (stated !== undefined && stated !== asOf)
      throw new CollectorError(
        'as-of',
        `${entry.place}: states another time for the register than those before`,
      );
    const record = reader.record(entry, asOf);
    if (seen.has(record.id))
      throw new CollectorError('malformed', `${entry.place}: expected an id that none before has`);
    seen.add(record.id);
    yield record;
  }
  provenance.setAsOf(expectAsOf(asOf));
  const { sha256, bytes, files } = opened.facts;
  if (section.sheet === undefined) provenance.setCaller(`sha256:${sha256}`);
  provenance.note('sha256', sha256);
  provenance.note('bytes', bytes);
  provenance.note('rows', seen.size);
  if (files !== undefined) provenance.note('files', files);
  provenance.note('asOf', Object.keys(section.asOf ?? {}).join());
}

function expectAsOf(asOf: number | undefined): number {
  if (asOf === undefined) throw new CollectorError('as-of', 'no entry states how old the register is');
  return asOf;
}

/** What a file's stream throws, put into the contract's words. */
async function* readable<T>(
  entries: AsyncIterable<T> | Iterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  try {
    yield* entries;
  } catch (error) {
    throw sourceFailure(error, signal);
  }
}
