import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { EngineError } from '../../src/engine/error.ts';
import type { AgentView } from '../../src/engine/view.ts';
import { attestation } from '../../src/server/schemas.ts';
import { bearer, guarded, oneEach, tokenOf } from './access/guarded.ts';
import { problemIn, send } from './harness.ts';

const CONTENT = {
  name: 'site-visit',
  aspects: ['A.7.1/defined'],
  statement: 'Every door was closed.',
  at: '2026-11-20T09:00:00+01:00',
  documents: [{ name: 'visit.pdf', sha256: 'ab'.repeat(32) }],
  expires: '2027-11-20',
};

const PATH = '/api/v1/attestations';
const isms = bearer(tokenOf('i'));
const json = { 'content-type': 'application/json' };
const posting = (content: unknown) => ({
  method: 'POST',
  headers: { ...isms.headers, ...json },
  body: typeof content === 'string' ? content : JSON.stringify(content),
});

async function post(content: unknown, replaced: Partial<AgentView> = {}, path = PATH) {
  const { server, recorded } = await guarded({ tokens: oneEach }, replaced);
  return { answer: await send(server, path, posting(content)), recorded };
}

describe('what is attested', () => {
  test('is given to the engine with who was authenticated, and answered with its entry and where it is', async () => {
    const asked: unknown[] = [];
    const attest: AgentView['attest'] = (content, by) => {
      asked.push([content, by]);
      const { name, aspects, at, expires } = content;
      return Promise.resolve({ ...visit, name, aspects, by, at, expiresAt: expires });
    };
    const { answer, recorded } = await post(CONTENT, { attest });
    expect(answer.status).toBe(201);
    expect(answer.headers.location).toBe('/api/v1/attestations/site-visit');
    expect(z.decode(attestation, JSON.parse(answer.text))).toMatchObject({
      name: 'site-visit',
      by: 'token:isms',
      evidence: 17,
      leafHash: 'cd'.repeat(32),
    });
    const [at, expires] = [Date.parse(CONTENT.at) / 1000, Date.parse(CONTENT.expires) / 1000];
    expect(asked).toEqual([[{ ...CONTENT, at, expires }, 'token:isms']]);
    expect(recorded).toMatchObject([
      {
        who: 'token:isms',
        operation: 'POST /api/v1/attestations',
        what: 'attestation site-visit: entry 17',
        status: 201,
      },
    ]);
  });

  const { statement: _statement, ...unsaid } = CONTENT;
  test.each([
    ['who attests', { ...CONTENT, by: 'the board' }, 'by', 'there is no such field'],
    ['no statement', unsaid, 'statement', 'expected string'],
    ['an empty statement', { ...CONTENT, statement: ' ' }, 'statement', 'expected text'],
    ['half a surrogate pair', { ...CONTENT, statement: '\ud800' }, 'statement', 'surrogate'],
    ['a name of a person', { ...CONTENT, name: 'Maria' }, 'name', 'lower-case'],
    ['the name of an erased one', { ...CONTENT, name: 'entry-17' }, 'name', 'another form'],
    ['no aspect', { ...CONTENT, aspects: [] }, 'aspects', '>=1'],
    [
      'an unknown aspect',
      { ...CONTENT, aspects: ['A.7.1/doors'] },
      'aspects.0',
      'an aspect of the catalogue, found A.7.1/doors',
    ],
    [
      'an aspect twice',
      { ...CONTENT, aspects: ['A.7.1/defined', 'A.7.1/defined'] },
      'aspects.1',
      'listed twice',
    ],
    ['a time without an offset', { ...CONTENT, at: '2026-11-20T09:00:00' }, 'at', 'expected a date'],
    ['a time before 1970', { ...CONTENT, at: '1969-12-31' }, 'at', 'from 1970'],
    ['an end before the beginning', { ...CONTENT, expires: '2026-11-20' }, 'expires', 'after at'],
    [
      'a digest that is none',
      { ...CONTENT, documents: [{ name: 'a', sha256: 'AB'.repeat(32) }] },
      'documents.0.sha256',
      '64 lower-case hex digits',
    ],
    ['a list', [CONTENT], '', 'expected object'],
  ])('is refused with %s: the field and what was expected are named', async (_, content, field, detail) => {
    const attest = () => Promise.reject(new Error('it was asked'));
    const { answer, recorded } = await post(content, { attest });
    expect(problemIn(answer)).toMatchObject({
      status: 400,
      errors: [{ in: 'content', parameter: field, detail: expect.stringContaining(detail) }],
    });
    expect(recorded.map(({ status }) => status)).toEqual([400]);
  });

  test.each([
    ['JSON that ends too soon', '{"name":', 400],
    ['more than 64 KiB', { ...CONTENT, statement: 'x'.repeat(66_000) }, 413],
  ])('is refused with %s', async (_, content, status) => {
    expect(problemIn((await post(content)).answer).status).toBe(status);
  });

  test.each([
    [new EngineError('invalid', 'expected an earlier time', { field: 'at' }), 400, 'field "at": expected an'],
    [new EngineError('conflict', 'the configuration has one'), 409, 'the configuration has one'],
    [new EngineError('store', '/var/lib/annexa is full'), 503, 'nothing can be stored at the moment'],
  ])('is refused by the engine: %s', async (refusal, status, detail) => {
    const { answer } = await post(CONTENT, { attest: () => Promise.reject(refusal) });
    expect(problemIn(answer)).toMatchObject({ status, detail: expect.stringContaining(detail) });
    expect(answer.headers.location).toBeUndefined();
  });
});

describe('a withdrawal', () => {
  test('is sealed as who asked for it; without a reason, or of what was not given here, it is refused', async () => {
    const path = `${PATH}/site-visit/withdrawal`;
    const { answer, recorded } = await post({ reason: 'the wrong site' }, {}, path);
    expect(answer.status).toBe(201);
    expect(JSON.parse(answer.text)).toMatchObject({
      state: 'withdrawn',
      withdrawn: { by: 'token:isms', reason: 'the wrong site', evidence: 5 },
    });
    expect(recorded[0]?.what).toBe('withdrawal of site-visit: entry 5');
    const silent = problemIn((await post({ reason: '' }, {}, path)).answer);
    expect(silent.errors).toMatchObject([{ in: 'content', parameter: 'reason' }]);
    const unknown = await post({ reason: 'x' }, {}, `${PATH}/nothing/withdrawal`);
    expect(problemIn(unknown.answer).status).toBe(404);
  });
});

const visit: Awaited<ReturnType<AgentView['attest']>> = {
  name: '',
  source: 'api',
  aspects: [],
  by: null,
  at: null,
  expiresAt: null,
  valid: true,
  state: 'valid',
  sealedAt: 1_796_000_000,
  evidence: 17,
  leafHash: 'cd'.repeat(32),
  withdrawn: null,
};
