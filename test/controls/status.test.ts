import { describe, expect, test } from 'vitest';
import { attestationManifest, type Attestation } from '../../src/controls/attestation.ts';
import { catalogue, findControl } from '../../src/controls/catalogue.ts';
import type { ControlStatus, Verdict } from '../../src/controls/contract.ts';
import type { OpenDeviation } from '../../src/controls/deviations.ts';
import { exceptionManifest, type SealedException } from '../../src/controls/exception.ts';
import type { SealedAttestation } from '../../src/controls/sealed-attestation.ts';
import { soaManifest, type StatementOfApplicability } from '../../src/controls/soa.ts';
import { assess, type StatusInput } from '../../src/controls/status.ts';
import { worstStatus } from '../../src/controls/test-status.ts';
import { day, failing, hour, makeCheck, makeDeviation, makeVerdict, now } from './samples.ts';

const aspect = 'A.8.5/second-factor';
const api = { apiVersion: 'annexa.dev/v1alpha1' };

function exception(over: Readonly<Record<string, unknown>> = {}, sealedAt = now - day): SealedException {
  const spec = {
    check: 'sample',
    records: ['a'],
    reason: 'A break-glass account.',
    risk: 'R-7',
    approver: 'Ada',
    approvedAt: '2025-12-01',
    expires: '2026-06-01',
    ...over,
  };
  return {
    exception: exceptionManifest.parse({
      ...api,
      kind: 'Exception',
      metadata: { name: 'break-glass' },
      spec,
    }),
    sealedAt,
  };
}

function attestation(over: Readonly<Record<string, unknown>> = {}, name = 'drill'): Attestation {
  const spec = {
    aspects: [aspect],
    statement: 'Inspected, nothing odd.',
    by: 'Bea',
    at: '2025-12-01',
    expires: '2026-06-01',
    ...over,
  };
  return attestationManifest.parse({ ...api, kind: 'Attestation', metadata: { name }, spec });
}

function soa(entry: Readonly<Record<string, unknown>>): StatementOfApplicability {
  return soaManifest.parse({
    ...api,
    kind: 'StatementOfApplicability',
    metadata: { name: 'soa' },
    spec: {
      version: '3',
      approver: 'Ada',
      approvedAt: '2025-12-01',
      controls: [{ control: 'A.8.5', justification: 'People sign in.', ...entry }],
    },
  });
}

function input(over: Partial<StatusInput> = {}): StatusInput {
  return {
    checks: [makeCheck()],
    verdicts: new Map(),
    open: [],
    exceptions: [],
    attestations: [],
    sealed: [],
    soa: undefined,
    now,
    ...over,
  };
}

function verdicts(...items: readonly Verdict[]): ReadonlyMap<string, Verdict> {
  return new Map(items.map((verdict) => [verdict.check, verdict]));
}

function aspectOf(given: StatusInput, id = aspect) {
  const found = assess(given)
    .flatMap((assessment) => assessment.aspects)
    .find((item) => item.id === id);
  expect(found).toBeDefined();
  return found!;
}

function controlOf(given: StatusInput, id = 'A.8.5') {
  const found = assess(given).find(({ control }) => control.id === id);
  expect(found).toBeDefined();
  return found!;
}

const late: Partial<OpenDeviation> = { firstSeenAt: now - 2 * day, dueAt: now - day };
const pass = makeVerdict('sample', 'pass');
const failA = makeVerdict('sample', 'fail', [failing('a')]);
const failAB = makeVerdict('sample', 'fail', [failing('a'), failing('b')]);
const a = makeDeviation('sample', 'a');
const b = makeDeviation('sample', 'b');
const unknown = makeVerdict('sample', 'unknown');
const emptyFails = { ...makeVerdict('sample', 'fail'), why: 'There is nothing to examine.' };

