import { describe, expect, test } from 'vitest';
import { bodyKeyId, createKeyring, isRepeated, type Keyring } from '../../src/evidence/keyring.ts';
import { sha256 } from '../../src/evidence/merkle.ts';
import { fingerprint, publicKeyObject } from '../../src/evidence/public-keys.ts';
import type { RotationFields, Statement } from '../../src/evidence/statement.ts';
import { testKeys } from './helpers.ts';

const spki = {
  envelope: [1, 2, 3].map((seed) => testKeys(seed).envelope.spki),
  checkpoint: [1, 2, 3].map((seed) => testKeys(seed).checkpoint.spki),
};
const body = [1, 2, 3].map((seed) => bodyKeyId(testKeys(seed).body));
const [e1, e2] = [spki.envelope[0]!, spki.envelope[1]!];
const zero = '0'.repeat(64);

function keyring(): Keyring {
  return createKeyring({ envelope: e1, checkpoint: spki.checkpoint[0]!, at: 100 });
}

type Changes = Partial<Statement> & { readonly change?: object };

function rotation(
  use: 'envelope' | 'checkpoint',
  step: string,
  from: number,
  to: number,
  changed: Changes = {},
): Statement {
  const key = spki[use][to - 1]!;
  const fields = {
    use,
    step,
    from: fingerprint(spki[use][from - 1]!),
    to: fingerprint(key),
    key: Buffer.from(key).toString('base64'),
  };
  const file = publicKeyObject(key);
  const subject = { name: file.key, sha256: Buffer.from(sha256(file.bytes)).toString('hex') };
  return statement({ subjects: [subject], ...changed, fields: { ...fields, ...changed.change } });
}

function bodyRotation(step: 'replace' | 'destroy', from: string, to: string): Statement {
  return statement({ fields: { use: 'body', step, from, to, key: null } satisfies RotationFields });
}

function statement({ change: _change, ...changed }: Changes): Statement {
  return {
    predicate: 'rotation',
    log: `${'0'.repeat(32)}.acme.example`,
    stream: 'rotation',
    seq: 0,
    runId: 'run',
    startedAt: 200,
    finishedAt: 200,
    sealedAt: 200,
    config: null,
    anchor: { size: 1, root: zero, tokens: [] },
    agent: { version: '0', build: 'test' },
    sample: false,
    subjects: [{ name: 'log/checkpoints/1', sha256: zero }],
    fields: {},
    ...changed,
  };
}

const replace = rotation('envelope', 'replace', 1, 2);

describe('the envelope key in force', () => {
  test('is the old one up to the first of the pair, and the new one from the second on', () => {
    const ring = keyring();
    expect(ring.take(5, replace, e1)).toEqual([]);
    expect(ring.unfinished()).toHaveLength(1);
    expect(ring.take(6, replace, e2)).toEqual([]);
    expect(ring.unfinished()).toEqual([]);
    expect([0, 4, 5].map((at) => ring.envelopeKey(at))).toEqual([e1, e1, e1]);
    expect([6, 7, 1e9].map((at) => ring.envelopeKey(at))).toEqual([e2, e2, e2]);
  });

  test.each<[string, number, Statement, Uint8Array]>([
    ['comes later', 7, replace, e2],
    ['says something else', 6, { ...replace, seq: 1 }, e2],
    ['is signed by the old key again', 6, replace, e1],
    ['is no rotation', 6, statement({ predicate: 'run' }), e1],
  ])('does not change when the second of the pair %s', (_, index, second, signedBy) => {
    const ring = keyring();
    ring.take(5, replace, e1);
    expect(ring.take(index, second, signedBy)[0]).toContain(
      'entry 5 replaces the envelope key, and is not followed by',
    );
    ring.take(8, statement({ predicate: 'run' }), e1);
    expect(ring.envelopeKey(1000)).toEqual(e1);
  });

  test.each<[string, Statement, Uint8Array, string]>([
    ['another key signed it', replace, e2, 'it is not signed by the key in force'],
    ['it replaces another key', rotation('envelope', 'replace', 3, 2), e1, 'is in force'],
    [
      'its key is not what it says',
      rotation('envelope', 'replace', 1, 2, { change: { to: zero } }),
      e1,
      `not ${zero}`,
    ],
    [
      'its subject is another file',
      { ...replace, subjects: [{ name: 'keys/x', sha256: zero }] },
      e1,
      'its subject is not keys/',
    ],
    [
      'it has a second subject',
      { ...replace, subjects: [...replace.subjects, ...replace.subjects] },
      e1,
      'its subject is not keys/',
    ],
    ['its key is in force already', rotation('envelope', 'replace', 1, 1), e1, 'was in force before'],
    [
      'its key is of another kind',
      rotation('envelope', 'replace', 1, 2, { change: { key: 'AAAA' } }),
      e1,
      'not the SPKI of a P-256 key',
    ],
    ['its step is of another use', rotation('envelope', 'begin', 1, 2), e1, 'step'],
  ])('does not change when %s', (_, first, signedBy, problem) => {
    const ring = keyring();
    expect(ring.take(5, first, signedBy).join()).toContain(problem);
    expect(ring.unfinished()).toEqual([]);
    expect(ring.envelopeKey(6)).toEqual(e1);
    expect(ring.history()).toHaveLength(2);
  });

  test('is never one that was in force before', () => {
    const ring = keyring();
    ring.take(5, replace, e1);
    ring.take(6, replace, e2);
    expect(ring.take(7, rotation('envelope', 'replace', 2, 1), e2).join()).toContain('was in force before');
  });
});

