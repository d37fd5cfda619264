import type { InventoryRecord } from '../../inventory/kind.ts';
import type { DepartureRecord } from '../../inventory/kinds/departure.ts';
import type { PersonRecord } from '../../inventory/kinds/person.ts';
import type { Listed } from './person.ts';
import type { Before, DepartureBefore, PersonBefore } from './previous.ts';

const source = 'hr';

/** The person of a row and, when the register tells of it, the departure. */
export function listedRecords(
  listed: Listed,
  scope: string,
  asOf: number,
  before: Before,
): readonly InventoryRecord[] {
  const person: PersonRecord = {
    id: listed.id,
    kind: 'person',
    source,
    scope,
    email: listed.email,
    logins: [...listed.logins],
    status: listed.status ?? impliedStatus(listed, asOf),
    start_at: listed.startAt,
  };
  const earlier = before.departures.get(listed.id);
  if (listed.leavesAt !== null) {
    // HR told of this last day when an export first had it: a later export doesn't make it news.
    const known = earlier?.at === listed.leavesAt && earlier.at_known;
    const recordedAt = known ? earlier.recorded_at : asOf;
    return [person, departure(person, listed.leavesAt, true, recordedAt)];
  }
  if (person.status !== 'left') {
    return [person];
  }
  return [person, presumedDeparture(person, earlier, before.asOf, asOf)];
}

function impliedStatus(listed: Listed, asOf: number): PersonRecord['status'] {
  if (listed.leavesAt !== null && listed.leavesAt < asOf) {
    return 'left';
  }
  return listed.startAt !== null && listed.startAt > asOf ? 'future' : 'active';
}

/**
 * Somebody whom the last snapshot held and this export doesn't list. A departure that had taken place stays what it was, so that a register
 * which deletes its leavers doesn't move their last day; anybody else has vanished.
 */
export function carriedRecords(
  gone: PersonBefore,
  scope: string,
  asOf: number,
  before: Before,
): readonly InventoryRecord[] {
  const earlier = before.departures.get(gone.id);
  const leaving = presumedDeparture({ id: gone.id, scope }, earlier, before.asOf, asOf);
  const person: PersonRecord = {
    id: gone.id,
    kind: 'person',
    source,
    scope,
    email: gone.email,
    logins: gone.logins,
    status: leaving.at_known ? 'left' : 'vanished',
    start_at: gone.start_at,
  };
  return [person, leaving];
}

/** The departure told of before, if it had taken place; otherwise one at the last export that still listed the person as being here. */
function presumedDeparture(
  person: Pick<PersonRecord, 'id' | 'scope'>,
  earlier: DepartureBefore | undefined,
  previousAsOf: number | undefined,
  asOf: number,
): DepartureRecord {
  if (earlier !== undefined && previousAsOf !== undefined && earlier.at <= previousAsOf) {
    return departure(person, earlier.at, earlier.at_known, earlier.recorded_at);
  }
  return departure(person, previousAsOf ?? asOf, false, asOf);
}

function departure(
  person: Pick<PersonRecord, 'id' | 'scope'>,
  at: number,
  known: boolean,
  recordedAt: number,
): DepartureRecord {
  return {
    id: `${person.id}#departure`,
    kind: 'departure',
    source,
    scope: person.scope,
    person: person.id,
    at,
    at_known: known,
    recorded_at: recordedAt,
  };
}
