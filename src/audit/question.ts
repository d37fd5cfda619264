import { z } from 'zod';
import { allAspects, findControl } from '../controls/catalogue.ts';
import { compareUtf8 } from '../inventory/utf8.ts';
import type { Question } from './contract.ts';
import { AuditError } from './error.ts';

/** A question as people write it. */
export interface AskedQuestion {
  /** A date (its first moment in UTC) or an RFC 3339 instant. */
  readonly from: string;
  /** A date (all of that day) or an RFC 3339 instant (excluded). */
  readonly to: string;
  /** Ids such as `A.8.5`; none: all. */
  readonly controls?: readonly string[];
  /** Names; none: all that the controls rest on. */
  readonly collectors?: readonly string[];
}

const DAY = 86_400;
const date = z.iso.date();
const instant = z.iso.datetime({ offset: true });
const controlId = /^(?:A\.)?\d+(?:\.\d+)*$/i;

/** The question, but for the checkpoint at which it is answered. Throws `question`, saying of which field, and what was expected. */
export function parseQuestion(asked: AskedQuestion): Omit<Question, 'at'> {
  const from = moment(asked.from, 'from', 0);
  const to = moment(asked.to, 'to', DAY);
  if (to <= from) throw refused(`the period ends (${asked.to}) before it begins (${asked.from})`, 'to');
  for (const id of asked.controls ?? []) if (findControl(id) === undefined) throw unknownControl(id);
  return { from, to, controls: names(asked.controls), collectors: names(asked.collectors) };
}

/** Unix seconds. `whole`: what a date adds to its first moment. */
function moment(text: string, what: 'from' | 'to', whole: number): number {
  if (date.safeParse(text).success) return Date.parse(`${text}T00:00:00Z`) / 1000 + whole;
  const seconds = instant.safeParse(text).success ? Date.parse(text) / 1000 : Number.NaN;
  if (Number.isSafeInteger(seconds)) return seconds;
  throw refused(
    `${what}: ${JSON.stringify(text)}: expected a date such as 2026-07-01, or a whole second such as 2026-07-01T09:00:00Z`,
    what,
  );
}

function names(list: readonly string[] = []): readonly string[] | null {
  return list.length === 0 ? null : [...new Set(list)].sort(compareUtf8);
}

function unknownControl(id: string): AuditError {
  const [control = ''] = id.split('/');
  if (findControl(control) !== undefined)
    return refused(`${id} is an aspect: ask for its control, ${control}`, 'controls');
  const near = nearestControl(control);
  const hint = near === undefined ? 'expected an id such as A.8.5 or 9.2.1' : `did you mean ${near}?`;
  return refused(`there is no control ${id}: ${hint}`, 'controls');
}

/** The control whose numbers are nearest: the theme weighs most. A missing or a small `A.` is no difference. */
function nearestControl(id: string): string | undefined {
  if (!controlId.test(id)) return undefined;
  const wanted = numbers(id);
  const ids = new Set(allAspects().map(({ control }) => control));
  const annex = /^a/i.test(id);
  const ranked = [...ids]
    .filter((one) => one.startsWith('A.') || !annex)
    .map((one) => ({ one, distance: distance(wanted, numbers(one)) }));
  return ranked.sort((a, b) => a.distance - b.distance)[0]?.one;
}

function numbers(id: string): readonly number[] {
  return (id.match(/\d+/g) ?? []).map(Number);
}

function distance(one: readonly number[], other: readonly number[]): number {
  const weights = [10_000, 100, 1];
  return weights.reduce(
    (sum, weight, at) => sum + weight * Math.min(99, Math.abs((one[at] ?? 0) - (other[at] ?? 0))),
    0,
  );
}

function refused(message: string, field: keyof AskedQuestion): AuditError {
  return new AuditError('question', message, { field });
}
