import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { masked } from '../../src/server/masked.ts';
import { bearer, NOW, tokenOf } from './access/guarded.ts';
import { problemIn, send } from './harness.ts';
import { ID, type Kept, kept, OTHER } from './kept.ts';

const SIZE = 200_000;
const DAY = 86_400;
const isms = bearer(tokenOf('i')).headers;
const at = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');

const made = z.looseObject({ id: z.string(), url: z.string(), expiresAt: z.string() });

async function ask({ server }: Kept, expires = NOW + DAY, bundle = ID) {
  const body = JSON.stringify({ bundle, for: 'external auditor, ACME Cert', expires: at(expires) });
  const headers = { ...isms, 'content-type': 'application/json' };
  return send(server, '/api/v1/links', { method: 'POST', headers, body });
}

async function link(state: Kept, expires?: number) {
  const { id, url } = made.parse(JSON.parse((await ask(state, expires)).text));
  return { id, url, secret: new URLSearchParams(url.split('?')[1]).get('link') ?? '' };
}

/** As a browser asks: without a token. */
async function fetched({ server }: Kept, path: string, headers: Record<string, string> = {}, method = 'GET') {
  const answer = await fetch(server.url + path, { headers, method });
  return { status: answer.status, bytes: Buffer.from(await answer.arrayBuffer()) };
}

const denied = async ({ server }: Kept) =>
  Object.fromEntries(
    [
      ...(await send(server, '/metrics', bearer(tokenOf('v')))).text.matchAll(
        /^annexa_access_denied_total\{reason="(link|spent)"\} (\d+)$/gm,
      ),
    ].map(([, reason, count]) => [reason, Number(count)]),
  );