describe('the status of an aspect', () => {
  const cases: readonly (readonly [string, Partial<StatusInput>, ControlStatus, RegExp])[] = [
    ['is unknown when nothing covers it', { checks: [] }, 'unknown', /No check and no attestation covers it/],
    ['is unknown before its check was evaluated', {}, 'unknown', /has not been evaluated yet/],
    ['is effective when its check passes', { verdicts: verdicts(pass) }, 'effective', /sample: It is pass/],
    ['is unknown when its check is', { verdicts: verdicts(unknown) }, 'unknown', /sample: It is unknown/],
    [
      'is unknown when its only check was not applicable',
      { verdicts: verdicts(makeVerdict('sample', 'not_applicable')) },
      'unknown',
      /None of its checks found anything to apply to/,
    ],
    [
      'is correcting while every failure is within its deadline',
      { verdicts: verdicts(failAB), open: [a, b] },
      'correcting',
      /2 deviations, all within their deadlines, the next at 2026-01-01T23:00:00Z/,
    ],
    [
      'is correcting at the deadline itself',
      { verdicts: verdicts(failA), open: [{ ...a, dueAt: now }] },
      'correcting',
      /within/,
    ],
    [
      'is ineffective past one deadline',
      { verdicts: verdicts(failAB), open: [a, { ...b, ...late }] },
      'ineffective',
      /1 deviation past the deadline/,
    ],
    [
      'is ineffective when a failure has no deviation',
      { verdicts: verdicts(failA) },
      'ineffective',
      /sample: It is fail/,
    ],
    [
      'is ineffective when an empty population fails',
      { verdicts: verdicts(emptyFails) },
      'ineffective',
      /nothing to examine/,
    ],
    [
      'is accepted when an exception covers every failure',
      { verdicts: verdicts(failA), open: [{ ...a, ...late }], exceptions: [exception()] },
      'accepted',
      /1 deviation, all accepted by break-glass/,
    ],
    [
      'is accepted when an exception covers them all',
      {
        verdicts: verdicts(failAB),
        open: [a, { ...b, ...late }],
        exceptions: [exception({ records: { all: true } })],
      },
      'accepted',
      /2 deviations/,
    ],
    [
      'is correcting when one failure is accepted and one within its deadline',
      { verdicts: verdicts(failAB), open: [{ ...a, ...late }, b], exceptions: [exception()] },
      'correcting',
      /1 deviation, all within/,
    ],
    [
      'is ineffective when one failure is accepted and one overdue',
      { verdicts: verdicts(failAB), open: [a, { ...b, ...late }], exceptions: [exception()] },
      'ineffective',
      /1 deviation past/,
    ],
    [
      'is ineffective once the exception has expired',
      {
        verdicts: verdicts(failA),
        open: [{ ...a, ...late }],
        exceptions: [exception({ expires: '2026-01-01' })],
      },
      'ineffective',
      /past/,
    ],
    [
      'is ineffective before the exception is approved',
      {
        verdicts: verdicts(failA),
        open: [{ ...a, ...late }],
        exceptions: [exception({ approvedAt: '2026-01-02' })],
      },
      'ineffective',
      /past/,
    ],
    [
      'is ineffective before the exception is sealed, whenever it was approved',
      { verdicts: verdicts(failA), open: [{ ...a, ...late }], exceptions: [exception({}, now + 1)] },
      'ineffective',
      /past/,
    ],
    [
      'does not take an exception from another check',
      { verdicts: verdicts(failA), open: [{ ...a, ...late }], exceptions: [exception({ check: 'other' })] },
      'ineffective',
      /past/,
    ],
    [
      'does not take an exception for another record',
      {
        verdicts: verdicts(failA),
        open: [{ ...a, ...late }],
        exceptions: [exception({ records: ['aa', 'b'] })],
      },
      'ineffective',
      /past/,
    ],
    [
      'is unknown when failures are within their deadlines and the rest could not be examined',
      { verdicts: verdicts(makeVerdict('sample', 'fail', [failing('a')], 4)), open: [a] },
      'unknown',
      /sample/,
    ],
    [
      'is unknown when failures are accepted and the rest could not be examined',
      {
        verdicts: verdicts(makeVerdict('sample', 'fail', [failing('a')], 4)),
        open: [a],
        exceptions: [exception()],
      },
      'unknown',
      /sample/,
    ],
    [
      'is ineffective when a failure is overdue, whatever could not be examined',
      { verdicts: verdicts(makeVerdict('sample', 'fail', [failing('a')], 4)), open: [{ ...a, ...late }] },
      'ineffective',
      /past/,
    ],
    [
      'stays ineffective when the evidence of an overdue failure goes missing',
      { verdicts: verdicts(unknown), open: [{ ...a, ...late }] },
      'ineffective',
      /past/,
    ],
    [
      'is unknown when the evidence of a failure within its deadline goes missing',
      { verdicts: verdicts(unknown), open: [a] },
      'unknown',
      /It is unknown/,
    ],
    [
      'is effective by a valid attestation alone',
      { checks: [], attestations: [attestation()] },
      'effective',
      /attested by Bea \(asserted in the configuration\)/,
    ],
    [
      'is ineffective by an expired attestation',
      { checks: [], attestations: [attestation({ expires: '2026-01-01' })] },
      'ineffective',
      /expired at 2026-01-01T00:00:00Z/,
    ],
    [
      'is unknown by an attestation dated in the future',
      { checks: [], attestations: [attestation({ at: '2026-01-02' })] },
      'unknown',
      /dated in the future/,
    ],
    [
      'is the worst of check and attestation: a failing check',
      { verdicts: verdicts(failA), open: [{ ...a, ...late }], attestations: [attestation()] },
      'ineffective',
      /sample/,
    ],
    [
      'is the worst of check and attestation: an unknown check',
      { verdicts: verdicts(unknown), attestations: [attestation()] },
      'unknown',
      /sample/,
    ],
    [
      'is the worst of check and attestation: an expired attestation',
      { verdicts: verdicts(pass), attestations: [attestation({ expires: '2026-01-01' })] },
      'ineffective',
      /drill/,
    ],
    [
      'is the worst of two attestations',
      { checks: [], attestations: [attestation(), attestation({ expires: '2026-01-01' }, 'older')] },
      'ineffective',
      /older/,
    ],
    [
      'takes what applies when another check had nothing to apply to',
      {
        checks: [makeCheck(), makeCheck('other')],
        verdicts: verdicts(pass, makeVerdict('other', 'not_applicable')),
      },
      'effective',
      /sample/,
    ],
    [
      'is unknown when one of its checks was not evaluated',
      { checks: [makeCheck(), makeCheck('other')], verdicts: verdicts(pass) },
      'unknown',
      /other has not been evaluated/,
    ],
    [
      'is ineffective when one check is overdue and another unknown',
      {
        checks: [makeCheck(), makeCheck('other')],
        verdicts: verdicts(failA, makeVerdict('other', 'unknown')),
        open: [{ ...a, ...late }],
      },
      'ineffective',
      /sample/,
    ],
    [
      'is unknown when one check is unknown and another correcting',
      {
        checks: [makeCheck(), makeCheck('other')],
        verdicts: verdicts(failA, makeVerdict('other', 'unknown')),
        open: [a],
      },
      'unknown',
      /other/,
    ],
  ];

  test.each(cases)('%s', (_, given, status, why) => {
    const found = aspectOf(input(given));
    expect(found.status).toBe(status);
    expect(found.why).toMatch(why);
  });

  test('names what answers it, and the weakest basis among them', () => {
    const departures = makeCheck('departures', { kind: 'departure' });
    const both = [makeCheck('zeta'), makeCheck('alpha')];
    expect(aspectOf(input({ checks: [] }))).toMatchObject({ basis: null, checks: [], attestations: [] });
    expect(aspectOf(input({ checks: both }))).toMatchObject({ basis: 'live', checks: ['alpha', 'zeta'] });
    expect(aspectOf(input({ checks: [departures] }))).toMatchObject({ basis: 'recorded' });
    expect(aspectOf(input({ checks: [...both, departures] }))).toMatchObject({ basis: 'recorded' });
    expect(aspectOf(input({ checks: both, attestations: [attestation({}, 'alpha')] }))).toMatchObject({
      basis: 'attested',
      checks: ['alpha', 'zeta'],
      attestations: ['alpha'],
    });
  });

  test('is given to each aspect that a check answers', () => {
    const check = makeCheck('sample', { aspects: ['A.5.16/owner', 'A.5.18/removal'] });
    const given = input({ checks: [check], verdicts: verdicts(pass) });
    expect(aspectOf(given, 'A.5.16/owner').status).toBe('effective');
    expect(aspectOf(given, 'A.5.18/removal').status).toBe('effective');
    expect(aspectOf(given).status).toBe('unknown');
  });
});

