import { describe, expect, test } from 'vitest';
import type { InventoryRecord } from '../../src/inventory/kind.ts';
import { type Answering, answering, type Bending, faults } from './answering.ts';
import { at, collect, collectText, type Given } from './hr-harness.ts';

const json = {
  format: 'json',
  columns: undefined,
  items: '/people',
  fields: {
    personId: '/id',
    workEmail: '/work/email',
    logins: { pointer: '/logins', optional: true },
    status: '/state',
    start: '/from',
    lastDay: '/until',
    type: '/contract',
    manager: '/boss/id',
    department: '/unit',
  },
  types: { permanent: 'employee', freelance: 'contractor' },
  requestTimeout: 1,
  attempts: 2,
};

const ann = {
  id: 1,
  name: 'Ann Secret',
  work: { email: 'ann@acme.example' },
  logins: ['ann', 'github:octoann'],
  state: 'employed',
  from: '2020-03-01T00:00:00+01:00',
  until: null,
  contract: 'permanent',
  boss: { id: 3 },
  unit: 'Sales',
};
const bob = {
  ...ann,
  id: 2,
  work: { email: null },
  logins: 'bob',
  state: 'gone',
  until: '2026-10-31',
  contract: '',
};
const cleo = {
  ...ann,
  id: 3,
  work: { email: '' },
  logins: undefined,
  boss: { id: '' },
  contract: 'freelance',
};
const everybody = [ann, bob, cleo];

const DATE = { date: 'Fri, 20 Nov 2026 11:59:00 GMT' };

/** A register of two people a page, in which the next page is led to by an address, by a cursor or by its number. */
function register(bent: Bending = {}): Promise<Answering> {
  return answering(({ url }) => {
    const from = Number(url.searchParams.get('from') ?? Number(url.searchParams.get('page') ?? 1) * 2 - 2);
    const next = from + 2 < everybody.length ? from + 2 : null;
    const body = {
      people: everybody.slice(from, from + 2),
      total: everybody.length,
      link: next === null ? null : `/people?from=${next}`,
      cursor: next,
      made: '2026-11-19T06:00:00Z',
    };
    return { headers: DATE, body };
  }, bent);
}

const byLink = { pages: { next: '/link' }, total: '/total', asOf: { header: 'date' } };

async function fetched(settings: object = {}, bent: Bending = {}, given: Partial<Given> = {}) {
  await using stub = await register(bent);
  const url = `${stub.origin}/people`;
  const collected = await collect({
    ...given,
    settings: { ...json, ...byLink, url, ...settings },
    secrets: { TOKEN: 'sesame' },
  });
  return { ...collected, asked: stub.asked };
}

