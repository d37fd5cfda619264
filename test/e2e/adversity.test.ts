import { describe, expect, test, vi } from 'vitest';
import { datasets } from '../../src/collectors/aws/datasets.ts';
import { ACCOUNT, AWAY, HOME } from './organisation.ts';
import { lookAt, type Seen, wrongs } from './seen.ts';

vi.setConfig({ testTimeout: 120_000 });

/**
 * What happens to accounts of AWS in the middle of the work, through the whole agent: nothing passes whose evidence is missing, and all that
 * is well is collected and sealed.
 */
const soundly = lookAt({});
const regional = datasets.filter(({ per }) => per === 'region').map(({ name }) => name);
const ours = datasets.map(({ name }) => name);

/** Checks whose outcome is another than without a fault. */
function unlike(seen: Seen, sound: Seen): readonly string[] {
  return [...seen.outcomes].flatMap(([check, outcome]) =>
    outcome === sound.outcomes.get(check) ? [] : [`${check} is ${outcome}`],
  );
}

describe('credentials that expire', () => {
  test('in mid-run are renewed, and nothing is missing', async () => {
    const seen = await lookAt({ aws: { callsPerSession: 100 } });
    expect([...seen.failures]).toEqual([]);
    expect(unlike(seen, await soundly)).toEqual([]);
    expect(seen.calls.filter(({ operation }) => operation === 'sts:AssumeRole').length).toBeGreaterThan(3);
  });

  test('and can’t be renewed: what was collected until then is sealed, nothing rests on what was not', async () => {
    const seen = await lookAt({
      aws: { callsPerSession: 40 },
      faults: { 'sts:AssumeRole': { kind: 'denied', after: 1 } },
    });
    const failed = ours.filter((name) => seen.failures.has(name));
    expect(new Set(seen.failures.values())).toEqual(new Set(['denied']));
    expect(failed.length).toBeGreaterThan(3);
    expect(failed.length).toBeLessThan(ours.length);
    expect(wrongs(seen, failed, await soundly)).toEqual([]);
  });
});

const seconds = () => Math.floor(Date.now() / 1000);

describe('an agent whose clock is', () => {
  test('ten minutes ahead: the signatures are mended, nothing is missing', async () => {
    const seen = await lookAt({ aws: { clock: () => Date.now() - 600_000 }, made: seconds() - 600 });
    expect([...seen.failures]).toEqual([]);
    expect(unlike(seen, await soundly)).toEqual([]);
  });

  test('ten minutes behind: all that AWS answers is of the future, and nothing rests on it', async () => {
    const seen = await lookAt({ aws: { clock: () => Date.now() + 600_000 }, made: seconds() + 600 });
    expect(new Set(seen.failures.values())).toEqual(new Set(['as-of']));
    expect(wrongs(seen, ours, await soundly)).toEqual([]);
  });
});

test('a region that hangs is unknown alone', async () => {
  const seen = await lookAt({
    regions: [HOME, AWAY, 'eu-north-1'],
    requestTimeout: 2,
    faults: { '*': { kind: 'hang', region: 'eu-north-1' } },
  });
  expect(wrongs(seen, regional, await soundly)).toEqual([]);
  const scopes = [...seen.failures.keys()].filter((key) => key.includes(' '));
  expect(scopes.sort()).toEqual(regional.map((name) => `${name} ${ACCOUNT}:eu-north-1`).sort());
  for (const region of [HOME, AWAY])
    for (const name of regional) expect(seen.complete).toContain(`${name} ${ACCOUNT}:${region}`);
});

test('an account of ten whose role is denied is unknown alone', async () => {
  const accounts = Array.from({ length: 10 }, (_, at) => String(123_456_789_012 + at));
  const [, , , closed = ''] = accounts;
  const seen = await lookAt({
    accounts,
    regions: [HOME],
    pageSize: 50,
    faults: { 'sts:AssumeRole': { kind: 'denied', account: closed } },
  });
  const scopes = [...seen.failures.keys()].filter((key) => key.includes(' '));
  expect(scopes.length).toBeGreaterThan(10);
  expect(scopes.filter((scope) => !scope.includes(` ${closed}`))).toEqual([]);
  expect(new Set(seen.failures.values())).toEqual(new Set(['denied']));
  const failed = ours.filter((name) => seen.failures.has(name));
  expect(wrongs(seen, failed, await soundly)).toEqual([]);
  for (const account of accounts.filter((id) => id !== closed))
    for (const name of failed)
      expect([...seen.complete].filter((key) => key.startsWith(`${name} ${account}`))).toHaveLength(1);
});
