import type { TransferRecord } from '../../inventory/kinds/transfer.ts';
import type { History, Listed, Register } from './listed.ts';
import type { Before, TransferBefore } from './previous.ts';

type Move = Pick<TransferRecord, 'at' | 'at_known' | 'recorded_at' | 'from_department' | 'to_department'>;

/** Moves of a person within the time for which they are told: by the register's own history, or else by what the snapshots before had. */
export function transferRecords(
  person: Pick<Listed, 'id' | 'department' | 'history'>,
  register: Register,
  asOf: number,
  before: Before,
): readonly TransferRecord[] {
  const earlier = before.transfers.get(person.id) ?? [];
  const moves =
    person.history === undefined
      ? [...earlier, ...moved(person, asOf, before)]
      : remembered(person.history.transfers, earlier, asOf);
  return oneEach(moves)
    .filter(({ at }) => at > asOf - register.keepTransfers)
    .map(({ at, at_known, recorded_at, from_department, to_department }) => ({
      id: `${person.id}#transfer-${at}`,
      kind: 'transfer',
      source: register.source,
      scope: register.scope,
      person: person.id,
      at,
      at_known,
      recorded_at,
      from_department,
      to_department,
    }));
}

/** The department differs from that of the snapshot before: the day is not known, and the earliest that it can have been is told. */
function moved(
  { id, department }: Pick<Listed, 'id' | 'department'>,
  asOf: number,
  before: Before,
): readonly Move[] {
  const from = before.people.get(id)?.department ?? '';
  if (before.asOf === undefined || from === '' || department === '' || from === department) {
    return [];
  }
  return [
    { at: before.asOf, at_known: false, recorded_at: asOf, from_department: from, to_department: department },
  ];
}

function remembered(
  transfers: History['transfers'],
  earlier: readonly TransferBefore[],
  asOf: number,
): readonly Move[] {
  return transfers.map(({ at, from, to }) => ({
    at,
    at_known: true,
    recorded_at: earlier.find((known) => known.at === at && known.at_known)?.recorded_at ?? asOf,
    from_department: from,
    to_department: to,
  }));
}

/** Moves at one instant are one: from where the first began to where the last ended. */
function oneEach(moves: readonly Move[]): readonly Move[] {
  const byTime = new Map<number, Move>();
  for (const move of moves) {
    const first = byTime.get(move.at);
    byTime.set(move.at, first === undefined ? move : { ...move, from_department: first.from_department });
  }
  return [...byTime.values()].filter(
    ({ from_department, to_department }) => from_department !== to_department,
  );
}
