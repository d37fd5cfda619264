import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { attestationManifest } from '../../src/controls/attestation.ts';
import { readChecks } from '../../src/controls/builtin.ts';
import { compareVerdicts } from '../../src/controls/changes.ts';
import { checkManifest, queryOf } from '../../src/controls/check.ts';
import { acceptedBy, exceptionManifest, validFrom } from '../../src/controls/exception.ts';
import { explainCheck } from '../../src/controls/explain.ts';
import { soaEntry, soaManifest } from '../../src/controls/soa.ts';
import { failing, makeCheck, makeVerdict, now } from './samples.ts';

const wrap = (kind: string, spec: object, name = 'sample') => ({
  apiVersion: 'annexa.dev/v1alpha1',
  kind,
  metadata: { name },
  spec,
});

const exception = {
  check: 'identity-second-factor',
  records: ['aws:1:AIDA'],
  reason: 'Break-glass.',
  risk: 'R-7',
  approver: 'Ada',
  approvedAt: '2025-12-01',
  expires: '2026-06-01T12:00:00+02:00',
};

const attestation = {
  aspects: ['A.5.18/review'],
  statement: 'Reviewed.',
  by: 'Bea',
  at: '2025-12-01',
  documents: [{ name: 'minutes.pdf', sha256: 'a'.repeat(64) }],
  expires: '2026-06-01',
};

const included = {
  control: 'A.8.5',
  applicable: true,
  justification: 'People sign in.',
  implementation: 'implemented',
};
const soa = { version: '3', approver: 'Ada', approvedAt: '2025-12-01', controls: [included] };
const excluded = { control: 'A.7.1', applicable: false, justification: 'No premises.' };

const check = {
  title: 'A sample',
  aspects: ['A.8.5/second-factor'],
  nature: 'state',
  severity: 'high',
  within: '24h',
  kind: 'identity',
  fails: 'NOT it.second_factor',
  reason: "'none'",
  remediation: 'Add one.',
  rationale: 'It shows.',
};