describe('the order of statuses', () => {
  const order: readonly ControlStatus[] = [
    'ineffective',
    'unknown',
    'correcting',
    'accepted',
    'effective',
    'not_applicable',
  ];

  test.each(order.flatMap((worse, at) => order.slice(at).map((better) => [worse, better] as const)))(
    '%s is not better than %s',
    (worse, better) => {
      expect(worstStatus([worse, better])).toBe(worse);
      expect(worstStatus([better, worse])).toBe(worse);
    },
  );

  test('of nothing is unknown', () => {
    expect(worstStatus([])).toBe('unknown');
  });
});

describe('the status of a control', () => {
  const aspects = findControl('A.8.5')!.aspects.map(({ id }) => id);
  const whole = makeCheck('sample', { aspects });
  const good = input({ checks: [whole], verdicts: verdicts(pass) });

  test('is effective when every aspect is', () => {
    expect(controlOf(good)).toMatchObject({
      status: 'effective',
      why: `Every test defined for its ${aspects.length} aspects passed.`,
    });
  });

  test('is as bad as the worst of its aspects', () => {
    const part = makeCheck('part', { aspects: aspects.slice(0, 1) });
    const given = { ...good, checks: [whole, part] };
    const deviation = makeDeviation('part', 'a');
    const fails = makeVerdict('part', 'fail', [failing('a')]);
    expect(controlOf({ ...given, verdicts: verdicts(pass, fails), open: [deviation] }).status).toBe(
      'correcting',
    );
    expect(
      controlOf({ ...given, verdicts: verdicts(pass, fails), open: [{ ...deviation, ...late }] }).status,
    ).toBe('ineffective');
    expect(controlOf({ ...given, verdicts: verdicts(pass, makeVerdict('part', 'unknown')) }).status).toBe(
      'unknown',
    );
  });

  test('is unknown while one aspect is covered by nothing', () => {
    const found = controlOf(input({ verdicts: verdicts(pass) }));
    expect(found.status).toBe('unknown');
    expect(found.why).toMatch(/^A\.8\.5\/sign-in-protection: No check and no attestation covers it/);
  });

  test('is not applicable when the SoA excludes it, while its checks still show', () => {
    const given = { ...good, soa: soa({ applicable: false, justification: 'Nobody signs in.' }) };
    const found = controlOf({ ...given, verdicts: verdicts(failA), open: [{ ...a, ...late }] });
    expect(found.status).toBe('not_applicable');
    expect(found.why).toBe('Excluded by the Statement of Applicability: Nobody signs in.');
    expect(found.aspects.every(({ status }) => status === 'ineffective')).toBe(true);
  });

  test('is not applicable by nothing but the SoA', () => {
    const none = verdicts(makeVerdict('sample', 'not_applicable'));
    expect(controlOf({ ...good, verdicts: none }).status).toBe('unknown');
  });

  test.each(['implemented', 'partial'])('may be effective when the SoA says %s', (implementation) => {
    expect(controlOf({ ...good, soa: soa({ applicable: true, implementation }) }).status).toBe('effective');
  });

  test('is never effective while the SoA says planned, and keeps what is worse', () => {
    const planned = { ...good, soa: soa({ applicable: true, implementation: 'planned' }) };
    expect(controlOf(planned)).toMatchObject({
      status: 'unknown',
      why: expect.stringMatching(/only planned/),
    });
    const accepted = { ...planned, verdicts: verdicts(failA), open: [a], exceptions: [exception()] };
    expect(controlOf(accepted).status).toBe('unknown');
    expect(controlOf({ ...accepted, exceptions: [] }).status).toBe('correcting');
    expect(controlOf({ ...accepted, exceptions: [], open: [{ ...a, ...late }] }).status).toBe('ineffective');
  });

  test('is given to every control of Annex A, every clause and every control of the SoA', () => {
    const listed = assess({
      ...good,
      soa: soa({ control: 'ACME-1', applicable: true, implementation: 'implemented' }),
    });
    expect(listed).toHaveLength(catalogue.controls.length + catalogue.clauses.length + 1);
    expect(listed.at(-1)).toMatchObject({ control: { id: 'ACME-1', theme: 'own' }, status: 'unknown' });
  });

  test('is unknown or not applicable for all while nothing is configured', () => {
    const statuses = assess(input({ checks: [] })).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set(['unknown']));
  });
});

