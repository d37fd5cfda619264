import { describe, expect, test } from 'vitest';
import { createContext } from '../../src/audit/context.ts';
import { provenIn, rangeOf, type Timeline } from '../../src/audit/range.ts';
import { bodiesOf, checkIn, choose, snapshotUsed, verdictBody } from '../../src/audit/selection.ts';
import { checkManifest } from '../../src/controls/check.ts';
import type { JsonObject, Sealed } from '../../src/evidence/contract.ts';

const digest = (letter: string) => letter.repeat(64);

function entry(
  index: number,
  predicate: Sealed['predicate'],
  fields: JsonObject = {},
  more: Partial<Sealed> = {},
): Sealed {
  return {
    index,
    leafHash: digest('0'),
    predicate,
    stream: predicate,
    seq: index,
    runId: `run-${index}`,
    startedAt: 0,
    finishedAt: 0,
    sealedAt: index * 100,
    config: null,
    anchor: { size: 0, root: digest('0'), tokens: [] },
    subjects: [
      { name: 'records', sha256: digest('a') },
      { name: `keys/${digest('b')}.pem`, sha256: digest('b') },
    ],
    fields,
    ...more,
  };
}

const snapshot = (collector: string, kind: string, index = 9) =>
  entry(index, 'snapshot', { collector, kinds: { [kind]: digest('d') } });

const check = (name: string, aspect: string, kind: string) =>
  checkManifest.parse({
    apiVersion: 'annexa.dev/v1alpha1',
    kind: 'Check',
    metadata: { name },
    spec: {
      title: name,
      aspects: [aspect],
      nature: 'state',
      severity: 'high',
      within: '1h',
      kind,
      fails: 'it.enabled',
      reason: "'x'",
      remediation: 'none',
      rationale: 'none',
    },
  });

const checks = [
  check('second-factor', 'A.8.5/second-factor', 'identity'),
  check('leavers', 'A.5.18/removal', 'credential'),
  check('broken', 'A.8.5/lockout', 'account'),
];
const kindsOf = (one: (typeof checks)[number]) =>
  Promise.resolve(one.metadata.name === 'broken' ? undefined : [one.spec.kind, 'person']);

describe('bodies', () => {
  test('of every snapshot belong to a question about everything', async () => {
    const chosen = await choose({ controls: null, collectors: null }, checks, kindsOf);
    expect(bodiesOf(chosen, snapshot('aws', 'anything'))).toEqual([{ name: 'records', sha256: digest('a') }]);
    expect(verdictBody(chosen, { id: 'leavers', body: digest('e') })).toBe(digest('e'));
  });

  test('belong when their dataset feeds a kind that a check of the controls reads', async () => {
    const chosen = await choose({ controls: ['A.8.5'], collectors: null }, checks, kindsOf);
    const taken = ['identity', 'person', 'account', 'credential'].filter(
      (kind) => bodiesOf(chosen, snapshot('aws', kind)).length > 0,
    );
    expect(taken).toEqual(['identity', 'person', 'account']);
  });

  test('are narrowed by collectors, those of snapshots alone', async () => {
    const chosen = await choose({ controls: null, collectors: ['hr'] }, checks, kindsOf);
    expect(bodiesOf(chosen, snapshot('aws', 'identity'))).toEqual([]);
    expect(bodiesOf(chosen, snapshot('hr', 'identity'))).toHaveLength(1);
    expect(bodiesOf(chosen, entry(3, 'run', { collector: 'aws' }))).toHaveLength(1);
  });

  test('of configurations, runs, assessments and erasures belong to every question', async () => {
    const chosen = await choose({ controls: ['A.7.1'], collectors: ['hr'] }, checks, kindsOf);
    for (const predicate of ['config', 'run', 'assessment', 'erasure'] as const)
      expect(bodiesOf(chosen, entry(3, predicate))).toHaveLength(1);
    for (const predicate of ['genesis', 'rotation', 'access'] as const)
      expect(bodiesOf(chosen, entry(3, predicate, { authorities: [] }))).toEqual([]);
  });

  test('of verdicts belong when their check answers an aspect of the controls', async () => {
    const chosen = await choose({ controls: ['A.8.5'], collectors: null }, checks, kindsOf);
    expect(verdictBody(chosen, { id: 'second-factor', body: digest('e') })).toBe(digest('e'));
    expect(verdictBody(chosen, { id: 'leavers', body: digest('e') })).toBeUndefined();
    expect(verdictBody(chosen, { id: 'second-factor', body: null })).toBeUndefined();
  });

  test('of attestations belong when they answer an aspect of the controls', async () => {
    const chosen = await choose({ controls: ['A.7.1'], collectors: null }, checks, kindsOf);
    expect(bodiesOf(chosen, entry(3, 'attestation', { aspects: ['A.7.1/inspection'] }))).toHaveLength(1);
    expect(bodiesOf(chosen, entry(3, 'attestation', { aspects: ['A.7.2/inspection'] }))).toEqual([]);
  });

  test('a line of documents is a check, or it is not', () => {
    const [first] = checks;
    expect(checkIn({ id: 'Check/x', kind: 'Check', manifest: { nonsense: 1 } })).toBeUndefined();
    expect(checkIn({ id: 'Agent/x', kind: 'Agent', manifest: first })).toBeUndefined();
    expect(snapshotUsed({ id: 'a/b/c', index: 7 })).toBe(7);
    expect(snapshotUsed({ id: 'a/b/c', index: null })).toBeUndefined();
  });
});

