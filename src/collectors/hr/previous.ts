import { z } from 'zod';
import type { CollectorContext } from '../contract.ts';
import { CollectorError } from '../error.ts';

const personBefore = z.object({
  kind: z.literal('person'),
  id: z.string(),
  email: z.string(),
  logins: z.array(z.string()),
  start_at: z.int().nullable(),
});

const departureBefore = z.object({
  kind: z.literal('departure'),
  person: z.string(),
  at: z.int(),
  at_known: z.boolean(),
  recorded_at: z.int(),
});

const recordBefore = z.discriminatedUnion('kind', [personBefore, departureBefore]);

export type PersonBefore = z.output<typeof personBefore>;
export type DepartureBefore = z.output<typeof departureBefore>;

/** What the last sealed snapshot held, by person id; empty before the first. */
export interface Before {
  readonly asOf: number | undefined;
  readonly people: ReadonlyMap<string, PersonBefore>;
  readonly departures: ReadonlyMap<string, DepartureBefore>;
}

/** Reads the last snapshot to its end, where it is known to be whole. */
export async function readBefore(context: CollectorContext, dataset: string, scope: string): Promise<Before> {
  const people = new Map<string, PersonBefore>();
  const departures = new Map<string, DepartureBefore>();
  const previous = await context.previous(dataset, scope);
  if (previous === undefined) {
    return { asOf: undefined, people, departures };
  }
  for await (const record of previous.records) {
    const { data } = recordBefore.safeParse(record);
    if (data === undefined) {
      throw new CollectorError(
        'internal',
        'the last snapshot holds a record that is neither person nor departure',
      );
    }
    if (data.kind === 'person') {
      people.set(data.id, data);
    } else {
      departures.set(data.person, data);
    }
  }
  return { asOf: previous.asOf, people, departures };
}
