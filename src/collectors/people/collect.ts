import type { InventoryRecord } from '../../inventory/kind.ts';
import type { Provenance } from '../contract.ts';
import { CollectorError } from '../error.ts';
import type { Listed, Register } from './listed.ts';
import type { Before } from './previous.ts';
import { carriedRecords, listedRecords } from './records.ts';

/** Somebody in the register, and where, for errors. */
export interface Found {
  readonly listed: Listed;
  readonly place: string;
}

/** A register while it is read. */
export interface Reading {
  /** Everybody whom it lists. Rejects rather than leave somebody out. */
  readonly people: AsyncIterable<Found>;
  /** Its own time, Unix seconds; known when it has told of the first person, or has ended. Throws when it states none. */
  readonly asOf: () => number;
}

/** Everybody whom the register lists, then everybody carried over from the snapshot before. Notes `rows` and `listed`. */
export async function* collectPeople(
  { people, asOf }: Reading,
  register: Register,
  before: Before,
  provenance: Provenance,
  signal: AbortSignal,
): AsyncGenerator<InventoryRecord, void, undefined> {
  const seen = new Set<string>();
  for await (const { listed, place } of people) {
    signal.throwIfAborted();
    if (seen.has(listed.id)) {
      throw new CollectorError('malformed', `${place}: expected an id that nobody before has`);
    }
    seen.add(listed.id);
    yield* listedRecords(listed, register, asOf(), before);
  }
  provenance.setAsOf(asOf());
  provenance.note('rows', seen.size);
  provenance.note('listed', seen.size);
  for (const person of before.people.values()) {
    if (!seen.has(person.id)) {
      yield* carriedRecords(person, register, asOf(), before);
    }
  }
}
