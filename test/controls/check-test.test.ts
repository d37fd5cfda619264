import { beforeAll, describe, expect, test } from 'vitest';
import { builtinChecks } from '../../src/controls/builtin.ts';
import { findAspect } from '../../src/controls/catalogue.ts';
import { formatCheckTests, testChecks, type CheckTestResult } from '../../src/controls/check-test.ts';
import { checkManifest, type Check } from '../../src/controls/check.ts';
import { makeCheck } from './samples.ts';

describe('the built-in checks', () => {
  let checks: readonly Check[];
  let results: readonly CheckTestResult[];

  beforeAll(async () => {
    checks = (await builtinChecks()).map((manifest) => checkManifest.parse(manifest));
    results = await testChecks(checks);
  });

  test('hold in all their cases and under the NULL sweep', () => {
    expect(results.filter((result) => !result.ok)).toEqual([]);
    expect(results).toHaveLength(checks.length);
    expect(checks.length).toBeGreaterThanOrEqual(12);
  });

  test('have names of their own and answer aspects that exist', () => {
    const names = checks.map((check) => check.metadata.name);
    expect(new Set(names).size).toBe(names.length);
    const aspects = checks.flatMap((check) => check.spec.aspects);
    expect(aspects.filter((id) => findAspect(id) === undefined)).toEqual([]);
  });

  test('each have a case that passes, one that fails, one that is unknown and one without anything to examine', () => {
    const incomplete = checks.filter(({ spec }) => {
      const outcomes = new Set(spec.cases.map((item) => item.expect.outcome));
      const empty = spec.cases.some(
        (item) => item.records[spec.kind]?.length === 0 || /^(no|root alone) |without/.test(item.name),
      );
      return !outcomes.has('pass') || !outcomes.has('fail') || !outcomes.has('unknown') || !empty;
    });
    expect(incomplete.map((check) => check.metadata.name)).toEqual([]);
  });

  test('each have a passing case with NULLs to sweep when they read a nullable column', () => {
    const swept = new Map(results.map((result) => [result.check, result.sweeps]));
    expect(swept.get('identity-second-factor')).toBe(2);
    expect(swept.get('root-second-factor')).toBe(2);
  });
});

/** One identity as the cases below begin with. */
const identity = { id: 'a', type: 'user', enabled: true, can_sign_in: true, second_factor: true };

function planted(name: string, spec: Readonly<Record<string, unknown>>): Check {
  return makeCheck(name, {
    where: 'it.enabled',
    fails: 'NOT it.second_factor',
    cases: [
      { name: 'good', records: { identity: [identity] }, expect: { outcome: 'pass' } },
      {
        name: 'bad',
        records: { identity: [identity, { ...identity, id: 'b', second_factor: false }] },
        expect: { outcome: 'fail', records: ['b'] },
      },
    ],
    ...spec,
  });
}

async function problemsOfAll(checks: readonly Check[]): Promise<readonly (readonly string[])[]> {
  const results = await testChecks(checks);
  return results.map(({ ok, problems, cases }) => {
    const all = [...problems, ...cases.flatMap((item) => item.problems)];
    expect(ok).toBe(all.length === 0);
    return all;
  });
}

async function problemsOf(check: Check): Promise<readonly string[] | undefined> {
  return (await problemsOfAll([check]))[0];
}

