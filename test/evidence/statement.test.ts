import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  encodeEnvelope,
  envelopeLeaf,
  pae,
  parseEnvelope,
  signEnvelope,
  verifyEnvelope,
} from '../../src/evidence/dsse.ts';
import {
  encodeStatement,
  parseStatement,
  rotationFields,
  type Statement,
  subjectKey,
} from '../../src/evidence/statement.ts';
import { draft, testKeys } from './helpers.ts';

const digest = 'ab'.repeat(32);
const { predicate, stream, runId, startedAt, finishedAt, config, fields } = draft('run-1');
const statement: Statement = {
  predicate,
  log: `${'0'.repeat(32)}.acme.example`,
  stream,
  seq: 3,
  runId,
  startedAt,
  finishedAt,
  sealedAt: 1_790_000_000,
  config,
  anchor: { size: 7, root: digest, tokens: [] },
  agent: { version: '1.0.0', build: 'abc' },
  sample: false,
  subjects: [{ name: 'datasets', sha256: digest }],
  fields,
};

function changed(
  change: (parsed: Record<string, unknown> & { predicate: Record<string, unknown> }) => void,
): Uint8Array {
  const parsed = JSON.parse(Buffer.from(encodeStatement(statement)).toString());
  change(parsed);
  return Buffer.from(JSON.stringify(parsed));
}

describe('a statement', () => {
  test('is an in-toto Statement v1 with a versioned predicate', () => {
    const parsed: unknown = JSON.parse(Buffer.from(encodeStatement(statement)).toString());
    expect(parsed).toMatchObject({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'datasets', digest: { sha256: digest } }],
      predicateType: 'https://annexa.dev/run/v1',
      predicate: { stream: 'run/aws', seq: 3, anchor: { size: 7 }, collector: 'aws', outcome: 'ok' },
    });
  });

  test('is read back as it was', () => {
    expect(parseStatement(encodeStatement(statement), 'entry')).toEqual(statement);
  });

  test.each<[string, Partial<Statement>, string]>([
    ['an unknown field', { fields: { ...fields, colour: 'red' } }, 'colour'],
    ['a missing field', { fields: { collector: 'aws' } }, 'type'],
    ['a field of the wrong type', { fields: { ...fields, failed: '1' } }, 'failed'],
    ['a field that the log writes', { fields: { ...fields, seq: 9 } }, 'seq: the log writes this field'],
    ['no subject', { subjects: [] }, 'subject'],
    ['a digest in capitals', { subjects: [{ name: 'x', sha256: digest.toUpperCase() }] }, 'subject'],
    ['a fraction of a second', { startedAt: 1.5 }, 'startedAt'],
    ['a line break in its stream', { stream: 'run/a\nb' }, 'stream'],
    ['the fields of another predicate', { predicate: 'attestation' }, 'act'],
    [
      'more than 16 KiB',
      { subjects: Array.from({ length: 200 }, (_, i) => ({ name: `s${i}`, sha256: digest })) },
      'at most 16384',
    ],
  ])('with %s is refused by name', (_, change, message) => {
    expect(() => encodeStatement({ ...statement, ...change })).toThrow(
      expect.objectContaining({ code: 'invalid', message: expect.stringContaining(message) }),
    );
  });

  test.each<[string, Parameters<typeof changed>[0]]>([
    ['an unknown field beside the predicate', (s) => (s['extra'] = 1)],
    ['an unknown field in the predicate', (s) => (s.predicate['extra'] = 1)],
    ['another predicate type', (s) => (s['predicateType'] = 'https://annexa.dev/run/v2')],
    ['another statement type', (s) => (s['_type'] = 'https://in-toto.io/Statement/v0.1')],
  ])('that has %s is not read', (_, change) => {
    expect(() => parseStatement(changed(change), 'entry 4')).toThrow(
      expect.objectContaining({ code: 'corrupt', message: expect.stringContaining('entry 4') }),
    );
  });

  test('names bodies by digest, and only objects of the log itself by their keys', () => {
    expect(subjectKey({ name: 'records', sha256: digest })).toBe(`content/${digest}.zst`);
    expect(subjectKey({ name: 'log/checkpoints/12', sha256: digest })).toBe('log/checkpoints/12');
    expect(subjectKey({ name: `tsa/${digest}.pem`, sha256: digest })).toBe(`tsa/${digest}.pem`);
    expect(subjectKey({ name: 'tsa/ca.pem', sha256: digest })).toBe(`content/${digest}.zst`);
    expect(subjectKey({ name: 'keys/../../etc/passwd', sha256: digest })).toBe(`content/${digest}.zst`);
  });
});

const handover = { from: digest, to: digest };
const replace = { use: 'envelope', step: 'replace', ...handover, key: 'AAAA' };
const erasure = {
  by: 'operator',
  reason: 'asked for',
  legalBasis: 'GDPR Art. 17',
  at: 1_790_000_000,
  erased: { count: 1, root: digest },
};

