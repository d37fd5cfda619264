import { describe, expect, test } from 'vitest';
import { bamboohr } from '../../../src/collectors/bamboohr/index.ts';
import { contextOf } from '../harness.ts';
import { acme, configOf, NOW } from './harness.ts';
import { bamboo, type Bent } from './stub.ts';

async function heldWith(bent: Bent, employees = acme.employees) {
  await using stub = await bamboo({ ...acme, employees }, bent);
  const { context, told } = contextOf(() => NOW);
  await using collector = bamboohr.connect(configOf(stub.origin, { attempts: 1 }), context);
  const { permissions } = await collector.preflight(new AbortController().signal);
  expect(told.calls).toEqual([]);
  expect(permissions.map(({ permission }) => permission)).toEqual(bamboohr.datasets[0]?.permissions);
  return permissions.map(({ held, detail }) => [held, detail] as const);
}

describe('the permissions', () => {
  test('are held when everything is answered, and when there is nobody yet', async () => {
    expect((await heldWith({})).map(([held]) => held)).toEqual([true, true, true]);
    expect((await heldWith({}, [])).map(([held]) => held)).toEqual([true, true, true]);
  });

  test('are not held when a field is withheld: what to add is told', async () => {
    const employees = [{ employeeId: '1', workEmail: null, _restrictedFields: ['workEmail'] }];
    const [list] = await heldWith({}, employees);
    expect(list).toEqual([false, expect.stringMatching(/withheld: workEmail.*"View"/)]);
  });

  test('are told each for itself', async () => {
    const bend: Bent['bend'] = (_operation, body, { url }) =>
      url.pathname.endsWith('jobInfo') ? [{ id: '1', employeeId: '1' }] : body;
    expect((await heldWith({ bend })).map(([held]) => held)).toEqual([true, true, false]);
  });

  test.each([
    [401, false],
    [403, false],
    [429, 'unknown'],
    [500, 'unknown'],
  ] as const)('%i: %s', async (status, held) => {
    const found = await heldWith({ fault: () => ({ status, headers: { 'retry-after': '0' } }) });
    expect(found.map((one) => one[0])).toEqual([held, held, held]);
  });
});

test('a secret that is not there is told', async () => {
  const { context } = contextOf(() => NOW);
  const secretless = { ...context, secret: () => Promise.reject(new Error('not set')) };
  await using collector = bamboohr.connect(configOf('http://127.0.0.1:1'), secretless);
  const { permissions } = await collector.preflight(new AbortController().signal);
  expect(permissions[0]).toMatchObject({ held: 'unknown', detail: expect.stringContaining('KEY') });
});

test('what is not examined when the time is up is unknown', async () => {
  const { context } = contextOf(() => NOW);
  await using collector = bamboohr.connect(configOf('http://127.0.0.1:1'), context);
  const { permissions } = await collector.preflight(AbortSignal.abort());
  expect(permissions.map(({ held }) => held)).toEqual(['unknown', 'unknown', 'unknown']);
});

test.each([
  [{ apiKey: undefined }, 'apiKey'],
  [{ token: { env: 'KEY' } }, 'apiKey'],
  [{ company: 'acme.bamboohr.com' }, 'company'],
  [{ url: 'http://hr.example' }, 'url'],
  [{ apiKey: 'sesame' }, 'apiKey'],
  [{ pageSize: 2501 }, 'pageSize'],
  [{ colour: 'red' }, ''],
])('settings with %o are refused', (settings, path) => {
  const base = { company: 'acme', apiKey: { env: 'KEY' } };
  const { error } = bamboohr.config.safeParse({ ...base, ...settings });
  expect(error?.issues[0]?.path.join('.')).toBe(path);
});