describe('the context of a range', () => {
  test('is what those in it rest on', () => {
    const finder = createContext({ first: 10, end: 20 });
    const config = (index: number, letter: string) =>
      entry(index, 'config', {}, { subjects: [{ name: 'documents', sha256: digest(letter) }] });
    const old = { ...snapshot('aws', 'identity', 3), config: digest('1') };
    for (const one of [
      entry(0, 'genesis'),
      config(1, '1'),
      entry(2, 'assessment', { full: true }),
      old,
      config(4, '2'),
      entry(5, 'assessment', { full: true }),
      entry(6, 'assessment', { full: false }),
      entry(7, 'rotation'),
      entry(8, 'erasure'),
      snapshot('aws', 'identity', 9),
      config(12, '3'),
      entry(21, 'rotation'),
      entry(22, 'erasure'),
      config(23, '4'),
      entry(24, 'assessment', { full: true }),
    ])
      finder.see(one);
    expect(finder.indexes([])).toEqual([0, 4, 5, 7, 8, 21, 22]);
    expect(finder.indexes([old])).toEqual([0, 1, 3, 4, 5, 7, 8, 21, 22]);
    expect(finder.configurations().map(({ index }) => index)).toEqual([4, 12]);
  });
});

describe('the range of a period', () => {
  const token = (size: number, genTime: number) => ({ size, authority: 'a', sha256: digest('f'), genTime });
  const timeline = (tokens: Timeline['tokens'], before = 0): Timeline => ({
    sizes: [5, 10, 15, 20],
    tokens,
    sealedBefore: () => Promise.resolve(before),
  });
  const period = { from: 1000, to: 2000 };

  test('goes from the last token before it to the first one after it', async () => {
    const tokens = [token(5, 900), token(10, 1000), token(15, 1500), token(20, 2000)];
    expect(await rangeOf(period, timeline(tokens))).toEqual({ first: 10, end: 20 });
  });

  test('ends at the checkpoint of the answer when no token is late enough', async () => {
    expect(await rangeOf(period, timeline([token(10, 1000), token(15, 1999)]))).toEqual({
      first: 10,
      end: 20,
    });
  });

  test('begins by what entries say of themselves when no token is early enough', async () => {
    expect(await rangeOf(period, timeline([token(15, 1500)], 14))).toEqual({ first: 10, end: 20 });
    expect(await rangeOf(period, timeline([], 4))).toEqual({ first: 0, end: 20 });
  });

  test('an entry is proven in the first timestamped checkpoint that covers it, else in the first that does', () => {
    const sizes = [5, 10, 15, 20];
    expect(provenIn(4, sizes, [10])).toBe(10);
    expect(provenIn(9, sizes, [10])).toBe(10);
    expect(provenIn(10, sizes, [10])).toBe(15);
    expect(() => provenIn(20, sizes, [10])).toThrow(RangeError);
  });
});
