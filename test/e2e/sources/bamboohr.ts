import { type Fault } from '../../collectors/answering.ts';
import { bamboo, type Company } from '../../collectors/bamboohr/stub.ts';
import { accounts } from './google.ts';
import { DAY, dayOf, type Faults, type Part, type Source } from './source.ts';

const ANSWERS: Readonly<Record<string, Fault>> = {
  denied: { status: 403 },
  empty: { body: '{}' },
  truncated: 'truncated',
  cut: 'cut',
  // BambooHR answers 503 to who asks too often, too.
  limited: { status: 503, headers: { 'retry-after': '0' } },
};

/** What the address of each request has in it. */
const REQUESTS = {
  'the statuses': '/employmentStatus',
  'the jobs': '/jobInfo',
  'the first page': '/employees?',
  'the second page': 'after',
} as const;
const REQUEST_NAMES = Object.keys(REQUESTS);

/** The people whose accounts Google has, and a contractor. */
function companyOf(now: number): Company {
  const gone = dayOf(now - 30 * DAY);
  const employee = (employeeId: string, name: string, employmentStatusName: string) => ({
    employeeId,
    workEmail: `${name}@acme.example`,
    hireDate: '2020-01-01',
    employmentStatusName,
  });
  return {
    employees: [
      employee('1', 'ann', 'Full-Time'),
      employee('2', 'auditor', 'Contractor'),
      { ...employee('3', 'lea', 'Terminated'), status: 'Inactive' },
    ],
    employmentStatus: [
      ['1', '2020-01-01', 'Full-Time'],
      ['2', '2020-01-01', 'Contractor'],
      ['2', dayOf(now + 90 * DAY), 'Terminated'],
      ['3', '2020-01-01', 'Full-Time'],
      ['3', gone, 'Terminated'],
    ],
    jobInfo: [['1', '2020-01-01', 'Support']],
  };
}

async function open(faults: Faults): Promise<Part> {
  const faulty = Object.entries(faults).map(
    ([name, kind]) => [new Map(Object.entries(REQUESTS)).get(name) ?? name, ANSWERS[kind]] as const,
  );
  const now = Math.floor(Date.now() / 1000);
  const stub = await bamboo(companyOf(now), {
    headers: { date: new Date(now * 1000).toUTCString() },
    fault: (_, { url }) => faulty.find(([part]) => decodeURIComponent(url.href).includes(part))?.[1],
  });
  return {
    plugin: 'bamboohr',
    settings: {
      company: 'acme',
      apiKey: { env: 'BAMBOO_KEY' },
      url: stub.origin,
      types: { 'Full-Time': 'employee' },
      pageSize: 2,
      attempts: 1,
    },
    env: { BAMBOO_KEY: 'sesame' },
    [Symbol.asyncDispose]: () => stub[Symbol.asyncDispose](),
  };
}

export const bamboohr: Source = {
  name: 'bamboohr',
  operations: new Map(REQUEST_NAMES.map((name) => [name, ['people']])),
  kinds: ['denied', 'empty', 'truncated'],
  limit: { 'the first page': 'limited' },
  cut: { 'the second page': 'cut' },
  open,
  beside: [accounts],
  others: {
    // Google's roles are assigned to users themselves.
    'grants-by-role': 'fail',
    // Nobody declared a service.
    'service-owner': 'not_applicable',
  },
};