describe('a register of JSON', () => {
  test('becomes people and departures, with what the pointers lead to', async () => {
    const { people, departures, asOf, notes, calls, asked } = await fetched({ token: { env: 'TOKEN' } });
    expect(people.get('hr:acme:1')).toEqual({
      id: 'hr:acme:1',
      kind: 'person',
      source: 'hr',
      scope: 'acme',
      email: 'ann@acme.example',
      logins: ['ann', 'github:octoann'],
      status: 'active',
      start_at: at('2020-03-01T00:00:00Z'),
      type: 'employee',
      manager: 'hr:acme:3',
      department: 'Sales',
    });
    expect(people.get('hr:acme:2')).toMatchObject({ email: '', logins: ['bob'], status: 'left', type: null });
    expect(people.get('hr:acme:3')).toMatchObject({ logins: [], manager: '', type: 'contractor' });
    expect(departures.get('hr:acme:2')).toMatchObject({ at: at('2026-10-31T23:59:59Z'), returned: false });
    expect(asOf).toBe(at('2026-11-20T11:59:00Z'));
    expect(notes).toMatchObject({ listed: 3, pages: 2, asOf: 'header' });
    expect(notes['sha256']).toMatch(/^[0-9a-f]{64}$/);
    expect(calls.map(({ operation }) => operation)).toEqual(['GET', 'GET']);
    expect(asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer sesame', 'Bearer sesame']);
  });

  test.each([
    ['a link', byLink, ['/people', '/people?from=2']],
    ['a cursor', { pages: { next: '/cursor', parameter: 'from' } }, ['/people', '/people?from=2']],
    ['a number', { pages: { number: 'page' } }, ['/people?page=1', '/people?page=2']],
    ['a number from 0', { pages: { number: 'p', first: 0 }, total: '/seen' }, ['/people?p=0']],
  ])('is read page by page, by %s', async (_, settings, paths) => {
    const bend = (body: unknown) => ({ ...Object(body), seen: 2 });
    const { asked } = await fetched(settings, { bend });
    expect(asked.map(({ url }) => url.pathname + url.search)).toEqual(paths);
  });

  test('states its own time in the answer', async () => {
    const { asOf } = await fetched({ asOf: { pointer: '/made' } });
    expect(asOf).toBe(at('2026-11-19T06:00:00Z'));
  });

  test('may be a file, and its list the whole of it', async () => {
    const settings = { ...json, items: '', asOf: { declared: '2026-11-19' } };
    const { people, endpoint, calls } = await collectText(JSON.stringify(everybody), { settings });
    expect([...people.keys()]).toEqual(['hr:acme:1', 'hr:acme:2', 'hr:acme:3']);
    expect(endpoint).toEqual({ url: 'file:', vendor: true });
    expect(calls).toEqual([{ operation: 'read', throttled: false }]);
  });
});

describe.each([
  ['the first page', 1],
  ['the second page', 2],
])('%s', (_, page) => {
  test.concurrent.each(faults)('%s ends in %s', async (_name, fault, code) => {
    const bent: Bending = { fault: ({ number }) => (number >= page ? fault : undefined) };
    await expect(fetched({}, bent)).rejects.toMatchObject({ name: 'CollectorError', code });
  });

  test.concurrent('is asked again when it was throttled', async () => {
    const slow = { status: 429, headers: { 'retry-after': '0' } };
    const { calls } = await fetched({}, { fault: ({ number }) => (number === page ? slow : undefined) });
    expect(calls.map(({ throttled }) => throttled)).toEqual([page === 1, page === 2, false]);
  });
});

test.concurrent.each<[string, object, (body: never, page: number) => unknown, string]>([
  ['a page that is missing', {}, (body: object) => ({ ...body, link: null }), 'incomplete'],
  [
    'no word of a next page, without a total',
    { total: undefined },
    (body: object) => ({ ...body, link: undefined }),
    'incomplete',
  ],
  [
    'the same address twice',
    {},
    (body: object) => ({ ...body, people: [], link: '/people?from=2' }),
    'incomplete',
  ],
  ['a total that is larger', {}, (body: object) => ({ ...body, total: 4 }), 'incomplete'],
  ['a total that is smaller', {}, (body: object) => ({ ...body, total: 2 }), 'incomplete'],
  ['a total that changes', {}, (body: object, page: number) => ({ ...body, total: 5 - page }), 'incomplete'],
  ['no total', {}, (body: object) => ({ ...body, total: undefined }), 'malformed'],
  [
    'an address elsewhere',
    {},
    (body: object) => ({ ...body, link: 'https://elsewhere.example/people' }),
    'malformed',
  ],
  ['a next page that is a list', {}, (body: object) => ({ ...body, link: [] }), 'malformed'],
  [
    'an empty page before the end',
    { pages: { number: 'page' } },
    (body: object, page: number) => (page === 2 ? { ...body, people: [] } : body),
    'incomplete',
  ],
  ['no list', {}, (body: object) => ({ ...body, people: {} }), 'malformed'],
  [
    'no as-of time where the pointer leads',
    { asOf: { pointer: '/nowhere' } },
    (body: object) => body,
    'as-of',
  ],
  ['an as-of time that is a number', { asOf: { pointer: '/total' } }, (body: object) => body, 'as-of'],
  [
    'an as-of time in the future',
    { asOf: { pointer: '/made' } },
    (body: object) => ({ ...body, made: '2026-11-20T12:00:01Z' }),
    'as-of',
  ],
  ['no asOf configured', { asOf: undefined }, (body: object) => body, 'as-of'],
])('%s', async (_, settings, bend, code) => {
  const bent: Bending = { bend: (body, { number }) => bend(body, number) };
  await expect(fetched(settings, bent)).rejects.toMatchObject({ name: 'CollectorError', code });
});

test.each([
  [{ id: undefined }, '/id: is not there'],
  [{ id: null }, '/id: expected an id'],
  [{ id: 1.5 }, '/id: expected text, a whole number'],
  [{ id: 2 ** 60 }, '/id: expected text, a whole number'],
  [{ id: 1 }, '/id: expected an id that nobody before has'],
  [{ work: {} }, '/work/email: is not there'],
  [{ work: 'cleo@acme.example' }, '/work/email: is not there'],
  [{ work: { email: 'cleo' } }, '/work/email: expected one e-mail address'],
  [{ until: undefined }, '/until: is not there'],
  [{ until: '31.10.2026' }, '/until: expected a date like YYYY-MM-DD'],
  [{ until: { day: 1 } }, '/until: expected text'],
  [{ state: 'dormant' }, '/state: expected one of the configured statuses'],
  [{ contract: 'temp' }, '/contract: expected one of the configured types'],
  [{ logins: [['cleo']] }, '/logins: expected text'],
  [{ boss: { id: 'a b' } }, '/boss/id: expected an id'],
])('an item with %o is malformed', async (fields, message) => {
  const text = JSON.stringify({ people: [ann, { ...cleo, ...fields }] });
  const failure = await collectText(text, { settings: json }).catch((error: unknown) => error);
  expect(failure).toMatchObject({ name: 'CollectorError', code: 'malformed' });
  expect(String(failure)).toContain(`item 2, ${message}`);
  expect(String(failure)).not.toMatch(/cleo|dormant|31\.10/);
});

test.each([
  ['a total that disagrees', { people: [ann], total: 2 }, 'incomplete'],
  ['no list', { persons: [ann] }, 'malformed'],
])('a file with %s is refused', async (_, content, code) => {
  const settings = { ...json, total: '/total' };
  await expect(collectText(JSON.stringify({ total: 1, ...content }), { settings })).rejects.toMatchObject({
    code,
  });
});

test('a server clock that is ahead by more than five minutes is an error', async () => {
  const ahead = { bend: (body: unknown) => body, headers: { date: 'Fri, 20 Nov 2026 12:05:01 GMT' } };
  await expect(fetched({}, ahead)).rejects.toMatchObject({ code: 'as-of' });
  const within = { ...ahead, headers: { date: 'Fri, 20 Nov 2026 12:05:00 GMT' } };
  await expect(fetched({}, within)).resolves.toMatchObject({ asOf: at('2026-11-20T12:05:00Z') });
  await expect(fetched({}, { headers: { date: 'soon' } })).rejects.toMatchObject({ code: 'as-of' });
});

test('the same answers on the same snapshot give the same records, byte for byte', async () => {
  const first = await fetched();
  const previous: { asOf: number; records: readonly InventoryRecord[] } = {
    asOf: first.asOf ?? 0,
    records: first.records,
  };
  const again = await fetched({}, { headers: { date: 'Fri, 20 Nov 2026 11:59:59 GMT' } }, { previous });
  expect(JSON.stringify(again.records)).toBe(JSON.stringify(first.records));
});