describe('a manifest', () => {
  test('is read with instants and durations as whole seconds', () => {
    expect(exceptionManifest.parse(wrap('Exception', exception)).spec).toMatchObject({
      approvedAt: Date.UTC(2025, 11, 1) / 1000,
      expires: Date.UTC(2026, 5, 1, 10) / 1000,
    });
    expect(checkManifest.parse(wrap('Check', check)).spec).toMatchObject({
      within: 86_400,
      params: {},
      empty: 'unknown',
      cases: [],
    });
    expect(
      soaManifest.parse(wrap('StatementOfApplicability', { ...soa, controls: [included, excluded] })).spec
        .controls,
    ).toHaveLength(2);
    expect(attestationManifest.parse(wrap('Attestation', attestation)).spec.documents).toHaveLength(1);
  });

  const refused: readonly (readonly [
    string,
    {
      safeParse(value: unknown): {
        error?: { issues: readonly { path: PropertyKey[]; message: string }[] } | undefined;
      };
    },
    object,
    string,
  ])[] = [
    ['of another kind', exceptionManifest, wrap('Exemption', exception), 'kind'],
    [
      'of another version',
      exceptionManifest,
      { ...wrap('Exception', exception), apiVersion: 'v2' },
      'apiVersion',
    ],
    ['with an unknown field', exceptionManifest, { ...wrap('Exception', exception), status: {} }, ''],
    [
      'with an unknown field in its spec',
      exceptionManifest,
      wrap('Exception', { ...exception, until: 1 }),
      'spec',
    ],
    [
      'with a name that is no label',
      exceptionManifest,
      wrap('Exception', exception, 'Break glass'),
      'metadata.name',
    ],
    [
      'of an exception without approver',
      exceptionManifest,
      wrap('Exception', { ...exception, approver: undefined }),
      'spec.approver',
    ],
    [
      'of an exception with a blank reason',
      exceptionManifest,
      wrap('Exception', { ...exception, reason: ' ' }),
      'spec.reason',
    ],
    [
      'of an exception without expiry',
      exceptionManifest,
      wrap('Exception', { ...exception, expires: undefined }),
      'spec.expires',
    ],
    [
      'of an exception that expires before it is approved',
      exceptionManifest,
      wrap('Exception', { ...exception, expires: '2025-12-01' }),
      'spec.expires',
    ],
    [
      'of an exception for no record',
      exceptionManifest,
      wrap('Exception', { ...exception, records: [] }),
      'spec.records',
    ],
    [
      'of an exception for all: false',
      exceptionManifest,
      wrap('Exception', { ...exception, records: { all: false } }),
      'spec.records',
    ],
    [
      'with a day that does not exist',
      exceptionManifest,
      wrap('Exception', { ...exception, approvedAt: '2025-02-30' }),
      'spec.approvedAt',
    ],
    [
      'with a time without an offset',
      exceptionManifest,
      wrap('Exception', { ...exception, approvedAt: '2025-02-03T10:00:00' }),
      'spec.approvedAt',
    ],
    [
      'of an attestation for no aspect',
      attestationManifest,
      wrap('Attestation', { ...attestation, aspects: [] }),
      'spec.aspects',
    ],
    [
      'of an attestation that expires at once',
      attestationManifest,
      wrap('Attestation', { ...attestation, expires: '2025-12-01' }),
      'spec.expires',
    ],
    [
      'of an attestation with a digest that is none',
      attestationManifest,
      wrap('Attestation', { ...attestation, documents: [{ name: 'm', sha256: 'A' }] }),
      'spec.documents.0.sha256',
    ],
    [
      'of an SoA that includes without a reason',
      soaManifest,
      wrap('StatementOfApplicability', { ...soa, controls: [{ ...included, justification: undefined }] }),
      'spec.controls.0.justification',
    ],
    [
      'of an SoA that excludes without a reason',
      soaManifest,
      wrap('StatementOfApplicability', { ...soa, controls: [{ ...excluded, justification: '' }] }),
      'spec.controls.0.justification',
    ],
    [
      'of an SoA that includes without a state',
      soaManifest,
      wrap('StatementOfApplicability', { ...soa, controls: [{ ...included, implementation: undefined }] }),
      'spec.controls.0.implementation',
    ],
    [
      'of an SoA that lists a control twice',
      soaManifest,
      wrap('StatementOfApplicability', { ...soa, controls: [included, included] }),
      'spec.controls.1',
    ],
    [
      'of an SoA that excludes a clause',
      soaManifest,
      wrap('StatementOfApplicability', { ...soa, controls: [{ ...excluded, control: '4.1' }] }),
      'spec.controls.0.control',
    ],
    [
      'of an SoA without an approver',
      soaManifest,
      wrap('StatementOfApplicability', { ...soa, approver: undefined }),
      'spec.approver',
    ],
    ['of a check without an aspect', checkManifest, wrap('Check', { ...check, aspects: [] }), 'spec.aspects'],
    [
      'of a check that answers a control instead of an aspect',
      checkManifest,
      wrap('Check', { ...check, aspects: ['A.8.5'] }),
      'spec.aspects.0',
    ],
    [
      'of a check without a unit in its deadline',
      checkManifest,
      wrap('Check', { ...check, within: '24' }),
      'spec.within',
    ],
    [
      'of a check with no time at all',
      checkManifest,
      wrap('Check', { ...check, within: '0h' }),
      'spec.within',
    ],
    [
      'of a check with a parameter that the engine binds',
      checkManifest,
      wrap('Check', { ...check, params: { now: { value: 1 } } }),
      'spec.params.now',
    ],
    [
      'of a check with exemptions among its fields',
      checkManifest,
      wrap('Check', { ...check, exempt: ['root'] }),
      'spec',
    ],
    [
      'of a check with an empty outcome of pass',
      checkManifest,
      wrap('Check', { ...check, empty: 'pass' }),
      'spec.empty',
    ],
  ];

  test.each(refused)('%s is refused at its place', (_, schema, value, path) => {
    const issues = schema.safeParse(value).error?.issues ?? [];
    expect(issues.map((issue) => issue.path.join('.'))).toContain(path);
  });
});

describe('an exception', () => {
  const parsed = exceptionManifest.parse(wrap('Exception', exception));

  test('counts from the later of approval and sealing', () => {
    const approved = parsed.spec.approvedAt;
    expect(validFrom({ exception: parsed, sealedAt: approved - 5 })).toBe(approved);
    expect(validFrom({ exception: parsed, sealedAt: approved + 5 })).toBe(approved + 5);
  });

  test('is found by its name when several accept the same record', () => {
    const named = (name: string) => ({ exception: { ...parsed, metadata: { name } }, sealedAt: 0 });
    const deviation = { check: exception.check, record: 'aws:1:AIDA' };
    expect(acceptedBy([named('b'), named('a')], deviation, now)?.metadata.name).toBe('a');
    expect(acceptedBy([named('b')], { ...deviation, record: 'aws:1:AIDAX' }, now)).toBeUndefined();
    expect(acceptedBy([named('b')], { ...deviation, check: 'other' }, now)).toBeUndefined();
  });
});

