import { truncate } from 'node:fs/promises';
import type { OutgoingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { AuditError } from '../../src/audit/error.ts';
import { rangeIn } from '../../src/server/range.ts';
import { bearer, guarded, oneEach, tokenOf } from './access/guarded.ts';
import { fakeBundles } from './fake-bundles.ts';
import { problemIn, send, serve } from './harness.ts';
import { ID, type Kept, kept } from './kept.ts';

const SIZE = 300_000;
const content = `/api/v1/bundles/${ID}/content`;
const auditor = bearer(tokenOf('a')).headers;

async function get(
  { server }: Pick<Kept, 'server'>,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
) {
  const answer = await fetch(server.url + path, { method, headers: { ...auditor, ...headers } });
  return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) };
}

function posting({ server }: Pick<Kept, 'server'>, body: unknown, headers: OutgoingHttpHeaders = auditor) {
  return send(server, '/api/v1/bundles', {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

describe('the content of a bundle', () => {
  test('is given whole, with what a client needs to go on where it was cut', async () => {
    const state = await kept(SIZE);
    const { status, headers, bytes } = await get(state, content);
    expect(status).toBe(200);
    expect(bytes.equals(state.bytes)).toBe(true);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'application/zip',
      'content-length': String(SIZE),
      'content-disposition': 'attachment; filename="annexa-2026-11-30-2026-11-30-at-5.zip"',
      'accept-ranges': 'bytes',
      'cache-control': 'no-store',
      etag: state.etag,
    });
    expect(state.recorded).toMatchObject([
      {
        who: 'token:auditor',
        operation: 'GET /api/v1/bundles/:id/content',
        what: `bytes 0-${SIZE - 1} of ${SIZE}`,
        status: 200,
      },
    ]);
  });

  test.for<[string, number, number]>([
    ['bytes=0-0', 0, 0],
    ['bytes=65535-65536', 65_535, 65_536],
    ['bytes=100000-', 100_000, SIZE - 1],
    ['bytes=-1', SIZE - 1, SIZE - 1],
    [`bytes=-${SIZE * 2}`, 0, SIZE - 1],
    [`bytes=1-${SIZE * 9}`, 1, SIZE - 1],
    ['BYTES= 5-9 ', 5, 9],
  ])('in part: %s', async ([range, first, last]) => {
    const state = await kept(SIZE);
    const { status, headers, bytes } = await get(state, content, { range });
    expect(status).toBe(206);
    expect(headers.get('content-range')).toBe(`bytes ${first}-${last}/${SIZE}`);
    expect(headers.get('content-length')).toBe(String(last - first + 1));
    expect(bytes.equals(state.bytes.subarray(first, last + 1))).toBe(true);
  });

  test('whole where the header asks for what may be ignored; a part that there is not is refused', async () => {
    for (const range of ['bytes=9-5', 'bytes=0-1,4-5', 'lines=1-2', 'bytes=a-b', 'bytes=-', 'bytes=1', ''])
      expect(rangeIn(range, SIZE), range).toBe('whole');
    const state = await kept(SIZE);
    for (const range of [`bytes=${SIZE}-`, 'bytes=-0', 'bytes=99999999999-']) {
      const answer = await get(state, content, { range });
      expect([answer.status, answer.headers.get('content-range')], range).toEqual([416, `bytes */${SIZE}`]);
    }
  });

  test('in part only to who has this bundle, and not again to who has all of it', async () => {
    const state = await kept(SIZE);
    const range = 'bytes=0-9';
    const statusFor = async (headers: Record<string, string>) => (await get(state, content, headers)).status;
    expect(await statusFor({ range, 'if-range': state.etag })).toBe(206);
    for (const other of ['"other"', `W/${state.etag}`, 'Sat, 28 Nov 2026 00:00:00 GMT'])
      expect(await statusFor({ range, 'if-range': other }), other).toBe(200);
    expect(await statusFor({ 'if-none-match': state.etag })).toBe(304);
    expect(await statusFor({ 'if-none-match': '"other"', range })).toBe(206);
  });

  test('is described by HEAD, whatever range it names', async () => {
    const state = await kept(SIZE);
    const { status, headers, bytes } = await get(state, content, { range: 'bytes=0-9' }, 'HEAD');
    expect([status, headers.get('content-length'), headers.get('etag')]).toEqual([
      200,
      String(SIZE),
      state.etag,
    ]);
    expect(bytes).toHaveLength(0);
  });

  test('is cut, and not filled up, when the file turns out shorter', async () => {
    const state = await kept(SIZE);
    await truncate(join(state.directory, ID, 'bundle.zip'), 100_000);
    await expect(get(state, content)).rejects.toThrow('terminated');
    expect((await send(state.server, '/livez')).status).toBe(200);
  });

  test('is there for a bundle that is done alone', async () => {
    const { server } = await guarded({ tokens: oneEach });
    const running = '/api/v1/bundles/0123456789abcdef0123456789abcdef/content';
    expect(problemIn(await send(server, running, { headers: auditor }))).toMatchObject({
      status: 409,
      detail: expect.stringContaining('running'),
    });
    expect((await send(server, content, { headers: auditor })).status).toBe(404);
  });

  test.for([
    '..%2f..%2fkeys',
    '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
    '..%2fa/../../keys',
    '%2fetc%2fpasswd',
    `${ID}%2f..%2f${ID}`,
    `${ID}%00`,
    `${ID}.zip`,
    ID.toUpperCase(),
    `${ID}/..;/${ID}`,
    '..%5c..%5ckeys',
    '%252e%252e%252fkeys',
    '__proto__',
  ])('is nowhere but at its id: %s', async (id) => {
    const state = await kept(SIZE);
    for (const path of [`/api/v1/bundles/${id}/content`, `${content}/../${id}`, `${content}/${id}`]) {
      const answer = await send(state.server, path, { headers: auditor });
      expect([400, 404], path).toContain(problemIn(answer).status);
    }
  });
});

describe('asking for a bundle', () => {
  test('gives a job, and where to look for it', async () => {
    const state = await guarded({ tokens: oneEach });
    const answer = await posting(state, {
      from: '2026-07-01',
      to: '2026-09-30T12:00:00+02:00',
      controls: ['A.8.5'],
    });
    const { id, question, by } = z
      .looseObject({ id: z.string(), question: z.unknown(), by: z.string() })
      .parse(JSON.parse(answer.text));
    expect([answer.status, answer.headers.location, by]).toEqual([
      202,
      `/api/v1/bundles/${id}`,
      'token:auditor',
    ]);
    expect(question).toEqual({
      from: '2026-07-01T00:00:00Z',
      to: '2026-09-30T10:00:00Z',
      controls: ['A.8.5'],
      collectors: null,
    });
    expect(state.recorded).toMatchObject([{ what: `bundle ${id} at the checkpoint of size 5`, status: 202 }]);
  });

  test.for<[object, string, RegExp]>([
    [{ to: '2026-09-30' }, 'from', /date such as/],
    [{ from: 'July', to: '2026-09-30' }, 'from', /date such as 2026-07-01/],
    [{ from: '2026-07-01', to: '2026-09-31' }, 'to', /date such as/],
    [{ from: '2026-07-01', to: '2026-06-30' }, 'to', /ends .* before it begins/],
    [{ from: '2026-07-01', to: '2026-09-30', controls: ['A.8.99'] }, 'controls', /did you mean/],
    [{ from: '2026-07-01', to: '2026-09-30', collectors: ['../x'] }, 'collectors.0', /a name/],
    [{ from: '2026-07-01', to: '2026-09-30', at: 3 }, 'at', /no such field/],
  ])('in a wrong way is refused, and the field named: %j', async ([body, field, detail]) => {
    const state = await guarded({ tokens: oneEach });
    const { status, errors } = problemIn(await posting(state, body));
    expect(status).toBe(400);
    expect(errors).toContainEqual({ in: 'content', parameter: field, detail: expect.stringMatching(detail) });
  });

  test('while too many wait, or are kept, or nothing can be kept, is put off', async () => {
    const statusFor = async (code: 'busy' | 'conflict' | 'io') => {
      const bundles = fakeBundles({ ask: () => Promise.reject(new AuditError(code, 'why')) });
      const answer = await posting(await guarded({ tokens: oneEach }, {}, { bundles }), {
        from: '2026-07-01',
        to: '2026-09-30',
      });
      return [problemIn(answer).status, answer.headers['retry-after']];
    };
    expect(await statusFor('busy')).toEqual([429, '60']);
    expect(await statusFor('conflict')).toEqual([409, undefined]);
    expect(await statusFor('io')).toEqual([503, '5']);
  });

  test('needs to know who asks; a server without bundles has no such path', async () => {
    const open = await serve();
    expect((await posting({ server: open }, { from: '2026-07-01', to: '2026-09-30' }, {})).status).toBe(403);
    expect((await send(open, `/api/v1/bundles/${ID}`, { method: 'DELETE' })).status).toBe(403);
    const without = await serve({}, { bundles: undefined });
    expect((await posting({ server: without }, {}, {})).status).toBe(404);
  });
});
