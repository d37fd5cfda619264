import type { PersonRecord } from '../../inventory/kinds/person.ts';

/** One person of a register, understood. */
export interface Listed {
  /** `<source>:<scope>:<person id>` */
  readonly id: string;
  readonly email: string;
  readonly logins: readonly string[];
  /** As the register says; undefined when it has none. */
  readonly status: PersonRecord['status'] | undefined;
  readonly startAt: number | null;
  /** End of the last day; null when none is stated. */
  readonly leavesAt: number | null;
  readonly type: 'employee' | 'contractor' | 'other' | null;
  /** Id of the person record; empty: none. */
  readonly manager: string;
  readonly department: string;
  /** What the register itself remembers; undefined where it keeps no history, and the snapshots before are all there is. */
  readonly history?: History | undefined;
}

/** Instants in Unix seconds, the earliest first. */
export interface History {
  /** Ends of last days that were followed by another start. */
  readonly returned: readonly number[];
  readonly transfers: readonly { readonly at: number; readonly from: string; readonly to: string }[];
}

/** Where people are read from: the plugin and its scope. */
export interface Register {
  readonly source: string;
  readonly scope: string;
  /** How long a transfer is told, in seconds. */
  readonly keepTransfers: number;
}

/** No white space, control characters or colons; `#` sets departures apart. */
export const personId = /^[^\s\p{Cc}:#]{1,256}$/u;
/** What looks like one e-mail address. */
export const address = /^[^\s\p{Cc}@]+@[^\s\p{Cc}@]+$/u;
export const login = /^[^\p{Cc}]{1,512}$/u;
