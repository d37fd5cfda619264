import { z } from 'zod';
import type { Erasures, Sealed } from './contract.ts';
import { restored, storedUnder } from './erasures.ts';
import { readLines } from './read-body.ts';
import { type Referring, references, type Role } from './references.ts';
import { erasedLeaf } from './remainder.ts';
import type { ObjectStore } from './store.ts';

/** A body, and what refers to it. */
export interface Holder {
  readonly sha256: string;
  /** `kept`: it may not be erased. */
  readonly role: Role;
  readonly streams: ReadonlySet<string>;
  /** When the first and the last entry that refer to it were sealed, Unix seconds. */
  readonly first: number;
  readonly last: number;
  /** Ids that were asked for, of records that are in it. */
  readonly records: readonly string[];
}

export interface Found {
  /** Bodies that hold a record that was asked for. */
  readonly holders: readonly Holder[];
  /** Other records that name one, by id: in how many bodies they do. */
  readonly mentions: ReadonlyMap<string, number>;
  /** Bodies looked through. */
  readonly searched: number;
}

export interface Searched extends Referring {
  readonly store: ObjectStore;
  erasures(): Promise<Erasures>;
}

type Uses = Omit<Holder, 'records' | 'streams'> & { readonly streams: Set<string> };

const lineSchema = z.looseObject({ id: z.string() });

/** Looks through every body of a log, or what remains of it, for records with these ids. Throws `corrupt` for a body that can't be read. */
export async function findRecords(
  log: Searched,
  ids: readonly string[],
  progress: (done: number, of: number) => void = () => {},
): Promise<Found> {
  const uses = await usesOf(log);
  const known = await log.erasures();
  const under = storedUnder(known, await restored(log, log.store, known));
  const needles = ids.map((id) => ({ id, bytes: Buffer.from(JSON.stringify(id).slice(1, -1)) }));
  const holders: Holder[] = [];
  const mentions = new Map<string, number>();
  let done = 0;
  for (const use of uses) {
    progress((done += 1), uses.length);
    const digest = under(use.sha256);
    if (digest === null || ids.length === 0) continue;
    const records: string[] = [];
    for await (const line of readLines(log.store, digest)) {
      const named = needles.filter(({ bytes }) => mentioned(line, bytes));
      if (named.length === 0 || erasedLeaf(line) !== undefined) continue;
      const { id } = lineSchema.parse(JSON.parse(Buffer.from(line).toString()));
      if (named.some((needle) => needle.id === id)) records.push(id);
      else mentions.set(id, (mentions.get(id) ?? 0) + 1);
    }
    if (records.length > 0) holders.push({ ...use, records });
  }
  return { holders, mentions, searched: done };
}

/** Every body that entries refer to, once. */
export async function usesOf(log: Referring): Promise<Uses[]> {
  const uses = new Map<string, Uses>();
  for await (const { sha256, role, entry } of references(log))
    uses.set(sha256, joined(uses.get(sha256), { sha256, role, entry }));
  return [...uses.values()];
}

function joined(
  before: Uses | undefined,
  { sha256, role, entry }: { sha256: string; role: Role; entry: Sealed },
): Uses {
  const streams = (before?.streams ?? new Set()).add(entry.stream);
  return {
    sha256,
    role: before?.role === 'kept' ? 'kept' : role,
    streams,
    first: before?.first ?? entry.sealedAt,
    last: entry.sealedAt,
  };
}

/** Whether the bytes stand in the line, and not as a part of a longer name. */
function mentioned(line: Uint8Array, bytes: Buffer): boolean {
  const text = Buffer.from(line.buffer, line.byteOffset, line.byteLength);
  for (let at = text.indexOf(bytes); at >= 0; at = text.indexOf(bytes, at + 1)) {
    if (!isPart(text[at - 1]) && !isPart(text[at + bytes.length])) return true;
  }
  return false;
}

/** Letters and digits, and bytes of characters beyond ASCII. */
function isPart(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  return byte >= 0x80 || /[A-Za-z0-9]/.test(String.fromCharCode(byte));
}