describe('the NULL sweep', () => {
  test('lets a plain condition through', async () => {
    expect(await problemsOf(planted('plain', {}))).toEqual([]);
  });

  const mistakes: readonly (readonly [string, Readonly<Record<string, unknown>>, string])[] = [
    ['COALESCE to the good value', { fails: 'NOT coalesce(it.second_factor, 1)' }, 'the outcome is pass;'],
    ['IFNULL to the good value', { fails: 'NOT ifnull(it.second_factor, 1)' }, 'the outcome is pass;'],
    ['IS FALSE', { fails: 'it.second_factor IS FALSE' }, 'the outcome is pass;'],
    ['IS NOT TRUE of the negation', { fails: '(NOT it.second_factor) IS TRUE' }, 'the outcome is pass;'],
    [
      'CASE that gives the unknown away',
      { fails: 'CASE WHEN it.second_factor = 0 THEN 1 ELSE 0 END' },
      'the outcome is pass;',
    ],
    [
      'EXISTS over the column',
      { fails: 'EXISTS (SELECT 1 FROM identity_login l WHERE l.identity = it.id AND NOT it.second_factor)' },
      'the outcome is pass;',
    ],
    ['IS TRUE in where', { where: 'it.can_sign_in IS TRUE' }, '1 of them leave it;'],
    [
      'IS TRUE in where of a check that may be empty',
      { where: 'it.can_sign_in IS TRUE', empty: 'not_applicable' },
      '1 of them leave it;',
    ],
  ];
  let found: readonly (readonly string[])[];

  beforeAll(async () => {
    const cases = [identity, { ...identity, second_factor: false }].map((record, index) => ({
      name: String(index),
      records: { identity: [{ ...record, logins: ['a@example.org'] }] },
      expect: index === 0 ? { outcome: 'pass' } : { outcome: 'fail', records: ['a'] },
    }));
    found = await problemsOfAll(mistakes.map(([, spec]) => planted('planted', { ...spec, cases })));
  });

  test.each(mistakes)('catches %s', (name, _, message) => {
    expect(found[mistakes.findIndex(([first]) => first === name)]).toEqual([
      expect.stringMatching(new RegExp(`with it\\.\\w+ NULL in every record of the population ${message}`)),
    ]);
  });

  test('sets NULLs in the population alone: a record beside it may not hide a mistake by becoming unknown', async () => {
    const beside = { ...identity, id: 'beside', type: 'service', second_factor: false };
    const check = planted('masked', {
      where: "it.second_factor OR it.type = 'user'",
      fails: 'coalesce(NOT it.second_factor, 0)',
      cases: [
        { name: 'good', records: { identity: [identity, beside] }, expect: { outcome: 'pass' } },
        {
          name: 'bad',
          records: { identity: [{ ...identity, second_factor: false }] },
          expect: { outcome: 'fail', records: ['a'] },
        },
      ],
    });
    expect(await problemsOf(check)).toEqual([
      expect.stringMatching(/it\.second_factor NULL .* the outcome is pass/),
    ]);
  });

  test('sees a mistake behind a parameter in where', async () => {
    const check = planted('parameter', {
      where: 'it.type = :type AND it.created_at < :now',
      fails: 'it.created_at < :now - :days * 86400 AND coalesce(NOT it.second_factor, 0)',
      params: { type: { value: 'user' }, days: { value: 1 } },
      cases: [
        {
          name: 'good',
          records: { identity: [{ ...identity, created_at: 'now-9d' }] },
          expect: { outcome: 'pass' },
        },
        {
          name: 'bad',
          records: { identity: [{ ...identity, created_at: 'now-9d', second_factor: false }] },
          expect: { outcome: 'fail', records: ['a'] },
        },
      ],
    });
    expect(await problemsOf(check)).toEqual([
      expect.stringMatching(/it\.second_factor NULL .* the outcome is pass/),
    ]);
  });
});

