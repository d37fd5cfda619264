import { z } from 'zod';
import type { CollectorContext } from '../contract.ts';
import { CollectorError } from '../error.ts';

const personBefore = z.object({
  kind: z.literal('person'),
  id: z.string(),
  email: z.string(),
  logins: z.array(z.string()),
  start_at: z.int().nullable(),
  type: z.enum(['employee', 'contractor', 'other']).nullable().default(null),
  manager: z.string().default(''),
  department: z.string().default(''),
});

const departureBefore = z.object({
  kind: z.literal('departure'),
  person: z.string(),
  at: z.int(),
  at_known: z.boolean(),
  recorded_at: z.int(),
  returned: z.boolean().default(false),
});

const transferBefore = z.object({
  kind: z.literal('transfer'),
  person: z.string(),
  at: z.int(),
  at_known: z.boolean(),
  recorded_at: z.int(),
  from_department: z.string(),
  to_department: z.string(),
});

const recordBefore = z.discriminatedUnion('kind', [personBefore, departureBefore, transferBefore]);

export type PersonBefore = z.output<typeof personBefore>;
export type DepartureBefore = z.output<typeof departureBefore>;
export type TransferBefore = z.output<typeof transferBefore>;

/** What the last sealed snapshot held, by person id; empty before the first. */
export interface Before {
  readonly asOf: number | undefined;
  readonly people: ReadonlyMap<string, PersonBefore>;
  /** The earliest first. */
  readonly departures: ReadonlyMap<string, readonly DepartureBefore[]>;
  readonly transfers: ReadonlyMap<string, readonly TransferBefore[]>;
}

/** Reads the last snapshot to its end, where it is known to be whole. */
export async function readBefore(context: CollectorContext, dataset: string, scope: string): Promise<Before> {
  const people = new Map<string, PersonBefore>();
  const departures = new Map<string, DepartureBefore[]>();
  const transfers = new Map<string, TransferBefore[]>();
  const previous = await context.previous(dataset, scope);
  if (previous === undefined) {
    return { asOf: undefined, people, departures, transfers };
  }
  for await (const record of previous.records) {
    const { data } = recordBefore.safeParse(record);
    if (data === undefined) {
      throw new CollectorError('internal', 'the last snapshot holds a record that is not of people');
    }
    if (data.kind === 'person') {
      people.set(data.id, data);
    } else if (data.kind === 'departure') {
      add(departures, data);
    } else {
      add(transfers, data);
    }
  }
  for (const list of [...departures.values(), ...transfers.values()]) {
    list.sort((one, other) => one.at - other.at);
  }
  return { asOf: previous.asOf, people, departures, transfers };
}

function add<T extends { readonly person: string }>(lists: Map<string, T[]>, item: T): void {
  const list = lists.get(item.person);
  if (list === undefined) {
    lists.set(item.person, [item]);
  } else {
    list.push(item);
  }
}
