import type { InventoryRecord } from '../../inventory/kind.ts';
import type { PersonRecord } from '../../inventory/kinds/person.ts';
import { type Leaving, departureRecords } from './departures.ts';
import type { Listed, Register } from './listed.ts';
import type { Before, DepartureBefore, PersonBefore } from './previous.ts';
import { transferRecords } from './transfers.ts';

/** The person and, when the register tells of them, departures and transfers. */
export function listedRecords(
  listed: Listed,
  register: Register,
  asOf: number,
  before: Before,
): readonly InventoryRecord[] {
  const person: PersonRecord = {
    id: listed.id,
    kind: 'person',
    source: register.source,
    scope: register.scope,
    email: listed.email,
    logins: [...listed.logins],
    status: listed.status ?? impliedStatus(listed, asOf),
    start_at: listed.startAt,
    type: listed.type,
    manager: listed.manager,
    department: listed.department,
  };
  const earlier = before.departures.get(listed.id) ?? [];
  const returned = returnedFrom(listed, earlier, asOf);
  const current = leavingOf(listed, person.status, pending(earlier), before.asOf, asOf);
  return [
    person,
    ...departureRecords(person, current === undefined ? returned : [...returned, current]),
    ...transferRecords(listed, register, asOf, before),
  ];
}

function impliedStatus(listed: Listed, asOf: number): PersonRecord['status'] {
  if (listed.leavesAt !== null && listed.leavesAt < asOf && !cameBack(listed, listed.leavesAt, asOf)) {
    return 'left';
  }
  return listed.startAt !== null && listed.startAt > asOf ? 'future' : 'active';
}

/** Whether the register has them here by a start that came after this last day. One that keeps a history says so itself. */
function cameBack({ history, startAt, status }: Listed, at: number, asOf: number): boolean {
  return history === undefined && status !== 'left' && startAt !== null && at < startAt && startAt <= asOf;
}

/** The departure that they have not come back from. */
function pending(departures: readonly DepartureBefore[]): DepartureBefore | undefined {
  return departures.find(({ returned }) => !returned);
}

/** Departures that they came back from: those that the register remembers or still states, and those told of before. */
function returnedFrom(listed: Listed, earlier: readonly DepartureBefore[], asOf: number): readonly Leaving[] {
  const { history, leavesAt } = listed;
  if (history !== undefined) {
    return history.returned.map((at) => ({ ...told(at, earlier, asOf), returned: true }));
  }
  const kept = earlier.filter(({ at, returned }) => returned || cameBack(listed, at, asOf));
  const stated =
    leavesAt !== null && cameBack(listed, leavesAt, asOf) && !kept.some(({ at }) => at === leavesAt)
      ? [told(leavesAt, [], asOf)]
      : [];
  return [...kept, ...stated].map((leaving) => ({ ...leaving, returned: true }));
}

function leavingOf(
  listed: Listed,
  status: PersonRecord['status'],
  earlier: DepartureBefore | undefined,
  previousAsOf: number | undefined,
  asOf: number,
): Leaving | undefined {
  const { leavesAt } = listed;
  if (leavesAt !== null && !cameBack(listed, leavesAt, asOf)) {
    return { ...told(leavesAt, earlier === undefined ? [] : [earlier], asOf), returned: false };
  }
  return status === 'left' ? presumed(earlier, previousAsOf, asOf) : undefined;
}

/** HR told of a last day when an export first had it: a later export doesn't make it news. */
function told(at: number, earlier: readonly DepartureBefore[], asOf: number): Omit<Leaving, 'returned'> {
  const known = earlier.find((departure) => departure.at === at && departure.at_known);
  return { at, at_known: true, recorded_at: known?.recorded_at ?? asOf };
}

/** The departure told of before, if it had taken place; otherwise one at the last export that still listed the person as being here. */
function presumed(
  earlier: DepartureBefore | undefined,
  previousAsOf: number | undefined,
  asOf: number,
): Leaving {
  if (earlier !== undefined && previousAsOf !== undefined && earlier.at <= previousAsOf) {
    return { ...earlier, returned: false };
  }
  return { at: previousAsOf ?? asOf, at_known: false, recorded_at: asOf, returned: false };
}

/**
 * Somebody whom the last snapshot held and this export doesn't list. A departure that had taken place stays what it was, so that a register
 * which deletes its leavers doesn't move their last day; anybody else has vanished.
 */
export function carriedRecords(
  gone: PersonBefore,
  register: Register,
  asOf: number,
  before: Before,
): readonly InventoryRecord[] {
  const earlier = before.departures.get(gone.id) ?? [];
  const leaving = presumed(pending(earlier), before.asOf, asOf);
  const person: PersonRecord = {
    ...gone,
    source: register.source,
    scope: register.scope,
    status: leaving.at_known ? 'left' : 'vanished',
  };
  return [
    person,
    ...departureRecords(person, [...earlier.filter(({ returned }) => returned), leaving]),
    ...transferRecords({ id: gone.id, department: gone.department }, register, asOf, before),
  ];
}