describe('a case', () => {
  const expectations: readonly (readonly [string, object, readonly RegExp[]])[] = [
    [
      'an outcome that differs',
      { outcome: 'pass' },
      [
        /no case expects fail/,
        /expected pass, got fail: 1 of 2 fail/,
        /did not expect case:case:b among the failing/,
      ],
    ],
    [
      'a failing record that is missing',
      { outcome: 'fail', records: ['a', 'b'] },
      [/expected case:case:a among the failing/],
    ],
    [
      'a failing record too many',
      { outcome: 'fail', records: [] },
      [/did not expect case:case:b among the failing/],
    ],
    [
      'an unknown record that is missing',
      { outcome: 'fail', records: ['b'], unknown: ['a'] },
      [/expected case:case:a among the unknown/],
    ],
  ];
  const oddities: readonly (readonly [string, object, RegExp])[] = [
    [
      'a kind that does not exist',
      { nothing: [] },
      /check wrong, case "odd": no kind nothing; expected one of access_review,/,
    ],
    [
      'a field that does not exist',
      { identity: [{ ...identity, mfa: true }] },
      /check wrong, case "odd", identity 1, record: .*mfa/,
    ],
    ['a field of another type', { identity: [{ ...identity, enabled: 'yes' }] }, /identity 1, enabled: /],
    [
      'an instant that is none',
      { identity: [{ ...identity, created_at: 'yesterday' }] },
      /identity 1, created_at: /,
    ],
    ['the same record twice', { identity: [identity, identity] }, /case:case:a/],
  ];
  let differing: readonly (readonly string[])[];
  let odd: readonly CheckTestResult[];

  beforeAll(async () => {
    const cases = planted('x', {}).spec.cases.map(strip);
    differing = await problemsOfAll(
      expectations.map(([, expectation]) =>
        planted('wrong', { cases: [cases[0], { ...cases[1], expect: expectation }] }),
      ),
    );
    odd = await testChecks(
      oddities.map(([, records]) =>
        planted('wrong', { cases: [{ name: 'odd', records, expect: { outcome: 'pass' } }, ...cases] }),
      ),
    );
  });

  test.each(expectations)('that expects %s is told', (name, _, messages) => {
    const problems = differing[expectations.findIndex(([first]) => first === name)];
    expect(problems).toHaveLength(messages.length);
    for (const message of messages) {
      expect(problems).toContainEqual(expect.stringMatching(message));
    }
  });

  test.each(oddities)('with %s is told, and the others are still run', (name, _, message) => {
    const result = odd[oddities.findIndex(([first]) => first === name)];
    expect(result?.ok).toBe(false);
    expect(result?.cases.map(({ problems }) => problems.length > 0)).toEqual([true, false, false]);
    expect(result?.cases[0]?.problems[0]).toMatch(message);
  });

  test('leaves nothing of one case for the next', async () => {
    const cases = planted('x', {}).spec.cases.map(strip);
    const check = planted('clean', {
      cases: [
        ...cases,
        { name: 'nothing', expect: { outcome: 'unknown' } },
        ...cases.map((item) => ({ ...item, name: `${String(item['name'])} again` })),
      ],
    });
    expect(await problemsOf(check)).toEqual([]);
  });

  test('may say that a kind is missing, and when it takes place', async () => {
    const [, bad] = planted('x', {}).spec.cases;
    const check = planted('given', {
      where: 'it.created_at <= :now',
      cases: [
        {
          name: 'good',
          now: '2020-02-02',
          records: { identity: [{ ...identity, created_at: 1_580_601_600 }] },
          expect: { outcome: 'pass' },
        },
        {
          name: 'later',
          now: '2020-02-01',
          records: { identity: [{ ...identity, created_at: 1_580_601_600 }] },
          expect: { outcome: 'unknown' },
        },
        { ...strip(bad), missing: ['identity'], expect: { outcome: 'unknown' } },
        {
          name: 'bad',
          records: { identity: [{ ...identity, created_at: 'now', second_factor: false }] },
          expect: { outcome: 'fail', records: ['a'] },
        },
      ].map((item, index) => ({ ...item, name: String(index) })),
    });
    expect(await problemsOf(check)).toEqual([]);
  });
});

describe('a check', () => {
  test('that does not compile is told with the place', async () => {
    expect(await problemsOf(planted('broken', { fails: 'NOT second_factor' }))).toEqual([
      expect.stringMatching(/check broken, fails: column second_factor is not qualified/),
    ]);
  });

  test('without a passing and a failing case is not tested', async () => {
    expect(await problemsOf(planted('bare', { cases: [] }))).toEqual([
      'no case expects pass',
      'no case expects fail',
    ]);
  });

  test('is told in a line, and each problem in one of its own', async () => {
    const text = formatCheckTests(
      await testChecks([planted('plain', {}), planted('loose', { fails: 'it.second_factor IS FALSE' })]),
    );
    expect(text).toMatch(
      /^ok {2}plain: 2 cases, 1 NULL sweeps\nFAILED {2}loose: 2 cases, 1 NULL sweeps\n {8}case "good": with it/,
    );
  });
});

/** A case as a manifest writes it. */
function strip(item: Check['spec']['cases'][number] | undefined): Record<string, unknown> {
  return Object.fromEntries(Object.entries(item ?? {}).filter(([, value]) => value !== undefined));
}
