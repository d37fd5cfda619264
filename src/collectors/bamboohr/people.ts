import type { CollectorContext, Provenance } from '../contract.ts';
import { CollectorError } from '../error.ts';
import { checkAsOf, SKEW } from '../exports/as-of.ts';
import { zone } from '../exports/dates.ts';
import type { Found, Reading } from '../people/collect.ts';
import { openApi } from './api.ts';
import type { BamboohrConfig } from './config.ts';
import { employees } from './employees.ts';
import { personReader } from './person.ts';
import { tableOf, type Tables } from './tables.ts';

/** Reads both tables whole, which are what the people are joined with, then the people page by page. */
export function readPeople(
  config: BamboohrConfig,
  context: CollectorContext,
  provenance: Provenance,
  previousAsOf: number | undefined,
  signal: AbortSignal,
): Reading {
  let asOf: number | undefined;
  async function* people(): AsyncGenerator<Found, void, undefined> {
    await using api = await openApi(config, context, provenance, signal);
    const statuses = await tableOf(api, 'employmentStatus');
    const jobs = await tableOf(api, 'jobInfo');
    asOf = checkAsOf(api.answeredAt(), context.now(), previousAsOf, SKEW);
    const read = personReader(config, zone(config.timeZone), asOf);
    const known = new Set<string>();
    for await (const [employee, number] of employees(api, config.pageSize)) {
      const { employeeId } = employee;
      known.add(employeeId);
      const place = `employee ${number} of the list`;
      const tabled = { statuses: statuses.get(employeeId) ?? [], jobs: jobs.get(employeeId) ?? [] };
      yield { listed: read(employee, place, tabled), place };
    }
    expectEverybody(known, { employmentStatus: statuses, jobInfo: jobs });
  }
  return {
    people: people(),
    asOf: () => {
      if (asOf === undefined) throw new CollectorError('internal', 'the register was not read');
      return asOf;
    },
  };
}

/** Rows of somebody who isn't listed tell of a list that isn't whole; a table without a row of anybody can't be theirs. */
function expectEverybody(known: ReadonlySet<string>, tables: Readonly<Record<string, Tables>>): void {
  for (const [name, table] of Object.entries(tables)) {
    if (table.size === 0 && known.size > 0)
      throw new CollectorError('incomplete', `${name}: not one row, and the list has ${known.size} people`);
    for (const employee of table.keys())
      if (!known.has(employee))
        throw new CollectorError('incomplete', `${name}: has rows of somebody whom the list does not have`);
  }
}
