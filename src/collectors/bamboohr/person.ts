import { CollectorError } from '../error.ts';
import { type Day, dateReader, type Zone } from '../exports/dates.ts';
import { address, type History, type Listed } from '../people/listed.ts';
import type { BamboohrConfig } from './config.ts';
import type { Employee } from './employees.ts';
import type { Row } from './tables.ts';

/** The status that can't be renamed, and says that the day is the last. */
const TERMINATED = 'Terminated';

const dayIn = dateReader('YYYY-MM-DD');

/** Rows of one person, the earliest first. */
export interface Tabled {
  readonly statuses: readonly Row[];
  readonly jobs: readonly Row[];
}

/** Puts together what is told of one person, as of an instant. Throws (`malformed`) with the place. */
export function personReader(
  { company, types }: Pick<BamboohrConfig, 'company' | 'types'>,
  days: Zone,
  asOf: number,
): (employee: Employee, place: string, tabled: Tabled) => Listed {
  const idOf = (employee: string) => `bamboohr:${company}:${employee}`;
  return (employee, place, { statuses, jobs }) => {
    const start = dateOf(employee.hireDate, `${place}, hireDate`);
    const { leavesAt, returned } = leavings(employee.status, statuses, days, asOf);
    const engaged = statuses.findLast(({ value }) => value !== TERMINATED)?.value;
    return {
      id: idOf(employee.employeeId),
      email: emailOf(employee.workEmail, place),
      logins: [],
      status: statusOf(employee.status, start === undefined ? null : days.startOf(start), asOf),
      startAt: start === undefined ? null : days.startOf(start),
      leavesAt,
      type: typeOf(engaged ?? employee.employmentStatusName, types),
      manager: employee.reportsToId === null || employee.reportsToId === '' ? '' : idOf(employee.reportsToId),
      department: employee.departmentName?.trim() ?? '',
      history: { returned, transfers: transfers(jobs, days, asOf) },
    };
  };
}

function statusOf(status: Employee['status'], startAt: number | null, asOf: number): Listed['status'] {
  if (status === 'Inactive') return 'left';
  return startAt !== null && startAt > asOf ? 'future' : 'active';
}

/**
 * Each run of rows that say Terminated is one departure, on the first of their days; any other row after it, once its day has come, is
 * another start. Somebody who is inactive has not come back from the last of them, whatever rows are after it.
 */
function leavings(
  status: Employee['status'],
  statuses: readonly Row[],
  days: Zone,
  asOf: number,
): { readonly leavesAt: number | null; readonly returned: readonly number[] } {
  const returned: number[] = [];
  let leavesAt: number | null = null;
  for (const { date, value } of statuses) {
    const day = dateOf(date, 'employmentStatus')!;
    if (value === TERMINATED) {
      leavesAt ??= days.endOf(day);
    } else if (leavesAt !== null && days.startOf(day) <= asOf) {
      returned.push(leavesAt);
      leavesAt = null;
    }
  }
  if (status === 'Inactive') leavesAt ??= returned.pop() ?? null;
  return { leavesAt, returned };
}

/** Where the department of a row that has come into force differs from the one before. Of rows of one day the last counts. */
function transfers(jobs: readonly Row[], days: Zone, asOf: number): History['transfers'] {
  const moves: { at: number; from: string; to: string }[] = [];
  const daily = jobs.filter(({ date }, index) => jobs[index + 1]?.date !== date);
  let from = '';
  for (const { date, value } of daily) {
    const at = days.startOf(dateOf(date, 'jobInfo')!);
    if (at > asOf || value === '') continue;
    if (from !== '' && from !== value) moves.push({ at, from, to: value });
    from = value;
  }
  return moves;
}

function typeOf(status: string | null, types: BamboohrConfig['types']): Listed['type'] {
  if (status !== null && Object.hasOwn(types, status)) return types[status] ?? null;
  return status === 'Contractor' ? 'contractor' : null;
}

function emailOf(email: string | null, place: string): string {
  const text = email?.trim() ?? '';
  if (text !== '' && !address.test(text))
    throw new CollectorError('malformed', `${place}, workEmail: expected one e-mail address, or nothing`);
  return text;
}

/** BambooHR writes no date as such, as nothing, or as `0000-00-00`. */
function dateOf(text: string | null, place: string): Day | undefined {
  if (text === null || text === '' || text === '0000-00-00') return undefined;
  const day = dayIn(text);
  if (day === undefined) throw new CollectorError('malformed', `${place}: expected a date like YYYY-MM-DD`);
  return day;
}