describe('a rotation', () => {
  test.each([
    replace,
    { ...replace, use: 'checkpoint', step: 'begin' },
    { ...replace, use: 'checkpoint', step: 'end' },
    { ...replace, use: 'body', key: null },
    { ...replace, use: 'body', step: 'destroy', key: null },
  ])('of $use, $step, is read back', (own) => {
    const rotation: Statement = { ...statement, predicate: 'rotation', fields: own };
    expect(parseStatement(encodeStatement(rotation), 'entry')).toEqual(rotation);
    expect(rotationFields(rotation)).toEqual(own);
  });

  test.each([
    ['a step of another use', { ...replace, step: 'begin' }],
    ['no key', { ...replace, key: null }],
    ['a body key', { ...replace, use: 'body' }],
    ['a fingerprint cut short', { ...replace, from: 'ab' }],
    ['an unknown use', { ...replace, use: 'tls' }],
    ['an unknown field', { ...replace, why: 'stolen' }],
  ])('with %s is not sealed', (_, own) => {
    const rotation: Statement = { ...statement, predicate: 'rotation', fields: own };
    expect(() => encodeStatement(rotation)).toThrow(expect.objectContaining({ code: 'invalid' }));
  });

  test('is planned by the log alone', () => {
    expect(() => rotationFields(statement)).toThrow('not a rotation');
  });
});

describe('an erasure', () => {
  test('is read back', () => {
    const sealed: Statement = { ...statement, predicate: 'erasure', fields: erasure };
    expect(parseStatement(encodeStatement(sealed), 'entry')).toEqual(sealed);
  });

  test.each([
    ['a reason of two lines', { reason: 'a\nb' }],
    ['nobody who asked for it', { by: '' }],
    ['no legal basis', { legalBasis: undefined }],
    ['no root of the list', { erased: { count: 1 } }],
  ])('with %s is not sealed', (_, change) => {
    const { legalBasis, ...rest } = { ...erasure, ...change };
    const own = legalBasis === undefined ? rest : { ...rest, legalBasis };
    const sealed: Statement = { ...statement, predicate: 'erasure', fields: own };
    expect(() => encodeStatement(sealed)).toThrow(expect.objectContaining({ code: 'invalid' }));
  });
});

describe('an envelope', () => {
  const { envelope: signer } = testKeys();
  const payload = encodeStatement(statement);

  test('signs the pre-authentication encoding of DSSE', () => {
    expect(Buffer.from(pae(Buffer.from('hello'))).toString()).toBe(
      'DSSEv1 28 application/vnd.in-toto+json 5 hello',
    );
  });

  test('is read back and verifies with its key alone', async () => {
    const envelope = await signEnvelope(payload, signer);
    const read = parseEnvelope(encodeEnvelope(envelope), 'envelope');
    expect(verifyEnvelope(read, signer.spki)).toBe(true);
    expect(verifyEnvelope(read, testKeys(2).envelope.spki)).toBe(false);
    expect(verifyEnvelope({ ...read, payload: Buffer.from('other') }, signer.spki)).toBe(false);
  });

  test('has one signature and no keyid', async () => {
    const parsed: unknown = JSON.parse(
      Buffer.from(encodeEnvelope(await signEnvelope(payload, signer))).toString(),
    );
    expect(parsed).toMatchObject({
      payloadType: 'application/vnd.in-toto+json',
      signatures: [{ keyid: '' }],
    });
  });

  test('is read in its one spelling only', async () => {
    const bytes = Buffer.from(encodeEnvelope(await signEnvelope(payload, signer)));
    const parsed = JSON.parse(bytes.toString());
    const variants = [
      `${bytes.toString()}\n`,
      JSON.stringify({ ...parsed, signatures: [...parsed.signatures, ...parsed.signatures] }),
      JSON.stringify({ ...parsed, signatures: [] }),
      JSON.stringify({ ...parsed, signatures: [{ ...parsed.signatures[0], keyid: 'x' }] }),
      JSON.stringify({ ...parsed, payloadType: 'text/plain' }),
      JSON.stringify({
        ...parsed,
        payload: parsed.payload.replace(/.(?==*$)/, (last: string) =>
          String.fromCharCode(last.charCodeAt(0) + 1),
        ),
      }),
    ];
    for (const variant of variants) {
      expect(() => parseEnvelope(Buffer.from(variant), 'envelope'), variant.slice(0, 80)).toThrow(
        expect.objectContaining({ code: 'corrupt' }),
      );
    }
  });

  test('is not stored when the signer answers with a wrong signature', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const wrong = { spki: signer.spki, sign: async (bytes: Uint8Array) => sign('sha256', bytes, privateKey) };
    await expect(signEnvelope(payload, wrong)).rejects.toMatchObject({ code: 'key' });
  });

  test('gives the Rekor v2 entry of its digest, signature and key', async () => {
    const envelope = await signEnvelope(payload, signer);
    const { leaf } = envelopeLeaf(envelope, signer.spki);
    expect(JSON.parse(Buffer.from(leaf).toString())).toMatchObject({
      apiVersion: '0.0.2',
      kind: 'hashedrekord',
      spec: {
        hashedRekordV002: { signature: { content: Buffer.from(envelope.signature).toString('base64') } },
      },
    });
  });
});
