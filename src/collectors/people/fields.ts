import type { PersonRecord } from '../../inventory/kinds/person.ts';
import { CollectorError } from '../error.ts';
import type { Times } from '../exports/as-of.ts';
import type { Day } from '../exports/dates.ts';
import { address, type Listed, login, personId } from './listed.ts';

/** What a register says of one person, as text without white space around it; empty: nothing. Undefined: it has no such field. */
export interface PersonTexts {
  readonly personId: string;
  readonly workEmail: string;
  readonly logins: readonly string[];
  readonly status: string | undefined;
  readonly start: string;
  readonly lastDay: string;
  readonly type: string | undefined;
  readonly manager: string;
  readonly department: string;
}

/** How the texts are to be understood. */
export interface Understanding {
  /** `<source>:<scope>:` */
  readonly prefix: string;
  /** The register's words. */
  readonly statuses: Readonly<Record<string, NonNullable<Listed['status']>>> | undefined;
  readonly types: Readonly<Record<string, NonNullable<Listed['type']>>> | undefined;
  readonly dateFormat: string;
  readonly times: Times;
}

/** Where a field stands, for errors. */
export type Place = (field: keyof PersonTexts) => string;

/** Throws (`malformed`) with the place and what was expected; values are personal data and never shown. */
export function listedOf(texts: PersonTexts, place: Place, how: Understanding): Listed {
  const { prefix, times } = how;
  const day = (field: 'start' | 'lastDay'): Day | undefined =>
    texts[field] === ''
      ? undefined
      : expect(times.dayIn(texts[field]), place(field), `a date like ${how.dateFormat}, or nothing`);
  const idIn = (field: 'personId' | 'manager') =>
    prefix + expect(matching(texts[field], personId), place(field), 'an id without white space, ":" and "#"');
  const id = idIn('personId');
  const start = day('start');
  const lastDay = day('lastDay');
  return {
    id,
    email:
      texts.workEmail &&
      expect(matching(texts.workEmail, address), place('workEmail'), 'one e-mail address, or nothing'),
    logins: loginsOf(texts.logins, place),
    status: statusOf(texts.status, place, how),
    startAt: start === undefined ? null : times.days.startOf(start),
    leavesAt: lastDay === undefined ? null : times.days.endOf(lastDay),
    type: typeOf(texts.type, place, how),
    manager: texts.manager && idIn('manager'),
    department: texts.department,
  };
}

function loginsOf(texts: readonly string[], place: Place): readonly string[] {
  const found = texts
    .filter((name) => name !== '')
    .map((name) => expect(matching(name, login), place('logins'), 'logins without control characters'));
  return [...new Set(found)];
}

function statusOf(
  text: string | undefined,
  place: Place,
  { statuses = {} }: Understanding,
): PersonRecord['status'] | undefined {
  return text === undefined ? undefined : wordOf(text, statuses, place('status'), 'statuses');
}

/** A register may leave the type out: then it can't say. */
function typeOf(text: string | undefined, place: Place, { types = {} }: Understanding): Listed['type'] {
  return text === undefined || text === '' ? null : wordOf(text, types, place('type'), 'types');
}

function wordOf<T>(text: string, words: Readonly<Record<string, T>>, place: string, what: string): T {
  const meaning = Object.hasOwn(words, text) ? words[text] : undefined;
  return expect(meaning, place, `one of the configured ${what}: ${Object.keys(words).join(', ')}`);
}

function matching(text: string, pattern: RegExp): string | undefined {
  return pattern.test(text) ? text : undefined;
}

function expect<T>(value: T | undefined, place: string, expected: string): T {
  if (value === undefined) {
    throw new CollectorError('malformed', `${place}: expected ${expected}`);
  }
  return value;
}
