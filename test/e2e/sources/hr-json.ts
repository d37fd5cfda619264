import { answering, type Fault } from '../../collectors/answering.ts';
import { accounts } from './google.ts';
import { DAY, dayOf, type Faults, type Part, type Source } from './source.ts';

const ANSWERS: Readonly<Record<string, Fault>> = {
  denied: { status: 403 },
  empty: { body: '{}' },
  'no list': { body: '{"people":[],"total":0,"link":null}' },
  truncated: 'truncated',
  cut: 'cut',
  limited: { status: 429, headers: { 'retry-after': '0' } },
};

async function open(faults: Faults): Promise<Part> {
  const now = Math.floor(Date.now() / 1000);
  const people = ['ann', 'auditor', 'lea'].map((name, id) => ({
    id,
    email: `${name}@acme.example`,
    until: name === 'lea' ? dayOf(now - 30 * DAY) : null,
  }));
  const stub = await answering(
    ({ url }) => {
      const from = Number(url.searchParams.get('from') ?? 0);
      const link = from + 2 < people.length ? `/people?from=${from + 2}` : null;
      return {
        headers: { date: new Date(now * 1000).toUTCString() },
        body: { people: people.slice(from, from + 2), total: people.length, link },
      };
    },
    {
      fault: ({ url }) => ANSWERS[faults[url.search === '' ? 'the first page' : 'the second page'] ?? ''],
    },
  );
  return {
    plugin: 'hr',
    settings: {
      scope: 'acme',
      format: 'json',
      url: `${stub.origin}/people`,
      items: '/people',
      pages: { next: '/link' },
      total: '/total',
      asOf: { header: 'date' },
      fields: { personId: '/id', workEmail: '/email', lastDay: '/until' },
      attempts: 1,
    },
    [Symbol.asyncDispose]: () => stub[Symbol.asyncDispose](),
  };
}

export const hrJson: Source = {
  name: 'hr, as JSON',
  operations: new Map([
    ['the first page', ['people']],
    ['the second page', ['people']],
  ]),
  kinds: ['denied', 'empty', 'truncated', 'no list'],
  limit: { 'the first page': 'limited' },
  cut: { 'the second page': 'cut' },
  open,
  beside: [accounts],
  others: {
    // Google's roles are assigned to users themselves.
    'grants-by-role': 'fail',
    // The register doesn't say how people are engaged.
    'contractor-end': 'unknown',
    // Nobody declared a service.
    'service-owner': 'not_applicable',
  },
};