test('an attestation counts from its date on and an exception until the moment it expires', () => {
  const at = new Date((now - hour) * 1000).toISOString();
  const given = input({ checks: [], attestations: [attestation({ at })] });
  expect(aspectOf({ ...given, now: now - hour }).status).toBe('effective');
  expect(aspectOf({ ...given, now: now - hour - 1 }).status).toBe('unknown');
  const failed = input({
    verdicts: verdicts(failA),
    open: [{ ...a, ...late }],
    exceptions: [exception({ expires: '2026-01-02' })],
  });
  expect(aspectOf({ ...failed, now: now + day - 1 }).status).toBe('accepted');
  expect(aspectOf({ ...failed, now: now + day }).status).toBe('ineffective');
});

describe('an attestation that was given through the API', () => {
  const sealed = (over: object = {}, sealedAt = now - hour): SealedAttestation => {
    const { spec } = attestation();
    const line = { ...spec, name: 'drill', by: 'token:bea', givenAt: sealedAt, ...over };
    return { entry: 17, sealedAt, aspects: [aspect], line };
  };
  const judged = (...of: SealedAttestation[]) => aspectOf(input({ checks: [], sealed: of }));

  test('counts from its sealing on, never from the earlier date that it bears', () => {
    expect(judged(sealed({}, now))).toMatchObject({ status: 'effective', attestations: ['drill'] });
    expect(judged(sealed({}, now)).why).toContain('attested by token:bea (authenticated)');
    expect(judged(sealed({}, now + 1)).status).toBe('unknown');
    expect(judged(sealed({ expires: now })).status).toBe('ineffective');
  });

  test('leaves the aspect unknown once it was erased, whatever else passes', () => {
    const erased = { ...sealed(), line: null };
    expect(judged(erased, sealed())).toMatchObject({
      status: 'unknown',
      why: 'entry-17: the attestation was erased on request, and counts no more.',
      attestations: ['drill', 'entry-17'],
    });
    expect(aspectOf(input({ verdicts: verdicts(pass), sealed: [erased] })).status).toBe('unknown');
  });

  test('is displaced by a manifest of its name, and by no other', () => {
    const expired = sealed({ expires: now });
    const beside = (name: string) =>
      aspectOf(input({ checks: [], attestations: [attestation({}, name)], sealed: [expired] })).status;
    expect(beside('drill')).toBe('effective');
    expect(beside('other')).toBe('ineffective');
  });
});
