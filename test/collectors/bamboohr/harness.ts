import { bamboohr } from '../../../src/collectors/bamboohr/index.ts';
import type { CollectorContext } from '../../../src/collectors/contract.ts';
import type { InventoryRecord } from '../../../src/inventory/kind.ts';
import { contextOf, recordsOf, type Told } from '../harness.ts';
import { bamboo, type Bent, type Company } from './stub.ts';

export const NOW = Date.parse('2026-11-20T12:00:00Z') / 1000;
const DATE = { date: 'Fri, 20 Nov 2026 11:59:00 GMT' };
export const AS_OF = NOW - 60;

export function at(instant: string): number {
  return Date.parse(instant) / 1000;
}

/** One who is here, one who left, one who came back, one who moved, and a contractor who starts later. */
export const acme: Company = {
  employees: [
    {
      employeeId: '1',
      workEmail: 'ann@acme.example',
      hireDate: '2020-01-01',
      departmentName: 'Engineering',
      employmentStatusName: 'Full-Time',
    },
    {
      employeeId: '2',
      status: 'Inactive',
      workEmail: 'bob@acme.example',
      hireDate: '2019-05-01',
      employmentStatusName: 'Terminated',
    },
    {
      employeeId: '3',
      workEmail: 'cleo@acme.example',
      hireDate: '2026-06-01',
      departmentName: 'Sales',
      employmentStatusName: 'Full-Time',
      reportsToId: '1',
    },
    { employeeId: '4', workEmail: null, hireDate: '2027-01-01', employmentStatusName: 'Contractor' },
  ],
  employmentStatus: [
    ['1', '2020-01-01', 'Full-Time'],
    ['2', '2019-05-01', 'Part-Time'],
    ['2', '2026-10-31', 'Terminated'],
    ['3', '2026-06-01', 'Full-Time'],
    ['3', '2025-12-31', 'Terminated'],
    ['3', '2021-03-01', 'Contractor'],
    ['4', '2027-01-01', 'Contractor'],
    ['4', '2027-06-30', 'Terminated'],
  ],
  jobInfo: [
    ['1', '2020-01-01', 'Support'],
    ['1', '2026-11-01', 'Engineering'],
    ['3', '2026-06-01', 'Sales'],
  ],
};

interface Given extends Bent {
  readonly settings?: object;
  readonly now?: number;
  readonly previous?: { readonly asOf: number; readonly records: readonly InventoryRecord[] } | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Sees what is told while it is told. */
  readonly watch?: (told: Told) => void;
}

export interface Collected {
  readonly records: readonly InventoryRecord[];
  readonly told: Told;
  /** `<path>?<query>` of every request. */
  readonly asked: readonly string[];
  readonly authorizations: readonly (string | undefined)[];
}

/** Collects everything of the company from the stub. */
export async function collect(company: Company, given: Given = {}): Promise<Collected> {
  await using stub = await bamboo(company, { headers: DATE, ...given });
  const { context, told } = contextOf(
    () => given.now ?? NOW,
    { KEY: 'sesame\n' },
    { previous: previousOf(given) },
  );
  given.watch?.(told);
  await using collector = bamboohr.connect(configOf(stub.origin, given.settings), context);
  try {
    const records = await recordsOf(collector, 'people', { id: 'acme' }, given.signal);
    return {
      records,
      told,
      asked: stub.asked.map(({ url }) => decodeURIComponent(`${url.pathname}${url.search}`)),
      authorizations: stub.asked.map(({ headers }) => headers.authorization),
    };
  } catch (error) {
    // What was told before the failure must be no as-of time: without one nothing is sealed.
    if (told.asOf !== undefined) throw new Error('an as-of time was set before the end', { cause: error });
    throw error;
  }
}

export function configOf(url: string, settings: object = {}) {
  return bamboohr.config.parse({
    company: 'acme',
    apiKey: { env: 'KEY' },
    url,
    requestTimeout: 1,
    ...settings,
  });
}

function previousOf({ previous }: Given): CollectorContext['previous'] {
  return async () =>
    previous && {
      asOf: previous.asOf,
      records: (async function* () {
        yield* previous.records;
      })(),
    };
}
