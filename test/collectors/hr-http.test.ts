import { createServer, type RequestListener, type Server } from 'node:http';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { collect, header } from './hr-harness.ts';

const text = `${header}\n1,ann@acme.example,,employed,,\n2,,,gone,,2026-10-31\n`;
const settings = { asOf: { declared: '2026-11-19' } };
let server: Server | undefined;

afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return `http://127.0.0.1:${port}/export/people-2026-11-18.csv?key=hidden`;
}

describe('over HTTP', () => {
  test('the export is read with the bearer token', async () => {
    const seen: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      seen.push(request.headers.authorization, request.method, request.url);
      response.setHeader('x-request-id', 'r1').end(text);
    });
    const { people, calls, endpoint } = await collect({
      settings: { ...settings, url, token: { env: 'TOKEN' } },
      secrets: { TOKEN: 'sesame\n' },
    });
    expect(people.size).toBe(2);
    expect(seen).toEqual(['Bearer sesame', 'GET', '/export/people-2026-11-18.csv?key=hidden']);
    expect(calls).toMatchObject([{ operation: 'GET', throttled: false, requestId: 'r1' }]);
    expect(endpoint).toEqual({ url: new URL(url).origin, vendor: false });
  });

  test('the address may come from the environment, and the as-of time from its last segment', async () => {
    const url = await serve((_request, response) => response.end(text));
    const { asOf } = await collect({
      settings: { url: { env: 'HR' }, asOf: { fileName: 'people-{YYYY}-{MM}-{DD}.csv' } },
      secrets: { HR: url },
    });
    expect(asOf).toBe(Date.parse('2026-11-18') / 1000);
  });

  test.each([
    ['HR_MISSING', undefined],
    ['HR', 'http://hr.example/people.csv'],
    ['HR', 'ftp://127.0.0.1/people.csv'],
    ['HR', 'people.csv'],
  ])('an address from the environment that cannot be used (%s=%s)', async (name, value) => {
    const failure = collect({
      settings: { ...settings, url: { env: name } },
      secrets: value === undefined ? {} : { [name]: value },
    });
    await expect(failure).rejects.toMatchObject({ code: 'configuration' });
  });

  test.each([
    [401, 'denied'],
    [403, 'denied'],
    [404, 'configuration'],
    [302, 'configuration'],
    [429, 'throttled'],
    [500, 'unavailable'],
    [503, 'unavailable'],
    [204, 'configuration'],
    [206, 'configuration'],
  ])('an answer of %i is %s', async (status, code) => {
    const url = await serve((_request, response) => {
      response
        .writeHead(status, { location: '/elsewhere', 'retry-after': '1' })
        .end(status === 204 ? undefined : text);
    });
    const failure = collect({ settings: { ...settings, url } });
    await expect(failure).rejects.toMatchObject({ name: 'CollectorError', code });
  });

  test('a body shorter than its stated length', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': text.length + 1 });
      response.write(text, () => response.socket?.destroy());
    });
    await expect(collect({ settings: { ...settings, url } })).rejects.toMatchObject({ code: 'incomplete' });
  });

  test('chunks without an end', async () => {
    const url = await serve((_request, response) => {
      response.write(text, () => response.socket?.destroy());
    });
    await expect(collect({ settings: { ...settings, url } })).rejects.toMatchObject({ code: 'incomplete' });
  });

  test('a body of unstated length', async () => {
    const url = await serve((_request, response) => {
      response.socket?.end(`HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${text}`);
    });
    await expect(collect({ settings: { ...settings, url } })).rejects.toMatchObject({ code: 'incomplete' });
  });

  test('an encoded body', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'br' }).end(text);
    });
    await expect(collect({ settings: { ...settings, url } })).rejects.toMatchObject({ code: 'malformed' });
  });

  test('nobody who listens', async () => {
    const url = await serve(() => {});
    server?.close();
    await expect(collect({ settings: { ...settings, url } })).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('a hang ends when the signal fires', async () => {
    const stop = new AbortController();
    const url = await serve(() => stop.abort(new Error('deadline')));
    const failure = collect({ settings: { ...settings, url }, signal: stop.signal });
    await expect(failure).rejects.toThrow('deadline');
  });

  test('a hang within the body ends when the signal fires', async () => {
    const stop = new AbortController();
    const url = await serve((_request, response) => {
      response.write(text, () => stop.abort(new Error('deadline')));
    });
    const failure = collect({ settings: { ...settings, url }, signal: stop.signal });
    await expect(failure).rejects.toThrow('deadline');
  });

  test('silence longer than requestTimeout', async () => {
    const url = await serve(() => {});
    const failure = collect({ settings: { ...settings, url, requestTimeout: 1 } });
    await expect(failure).rejects.toMatchObject({ code: 'timeout' });
  });
});
