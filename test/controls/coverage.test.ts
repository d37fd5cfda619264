import { describe, expect, test } from 'vitest';
import { plugins } from '../../src/collectors/registry.ts';
import { attestationManifest } from '../../src/controls/attestation.ts';
import { recordedKinds } from '../../src/controls/basis.ts';
import { builtinChecks } from '../../src/controls/builtin.ts';
import { catalogue } from '../../src/controls/catalogue.ts';
import { checkManifest } from '../../src/controls/check.ts';
import { coverage, type CoverageInput, coverageSums } from '../../src/controls/coverage.ts';
import { kindsRead } from '../../src/controls/judge.ts';
import { soaManifest } from '../../src/controls/soa.ts';
import { SOA_KIND } from '../../src/controls/soa-records.ts';
import { createSandbox } from '../../src/inventory/sandbox.ts';
import { day, makeCheck, now } from './samples.ts';

/** Controls of Annex A that the built-in checks can answer when everything is connected. Raised with the checks, never lowered. */
const LIVE_AT_LEAST = 42;
const RECORDED_AT_LEAST = 64;

const identities = makeCheck('second-factor');
const leavers = makeCheck('leavers', {
  aspects: ['A.5.18/removal'],
  kind: 'departure',
  where: undefined,
  fails: 'it.at < :now',
});
const clusters = makeCheck('clusters', {
  aspects: ['A.8.5/second-factor', 'A.8.22/default-deny'],
  kind: 'cluster',
});
const base: CoverageInput = {
  checks: [identities, leavers, clusters],
  reads: new Map([
    ['second-factor', ['identity']],
    ['leavers', ['departure', 'identity']],
    ['clusters', ['cluster', 'network']],
  ]),
  fed: new Set(['identity', 'departure']),
  absent: [],
  attestations: [],
  soa: undefined,
  now,
};

function attestation(name: string, aspect: string, expires: number) {
  return attestationManifest.parse({
    apiVersion: 'annexa.dev/v1alpha1',
    kind: 'Attestation',
    metadata: { name },
    spec: {
      aspects: [aspect],
      statement: 'seen',
      by: 'CISO',
      at: '2025-06-01',
      expires: new Date(expires * 1000).toISOString(),
    },
  });
}

function aspect(id: string, over: Partial<CoverageInput> = {}) {
  const found = coverage({ ...base, ...over }).flatMap(({ aspects }) => aspects);
  return found.find((one) => one.id === id);
}

describe('an aspect is', () => {
  test('live, when a check answers it all of whose kinds are fed', () => {
    expect(aspect('A.8.5/second-factor')).toMatchObject({ state: 'live', checks: ['second-factor'] });
  });

  test('recorded, when what is judged comes from a register', () => {
    expect(aspect('A.5.18/removal')).toMatchObject({ state: 'recorded', checks: ['leavers'] });
  });

  test('blind, when one kind that the check reads is not fed, and says which', () => {
    expect(aspect('A.8.22/default-deny')).toMatchObject({
      state: 'blind',
      checks: [],
      idle: [{ check: 'clusters', lacks: ['cluster', 'network'], absent: false }],
    });
    expect(aspect('A.5.18/removal', { fed: new Set(['departure']) })?.state).toBe('blind');
  });

  test('blind, when its check does not compile', () => {
    const reads = new Map([['second-factor', ['identity']]]);
    expect(aspect('A.5.18/removal', { reads })).toMatchObject({
      state: 'blind',
      idle: [{ check: 'leavers', lacks: [] }],
    });
  });

  test('blind, when what its check is about is declared absent', () => {
    const absent = [{ kinds: ['cluster'], reason: 'none', approver: 'CISO' }];
    expect(aspect('A.8.22/default-deny', { absent })).toMatchObject({
      state: 'blind',
      idle: [{ check: 'clusters', absent: true }],
    });
  });

  test('attested while an attestation is valid, and blind afterwards', () => {
    const valid = attestation('seen', 'A.5.4/direction', now + day);
    const expired = attestation('seen', 'A.5.4/direction', now);
    expect(aspect('A.5.4/direction', { attestations: [valid] })).toMatchObject({
      state: 'attested',
      attestations: ['seen'],
    });
    expect(aspect('A.5.4/direction', { attestations: [expired] })).toMatchObject({
      state: 'blind',
      lapsed: ['seen'],
    });
  });

  test('excluded with its control, whatever would answer it', () => {
    const soa = soaManifest.parse({
      apiVersion: 'annexa.dev/v1alpha1',
      kind: 'StatementOfApplicability',
      metadata: { name: 'soa' },
      spec: {
        version: '1',
        approver: 'Board',
        approvedAt: '2025-01-01',
        controls: [{ control: 'A.8.5', applicable: false, justification: 'nobody signs in' }],
      },
    });
    const [control] = coverage({ ...base, soa }).filter((one) => one.control.id === 'A.8.5');
    expect(control?.state).toBe('excluded');
    expect(control?.aspects.every(({ state }) => state === 'excluded')).toBe(true);
  });
});

test('sums count a control by the best of its aspects', () => {
  const attestations = [attestation('seen', 'A.5.4/direction', now + day)];
  const annexA = coverage({ ...base, attestations }).filter(({ control }) => control.theme !== 'clause');
  expect(coverageSums(annexA)).toEqual({
    total: 93,
    live: 1,
    recorded: 2,
    attested: 3,
    whole: 0,
    excluded: 0,
    blind: 90,
  });
});

/** As if everything were connected: what the product can show. */
async function possible() {
  await using sandbox = createSandbox();
  const checks = (await builtinChecks()).map((manifest) => checkManifest.parse(manifest));
  const reads = new Map<string, readonly string[]>();
  for (const check of checks) reads.set(check.metadata.name, (await kindsRead(sandbox, check)) ?? []);
  const fed = [...plugins.values()].flatMap(({ datasets }) => datasets.flatMap(({ kinds }) => kinds));
  const all = coverage({ ...base, checks, reads, fed: new Set([...fed, SOA_KIND]) });
  return all.filter(({ control }) => catalogue.controls.some(({ id }) => id === control.id));
}

describe('the built-in checks', () => {
  test('answer so many of the 93 controls', async () => {
    const sums = coverageSums(await possible());
    expect(sums.total).toBe(93);
    expect(sums.live).toBeGreaterThanOrEqual(LIVE_AT_LEAST);
    expect(sums.recorded).toBeGreaterThanOrEqual(RECORDED_AT_LEAST);
  });

  test('lack nothing that no collector could feed', async () => {
    const idle = (await possible()).flatMap(({ aspects }) => aspects.flatMap((one) => one.idle));
    expect(idle).toEqual([]);
  });
});

describe('a kind of a register', () => {
  const registers: readonly string[] = ['bamboohr', 'hr', 'register'];
  const kindsOf = (isRegister: boolean) =>
    new Set(
      [...plugins.values()]
        .filter(({ type }) => registers.includes(type) === isRegister)
        .flatMap(({ datasets }) => datasets.flatMap(({ kinds }) => kinds)),
    );

  test('is recorded, not live', () => {
    expect([...kindsOf(true)].filter((kind) => !recordedKinds.has(kind))).toEqual([]);
  });

  test('comes from registers alone: else the same check would be live here and recorded there', () => {
    expect([...kindsOf(false)].filter((kind) => recordedKinds.has(kind))).toEqual([]);
  });
});
