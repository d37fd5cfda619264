import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requestToken, timestampQuery } from '../../src/evidence/timestamp/request.ts';
import { type Authority, reply, startAuthority } from './timestamp-authority.ts';
import { forgeToken, pem } from './timestamp-forge.ts';

const data = Buffer.from('a checkpoint\n');
const never = new AbortController().signal;
let authority: Authority;

beforeAll(async () => {
  authority = await startAuthority(() => ({}));
});
afterAll(() => authority[Symbol.asyncDispose]());

const ask = (more: Partial<Parameters<typeof requestToken>[0]> = {}, signal = never) =>
  requestToken({ name: 'own', url: authority.url, ca: pem('root'), timeout: 10, ...more }, data, signal);

describe('asking an authority', () => {
  test('sends SHA-256, a nonce and the wish for a certificate', () => {
    const query = Buffer.from(timestampQuery(data, Buffer.from('0080', 'hex'))).toString('hex');
    expect(query).toMatch(/^303d0201013031300d060960864801650304020105000420[0-9a-f]{64}020200800101ff$/);
  });

  test('resolves with the answer as it came, and what it says', async () => {
    const { response, info } = await ask();
    expect(info).toMatchObject({ genTime: Date.parse('2026-03-04T05:06:07Z') / 1000, serial: '07' });
    const { nonce, imprint } = authority.queries.at(-1)!;
    expect(Buffer.from(response).includes(Buffer.from(nonce))).toBe(true);
    expect(Buffer.from(response).includes(Buffer.from(imprint))).toBe(true);
  });

  test('never sends the same nonce twice', async () => {
    await ask();
    await ask();
    const nonces = authority.queries.map(({ nonce }) => Buffer.from(nonce).toString('hex'));
    expect(new Set(nonces).size).toBe(nonces.length);
  });

  test.each([
    ['another nonce', { nonce: Buffer.from('12345678') }, 'corrupt', 'nonce'],
    ['other data', { imprint: Buffer.alloc(32) }, 'corrupt', 'other data'],
    [
      'a signer that is for something else',
      { signer: 'eku-wrong' },
      'corrupt',
      'not for time stamping alone',
    ],
    ['a certificate that has expired', { signer: 'expired' }, 'corrupt', 'valid from'],
    ['a refusal', { status: 2 }, 'corrupt', 'rejection'],
  ])('rejects when it answers with %s', async (_, forgery, code, message) => {
    await using lying = await startAuthority(() => forgery);
    const asked = ask({ url: lying.url });
    await expect(asked).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  test('rejects an answer that is none: another status, another type, too much, a redirect', async () => {
    await using other = await startAuthority(() => ({}));
    const answers: readonly [Authority['answer'], string][] = [
      [(_, response) => void response.writeHead(503).end(), 'answers with status 503'],
      [(_, response) => void response.writeHead(302, { location: authority.url }).end(), 'status 302'],
      [
        (_, response) => void response.setHeader('content-type', 'text/html').end('x'),
        'answers with "text/html"',
      ],
      [(_, response) => reply(response, Buffer.alloc(70_000)), 'answers with more than 65536 bytes'],
      [(_, response) => void response.destroy(), "can't be reached"],
    ];
    for (const [answer, message] of answers) {
      other.answer = answer;
      await expect(ask({ url: other.url })).rejects.toThrow(message);
    }
  });

  test('accepts 201, as some authorities answer', async () => {
    await using other = await startAuthority(() => ({}));
    other.answer = (query, response) => {
      response.statusCode = 201;
      reply(response, forgeToken(query));
    };
    await expect(ask({ url: other.url })).resolves.toHaveProperty('info');
  });

  test('gives up when the answer does not come in time, or not to its end', async () => {
    await using slow = await startAuthority(() => ({}));
    slow.answer = () => {};
    const asked = ask({ url: slow.url, timeout: 0.2 });
    await expect(asked).rejects.toMatchObject({ code: 'io', message: 'no answer within 0.2 s' });
    slow.answer = (_, response) => {
      response.setHeader('content-type', 'application/timestamp-reply').write('0');
    };
    await expect(ask({ url: slow.url, timeout: 0.2 })).rejects.toThrow('no answer within');
  });

  test('ends at once when it is told to', async () => {
    await using slow = await startAuthority(() => ({}));
    const stop = new AbortController();
    slow.answer = () => stop.abort();
    await expect(ask({ url: slow.url }, stop.signal)).rejects.toThrow("can't be reached");
  });

  test('rejects when nobody listens, and when the certificates are none', async () => {
    const gone = await startAuthority(() => ({}));
    await gone[Symbol.asyncDispose]();
    await expect(ask({ url: gone.url })).rejects.toMatchObject({ code: 'io' });
    await expect(ask({ ca: 'x' })).rejects.toMatchObject({ code: 'invalid' });
  });
});
