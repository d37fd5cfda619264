import type { DepartureRecord } from '../../inventory/kinds/departure.ts';
import type { PersonRecord } from '../../inventory/kinds/person.ts';

/** Somebody's leaving, once. */
export interface Leaving {
  /** End of the last day. */
  readonly at: number;
  readonly at_known: boolean;
  readonly recorded_at: number;
  readonly returned: boolean;
}

/** One record a departure, the earliest first: the first is `#departure`, the second `#departure-2`. */
export function departureRecords(
  person: Pick<PersonRecord, 'id' | 'source' | 'scope'>,
  leavings: readonly Leaving[],
): readonly DepartureRecord[] {
  return leavings.map(({ at, at_known, recorded_at, returned }, index) => ({
    id: `${person.id}#departure${index === 0 ? '' : `-${index + 1}`}`,
    kind: 'departure',
    source: person.source,
    scope: person.scope,
    person: person.id,
    at,
    at_known,
    recorded_at,
    returned,
  }));
}