describe('a link', () => {
  test('opens one ZIP without a token, once; then it is refused, logged and counted', async () => {
    const state = await kept(SIZE);
    const { id, url } = await link(state);
    expect(url).toMatch(new RegExp(`^/api/v1/bundles/${ID}/content\\?link=annexa_link_[\\w-]{43}$`));
    expect((await fetched(state, url, {}, 'HEAD')).status).toBe(200);
    const { status, bytes } = await fetched(state, url);
    expect([status, bytes.equals(state.bytes)]).toEqual([200, true]);
    expect((await fetched(state, url)).status).toBe(410);
    expect((await fetched(state, url, {}, 'HEAD')).status).toBe(410);
    expect(state.logger.lines).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        fields: { event: 'link_refused', bundle: ID, link: id, standing: 'spent' },
      }),
    );
    expect(await denied(state)).toEqual({ link: 0, spent: 2 });
  });

  test('that was cut goes on by ranges until the last byte is given', async () => {
    const state = await kept(SIZE);
    const { url } = await link(state);
    const first = await fetched(state, url, { range: 'bytes=0-99999' });
    expect((await fetched(state, url, { range: 'bytes=0-99999' })).status).toBe(206);
    const rest = await fetched(state, url, { range: 'bytes=100000-' });
    expect(Buffer.concat([first.bytes, rest.bytes]).equals(state.bytes)).toBe(true);
    expect((await fetched(state, url, { range: 'bytes=0-9' })).status).toBe(410);
  });

  test('gives the last byte once, however many ask at the same time, and is spent before that', async () => {
    const state = await kept(SIZE);
    const { id, url } = await link(state);
    const all = await Promise.allSettled(Array.from({ length: 5 }, () => fetched(state, url)));
    const whole = all.filter((one) => one.status === 'fulfilled' && one.value.bytes.length === SIZE);
    expect(whole).toHaveLength(1);
    const stored = await readFile(join(state.directory, ID, 'job.json'), 'utf8');
    expect(JSON.parse(stored).links).toMatchObject([{ id, ended: 'spent' }]);
  });

  test('opens nothing else, in no other way, and costs nothing where it was refused', async () => {
    const state = await kept(SIZE);
    const { url, secret } = await link(state);
    const refused = {
      'another bundle': url.replace(ID, OTHER),
      'no bundle': url.replace(ID, 'c'.repeat(32)),
      'the job': `/api/v1/bundles/${ID}?link=${secret}`,
      'all bundles': `/api/v1/bundles?link=${secret}`,
      evidence: `/api/v1/evidence?link=${secret}`,
      'another secret': `${url.slice(0, -1)}${url.endsWith('A') ? 'Q' : 'A'}`,
      'a part of it': url.slice(0, -1),
      'it and more': `${url}A`,
      'its digest': url.replace(secret, 'ab'.repeat(32)),
      nothing: url.replace(secret, ''),
      'a parameter more': `${url}&x=1`,
      'it twice': `${url}&link=${secret}`,
      'another name': url.replace('?link=', '?LINK='),
    };
    for (const [what, path] of Object.entries(refused))
      expect((await fetched(state, path)).status, what).toBe(401);
    expect((await fetched(state, url, isms)).status, 'a token as well').toBe(401);
    expect((await fetched(state, url, { authorization: `Bearer ${secret}` })).status, 'as a token, too').toBe(
      401,
    );
    expect((await send(state.server, url.split('?')[0] ?? '', bearer(secret))).status, 'as a token').toBe(
      401,
    );
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
      expect([401, 405], method).toContain((await fetched(state, url, {}, method)).status);
    expect((await fetched(state, `/api/v1/bundles/${ID}?link=${secret}`, {}, 'DELETE')).status).toBe(401);
    expect((await denied(state)).link).toBeGreaterThan(5);
    expect((await fetched(state, url)).status).toBe(200);
  });

  test('ends when it expires, is revoked, or its bundle goes', async () => {
    const state = await kept(SIZE);
    const [expiring, revoked, orphan] = [await link(state, NOW + 10), await link(state), await link(state)];
    const remove = (path: string, token: string) =>
      send(state.server, path, { ...bearer(tokenOf(token)), method: 'DELETE' });
    state.now = NOW + 9;
    expect((await fetched(state, expiring.url, {}, 'HEAD')).status).toBe(200);
    state.now = NOW + 10;
    expect((await fetched(state, expiring.url)).status).toBe(410);
    expect((await remove(`/api/v1/links/${revoked.id}`, 'a')).status).toBe(403);
    expect((await remove(`/api/v1/links/${revoked.id}`, 'i')).status).toBe(204);
    expect((await fetched(state, revoked.url)).status).toBe(410);
    expect((await remove(`/api/v1/links/${'0'.repeat(16)}`, 'i')).status).toBe(404);
    const standings = JSON.parse((await send(state.server, '/api/v1/links', { headers: isms })).text).items;
    expect(
      new Map(
        z
          .array(z.looseObject({ id: z.string(), standing: z.string() }))
          .parse(standings)
          .map(({ id, standing }) => [id, standing]),
      ),
    ).toEqual(
      new Map([
        [expiring.id, 'expired'],
        [revoked.id, 'revoked'],
        [orphan.id, 'open'],
      ]),
    );
    expect((await remove(`/api/v1/bundles/${ID}`, 'a')).status).toBe(204);
    expect((await fetched(state, orphan.url)).status).toBe(401);
  });

  test('lasts for 30 days at most, and no longer than its bundle', async () => {
    const state = await kept(SIZE);
    for (const expires of [NOW, NOW - DAY, NOW + 8 * DAY]) {
      const { status, errors } = problemIn(await ask(state, expires));
      expect([status, errors?.[0]?.parameter]).toEqual([400, 'expires']);
    }
    expect((await ask(state, NOW + 7 * DAY)).status).toBe(201);
    expect((await ask(state, NOW + DAY, 'c'.repeat(32))).status).toBe(404);
  });

  test('puts strangers off who try too often', async () => {
    const state = await kept(SIZE);
    const { url } = await link(state);
    const statuses = new Set<number>();
    for (let tried = 0; tried < 205; tried += 1) statuses.add((await fetched(state, `${url}x`)).status);
    expect([...statuses]).toEqual([401, 429]);
    expect((await fetched(state, url)).status).toBe(429);
    state.now += 1;
    expect((await fetched(state, url)).status).toBe(200);
  });

  test('is sealed with its use, and its secret stands nowhere', async () => {
    const state = await kept(SIZE);
    const { id, url, secret } = await link(state);
    await fetched(state, url, { range: 'bytes=0-9' });
    state.admits = false;
    expect((await fetched(state, url)).status).toBe(503);
    state.admits = true;
    await fetched(state, url);
    await fetched(state, url);
    const elsewhere = [
      `/api/v1/evidence?x=${secret}`,
      `/api/v1/evidence?%6cink=${secret}`,
      `/api/v1/evidence/${secret}`,
    ];
    for (const path of elsewhere) await send(state.server, path, bearer(tokenOf('a')));
    expect(state.recorded.slice(0, 3)).toMatchObject([
      { who: 'token:isms', what: `link ${id} of bundle ${ID}, for "external auditor, ACME Cert"` },
      {
        who: `link:${id}`,
        roles: [],
        subject: `/api/v1/bundles/${ID}/content?[masked]`,
        what: `bytes 0-9 of ${SIZE}, for "external auditor, ACME Cert"`,
        status: 206,
      },
      { who: `link:${id}`, status: 200 },
    ]);
    expect(state.recorded).toHaveLength(6);
    const stored = await readFile(join(state.directory, ID, 'job.json'), 'utf8');
    const listed = (await send(state.server, '/api/v1/links', { headers: isms })).text;
    const said = [JSON.stringify([state.logger.lines, state.recorded]), stored, listed].join('\n');
    expect(said).toContain('[masked]');
    expect(said).not.toContain(secret.slice('annexa_link_'.length));
  });
});

test('a URL is told without what lets in, however that is escaped', () => {
  for (const url of [
    '/a?link=x',
    '/a?b=1&link=x',
    '/a?%6Cink=x',
    '/a?b=annexa_xyz',
    '/a?b=%61nnexa_x',
    '/a?b=%2561nnexa_x',
    '/a?LINK=x',
  ])
    expect(masked(url), url).toBe('/a?[masked]');
  expect(masked('/a/annexa_link_x?b=1')).toBe('/[masked]?b=1');
  for (const url of ['/a?b=1', '/a?blink=1', '/a?b=link', '/a%zz', '/a']) expect(masked(url)).toBe(url);
});