describe('checkpoint keys in force', () => {
  const [c1, c2, c3] = spki.checkpoint;

  test('are both, the old one first, for sizes from the entry that begins to the one that ends', () => {
    const ring = keyring();
    expect(ring.take(5, rotation('checkpoint', 'begin', 1, 2), e1)).toEqual([]);
    expect(ring.list().map(({ use, retiring }) => [use, retiring])).toEqual([
      ['envelope', false],
      ['checkpoint', true],
      ['checkpoint', false],
    ]);
    expect(ring.take(9, rotation('checkpoint', 'end', 1, 2), e1)).toEqual([]);
    expect([0, 1, 5, 6, 9, 10].map((size) => ring.checkpointKeys(size))).toEqual([
      [c1],
      [c1],
      [c1],
      [c1, c2],
      [c1, c2],
      [c2],
    ]);
    expect(ring.take(11, rotation('checkpoint', 'begin', 2, 3), e1)).toEqual([]);
    expect(ring.checkpointKeys(12)).toEqual([c2, c3]);
  });

  test.each<[string, Statement[], string]>([
    ['an end without a beginning', [rotation('checkpoint', 'end', 1, 2)], 'which no rotation began'],
    ['a beginning from another key', [rotation('checkpoint', 'begin', 3, 2)], 'is in force'],
    [
      'a second beginning before the end',
      [rotation('checkpoint', 'begin', 1, 2), rotation('checkpoint', 'begin', 2, 3)],
      'has not come to its end',
    ],
    [
      'an end of another pair',
      [rotation('checkpoint', 'begin', 1, 2), rotation('checkpoint', 'end', 1, 3)],
      'which no rotation began',
    ],
    [
      'a second end',
      [
        rotation('checkpoint', 'begin', 1, 2),
        rotation('checkpoint', 'end', 1, 2),
        rotation('checkpoint', 'end', 1, 2),
      ],
      'which no rotation began',
    ],
    [
      'a key that comes back',
      [
        rotation('checkpoint', 'begin', 1, 2),
        rotation('checkpoint', 'end', 1, 2),
        rotation('checkpoint', 'begin', 2, 1),
      ],
      'was in force before',
    ],
    [
      'the key of another use',
      [rotation('checkpoint', 'begin', 1, 2, { change: { key: Buffer.from(e2).toString('base64') } })],
      'not the SPKI of an Ed25519 key',
    ],
  ])('do not change by %s', (_, statements, problem) => {
    const ring = keyring();
    const problems = statements.map((one, i) => ring.take(5 + i, one, e1));
    expect(problems.slice(0, -1).flat()).toEqual([]);
    expect(problems.at(-1)!.join()).toContain(problem);
  });
});

describe('body keys', () => {
  test('are known from the first rotation on, the replaced one since the genesis', () => {
    const ring = keyring();
    expect(ring.take(5, bodyRotation('replace', body[0]!, body[1]!), e1)).toEqual([]);
    expect(ring.history().filter(({ use }) => use === 'body')).toMatchObject([
      { fingerprint: body[0], index: 0, since: 100, until: { index: 5, at: 200 }, destroyed: false },
      { fingerprint: body[1], index: 5, since: 200, until: null, spki: null },
    ]);
    expect(ring.take(6, bodyRotation('destroy', body[0]!, body[1]!), e1)).toEqual([]);
    expect(ring.history()).toContainEqual(expect.objectContaining({ fingerprint: body[0], destroyed: true }));
  });

  test.each<[string, Statement[]]>([
    ['a destruction of what was never replaced', [bodyRotation('destroy', body[0]!, body[1]!)]],
    [
      'a second destruction',
      [
        bodyRotation('replace', body[0]!, body[1]!),
        bodyRotation('destroy', body[0]!, body[1]!),
        bodyRotation('destroy', body[0]!, body[1]!),
      ],
    ],
    [
      'a destruction of the one in force',
      [bodyRotation('replace', body[0]!, body[1]!), bodyRotation('destroy', body[1]!, body[1]!)],
    ],
    [
      'a replacement of another one',
      [bodyRotation('replace', body[0]!, body[1]!), bodyRotation('replace', body[0]!, body[2]!)],
    ],
    [
      'a key that comes back',
      [bodyRotation('replace', body[0]!, body[1]!), bodyRotation('replace', body[1]!, body[0]!)],
    ],
    ['a replacement by itself', [bodyRotation('replace', body[0]!, body[0]!)]],
  ])('are not changed by %s', (_, statements) => {
    const ring = keyring();
    const problems = statements.map((one, i) => ring.take(5 + i, one, e1));
    expect(problems.slice(0, -1).flat()).toEqual([]);
    expect(problems.at(-1)).not.toEqual([]);
  });
});

describe('a keyring', () => {
  test('that was forked goes its own way', () => {
    const ring = keyring();
    const fork = ring.fork();
    fork.take(5, replace, e1);
    fork.take(6, replace, e2);
    expect(fork.envelopeKey(6)).toEqual(e2);
    expect(ring.envelopeKey(6)).toEqual(e1);
  });

  test('takes other statements as they come', () => {
    const ring = keyring();
    expect(ring.take(1, statement({ predicate: 'run' }), e1)).toEqual([]);
    expect(ring.list()).toHaveLength(2);
  });
});

test('of two statements the second is a repetition only when both replace an envelope key in the same words', () => {
  expect(isRepeated(replace, replace)).toBe(true);
  expect(isRepeated(undefined, replace)).toBe(false);
  expect(isRepeated(replace, { ...replace, seq: 1 })).toBe(false);
  const begin = rotation('checkpoint', 'begin', 1, 2);
  expect(isRepeated(begin, begin)).toBe(false);
});