test('a control that the SoA does not list has no entry', () => {
  const parsed = soaManifest.parse(wrap('StatementOfApplicability', soa));
  expect(soaEntry(parsed, 'A.8.5')?.applicable).toBe(true);
  expect(soaEntry(parsed, 'A.8.6')).toBeUndefined();
  expect(soaEntry(undefined, 'A.8.5')).toBeUndefined();
});

test("a case's parameters take the place of the check's own", () => {
  const sample = makeCheck('sample', { params: { maxAgeDays: { value: 90 }, names: { value: ['a'] } } });
  expect(queryOf(sample, { maxAgeDays: 30 }).params).toEqual({ maxAgeDays: 30, names: ['a'] });
});

describe('the loader of built-in checks', () => {
  async function makeDirectory(files: Readonly<Record<string, string>>): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), 'annexa-checks-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    await mkdir(join(directory, 'family'));
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(directory, 'family', name), text);
    }
    return directory;
  }

  test('reads every document of every file, by path', async () => {
    const directory = await makeDirectory({
      'b.yaml': 'n: 3',
      'a.yaml': 'n: 1\n---\nn: 2',
      'notes.md': 'no',
    });
    expect(await readChecks(directory)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  });

  test('refuses YAML that is broken, naming the file', async () => {
    const directory = await makeDirectory({ 'a.yaml': 'n: 1\nn: 2' });
    await expect(readChecks(directory)).rejects.toThrow(/a\.yaml: Map keys must be unique/);
  });

  test('refuses a directory without checks', async () => {
    await expect(readChecks(await makeDirectory({}))).rejects.toThrow(/holds no checks: expected \*\.yaml/);
  });
});

describe('a change of a check', () => {
  const before = makeVerdict('sample', 'fail', [failing('a'), failing('b')]);
  const fewer = { ...before, counts: { ...before.counts, population: 5 } };

  test.each([
    [
      'weaker when it lets something off',
      before,
      makeVerdict('sample', 'fail', [failing('a')]),
      'weaker',
      ['b'],
      [],
    ],
    [
      'stronger when it catches more',
      makeVerdict('sample', 'fail', [failing('a')]),
      before,
      'stronger',
      [],
      ['b'],
    ],
    [
      'mixed when it does both',
      makeVerdict('sample', 'fail', [failing('a')]),
      makeVerdict('sample', 'fail', [failing('b')]),
      'mixed',
      ['a'],
      ['b'],
    ],
    ['the same when nothing changes', before, before, 'same', [], []],
    ['weaker when it examines fewer', before, fewer, 'weaker', [], []],
    ['stronger when it examines more', fewer, before, 'stronger', [], []],
    ['weaker when the check is gone', before, undefined, 'weaker', ['a', 'b'], []],
    ['stronger when the check is new', undefined, before, 'stronger', [], ['a', 'b']],
    [
      'weaker when unknown becomes pass',
      makeVerdict('sample', 'unknown'),
      makeVerdict('sample', 'pass'),
      'weaker',
      [],
      [],
    ],
    [
      'weaker when pass becomes not applicable',
      makeVerdict('sample', 'pass'),
      makeVerdict('sample', 'not_applicable'),
      'weaker',
      [],
      [],
    ],
  ] as const)('is %s', (_, from, to, direction, letOff, caught) => {
    expect(compareVerdicts(from, to)).toMatchObject({ check: 'sample', direction, letOff, caught });
  });
});

test('an explanation shows aspects, parameters with their policy, tables, SQL and rationale', () => {
  const sample = makeCheck('sample', {
    params: { maxAgeDays: { value: 90, policy: 'AC-3 4.2' }, names: { value: ['a', 'b'] } },
    within: '36h',
  });
  const text = explainCheck(sample, {
    tables: ['identity', 'person'],
    kinds: ['identity', 'person'],
    nullable: ['second_factor'],
  });
  for (const part of [
    'sample: A sample',
    'A.8.5/second-factor  Everyone who can sign in interactively uses a second factor',
    'Within    36h',
    ':maxAgeDays = 90 (AC-3 4.2)',
    ':names = ["a","b"] (product default)',
    'tables identity, person',
    "unknown when the source can't say: it.second_factor",
    'FROM identity AS it',
    'WHERE it.enabled',
    'FAILS WHEN NOT it.second_factor',
    'Rationale\n  It shows.',
    'Remediation\n  Add one.',
  ]) {
    expect(text).toContain(part);
  }
});
