import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { EngineError } from '../../src/engine/error.ts';
import type { RunningServer } from '../../src/server/server.ts';
import { problemIn, recordingLogger, send, serve } from './harness.ts';

/** Sends bytes as they are; what came back when the server closed the connection. */
function sendRaw(server: RunningServer, bytes: string): Promise<string> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(Number(port), hostname, () => socket.write(bytes, 'latin1'));
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (text += chunk));
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
}

describe('errors', () => {
  test.for([
    ['/api/v1/controls?limit=0', 'limit', /1 to 1000/],
    ['/api/v1/controls?limit=1001', 'limit', /1 to 1000/],
    ['/api/v1/controls?limit=1e2', 'limit', /1 to 1000/],
    ['/api/v1/controls?limit=', 'limit', /1 to 1000/],
    ['/api/v1/controls?limit=%2010', 'limit', /1 to 1000/],
    ['/api/v1/controls?limit=5&limit=6', 'limit', /expected once/],
    ['/api/v1/controls?status=compliant', 'status', /"effective"\|"correcting"/],
    ['/api/v1/controls?cursor=%00', 'cursor', /next/],
    ['/api/v1/controls?Status=unknown', 'Status', /no such parameter/],
    ['/api/v1/controls?__proto__=1', '__proto__', /no such parameter/],
    ['/api/v1/controls/A.5.1?limit=1', 'limit', /no such parameter/],
    ['/api/v1/checks?severity=urgent', 'severity', /critical/],
    ['/api/v1/deviations?state=ajar', 'state', /"open"\|"closed"/],
    ['/api/v1/deviations?check=Bad_Name', 'check', /lower-case/],
    ['/livez?verbose=1', 'verbose', /no such parameter/],
    ['/metrics?name=up', 'name', /no such parameter/],
  ] as const)('%s is a 400 that names %s', async ([path, parameter, expected]) => {
    const body = problemIn(await send(await serve(), path));
    expect(body).toMatchObject({ status: 400, title: 'Bad Request' });
    expect(body.errors).toMatchObject([{ in: 'query', parameter, detail: expect.stringMatching(expected) }]);
    expect(body.detail).toContain(`query parameter "${parameter}"`);
  });

  test('all parameters that are wrong are named at once', async () => {
    const answer = await send(await serve(), '/api/v1/evidence/x?limit=0&colour=red');
    expect(problemIn(answer).errors?.map((one) => `${one.in} ${one.parameter}`)).toEqual([
      'path index',
      'query limit',
      'query colour',
    ]);
  });

  test.for([
    '/api/v1/evidence/-1',
    '/api/v1/evidence/01',
    '/api/v1/evidence/1.0',
    '/api/v1/evidence/9999999999999999',
    '/api/v1/evidence/%31%00',
    '/api/v1/controls/A.5.18%2Fremoval',
    '/api/v1/controls/%2541.5.18',
    '/api/v1/controls/..%2F..%2Fetc',
    '/api/v1/checks/LEAVER',
    '/api/v1/runs/%0d%0aset-cookie:x',
    '/api/v1/controls/%zz',
    '/api/v1/controls/%c0%af',
    '/%',
  ])('%s is a 400: no id looks like that', async (path) => {
    expect(problemIn(await send(await serve(), path)).status).toBe(400);
  });

  test('an id is decoded once', async () => {
    const answer = await send(await serve(), '/api/v1/controls/%41.5.18');
    expect(JSON.parse(answer.text).id).toBe('A.5.18');
  });

  test.for([
    '/',
    '/api',
    '/api/v1',
    '/api/v1/',
    '/api/v1/controls/',
    '/api/v1/controls/A.5.1/x',
    '/API/v1/controls',
    '//livez',
    '/livez/',
    '/api/v2/controls',
    '/api/v1/../../livez',
  ])('%s is a 404: there is no such route', async (path) => {
    expect(problemIn(await send(await serve(), path)).status).toBeOneOf([400, 404]);
  });

  test.for([
    ['/api/v1/controls/A.9.99', 'control'],
    ['/api/v1/checks/nothing', 'check'],
    ['/api/v1/runs/nothing', 'run'],
    ['/api/v1/evidence/5', 'index'],
  ] as const)('%s is a 404 that says that there is no such %s', async ([path, word]) => {
    expect(problemIn(await send(await serve(), path))).toMatchObject({
      status: 404,
      detail: expect.stringContaining(word),
    });
  });

  test('an agent without a Scope manifest has no scope: a 404', async () => {
    const server = await serve({ scope: () => Promise.resolve(null) });
    expect(problemIn(await send(server, '/api/v1/scope')).status).toBe(404);
  });

  test.for(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY'])(
    '%s is a 405 that says what is allowed, content or not',
    async (method) => {
      const server = await serve();
      for (const path of ['/api/v1/controls', '/api/v1/controls/A.5.1', '/metrics', '/openapi.json']) {
        const answer = await send(server, path, { method });
        expect(problemIn(answer).status, path).toBe(405);
        expect(answer.headers.allow, path).toBe('GET, HEAD');
      }
      const elsewhere = await send(server, '/nothing', { method });
      expect(problemIn(elsewhere).status).toBe(404);
    },
  );

  test('content that no route takes is not read', async () => {
    const server = await serve();
    const json = { 'content-type': 'application/json' };
    const posted = await send(server, '/api/v1/controls', {
      method: 'POST',
      headers: json,
      body: '{"broken',
    });
    expect(problemIn(posted).status).toBe(405);
    const headers = { ...json, 'content-length': '2' };
    const got = await send(server, '/api/v1/controls', { headers, body: '{}' });
    expect(problemIn(got)).toMatchObject({ status: 400, detail: 'GET takes no content' });
  });

  test('a failing engine is a 500 without its message, and the log has it', async () => {
    const logger = recordingLogger();
    const failure = new Error('disk /data is broken');
    const server = await serve({ controls: () => Promise.reject(failure) }, { logger });
    const answer = await send(server, '/api/v1/controls');
    expect(problemIn(answer)).toMatchObject({ status: 500, title: 'Internal Server Error' });
    expect(answer.text).not.toMatch(/disk|\.ts|at /);
    const errors = logger.lines.filter((line) => line.level === 'error');
    expect(errors).toMatchObject([{ fields: { err: failure } }]);
  });

  test('whatever a handler throws, the answer is a problem', async () => {
    const thrown = [undefined, 'text', { statusCode: 200 }, { statusCode: 404, message: 'x', code: 'E' }];
    for (const reason of thrown) {
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- what is tested
      const server = await serve({ soa: () => Promise.reject(reason) });
      expect(problemIn(await send(server, '/api/v1/soa')).status, JSON.stringify(reason)).toBe(500);
    }
  });

  test.for(['stopping', 'state'] as const)('an engine that is not able (%s) is a 503', async (code) => {
    const server = await serve({ checks: () => Promise.reject(new EngineError(code, 'inside')) });
    const answer = await send(server, '/api/v1/checks');
    expect(problemIn(answer).status).toBe(503);
    expect(answer.headers['retry-after']).toBe('5');
  });
});

describe('readiness', () => {
  test('is 200 while the engine is ready, and follows it at once', async () => {
    let ready = true;
    const server = await serve({
      readiness: () => ({ ready, reasons: ready ? [] : ['the agent is stopping'], conditions: [] }),
    });
    expect((await send(server, '/readyz')).status).toBe(200);
    ready = false;
    expect(problemIn(await send(server, '/readyz'))).toMatchObject({
      status: 503,
      reasons: ['the agent is stopping'],
    });
    expect((await send(server, '/livez')).status).toBe(200);
  });
});

test('readiness tells what leaves it ready, too, with since when', async () => {
  const condition = {
    condition: 'proxy',
    detail: 'collector github: x',
    since: 1_780_000_000,
    unready: false,
  } as const;
  const server = await serve({ readiness: () => ({ ready: true, reasons: [], conditions: [condition] }) });
  const { status, text } = await send(server, '/readyz');
  expect(status).toBe(200);
  expect(JSON.parse(text)).toEqual({
    status: 'ready',
    conditions: [{ condition: 'proxy', detail: 'collector github: x', since: '2026-05-28T20:26:40Z' }],
  });
});

describe('every answer', () => {
  test('is not stored, not sniffed, not framed, and loads nothing', async () => {
    const server = await serve({ soa: () => Promise.reject(new Error('broken')) });
    const paths = [
      '/livez',
      '/metrics',
      '/openapi.json',
      '/api/v1/controls',
      '/api/v1/soa',
      '/nothing',
      '/%zz',
    ];
    const answers = await Promise.all([
      ...paths.map((path) => send(server, path)),
      send(server, '/livez', { method: 'POST' }),
      send(server, '/livez', { headers: { host: 'evil.example' } }),
    ]);
    for (const { headers } of answers) {
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
      });
      expect(headers).not.toHaveProperty('access-control-allow-origin');
      expect(headers).not.toHaveProperty('x-powered-by');
    }
  });

  test('to HEAD has the headers of GET and no content', async () => {
    const server = await serve();
    for (const path of ['/livez', '/metrics', '/openapi.json', '/api/v1/controls', '/nothing']) {
      const get = await send(server, path);
      const head = await send(server, path, { method: 'HEAD' });
      expect(head.status, path).toBe(get.status);
      expect(head.text, path).toBe('');
      expect(head.headers['content-type'], path).toBe(get.headers['content-type']);
      // Metrics of the process are others each time.
      const length = path === '/metrics' ? head.headers['content-length'] : Buffer.byteLength(get.text);
      expect(head.headers['content-length'], path).toBe(String(length));
    }
  });
});

describe('limits', () => {
  test('headers beyond 16 KiB are a 431', async () => {
    const server = await serve();
    const answer = await sendRaw(
      server,
      `GET /livez HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 431 .*\r\n/);
    expect(answer).toContain('application/problem+json');
  });

  test.for([
    'not http at all\r\n\r\n',
    'GET /livez HTTP/9.9\r\n\r\n',
    'GET /livez HTTP/1.1\r\nHost: localhost\r\nBad Header: x\r\n\r\n',
    'GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
  ])('%j is a 400, as a problem', async (bytes) => {
    const answer = await sendRaw(await serve(), bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(answer).toContain('x-content-type-options: nosniff');
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({ status: 400 });
  });

  test('a request without a Host header is refused as a foreign one', async () => {
    const answer = await sendRaw(await serve(), 'GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
  });

  test('a part of a path beyond 512 characters is refused', async () => {
    const answer = await send(await serve(), `/api/v1/runs/${'a'.repeat(600)}`);
    expect(problemIn(answer).status).toBe(414);
  });
});

/** The same numbers at each run (mulberry32). */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const pieces = [
  '/ // .. . % %2e %2f %00 %zz %c3%28 %F0%9F%98%80 \\ ; : * ~',
  'api v1 controls checks evidence runs deviations metrics livez __proto__',
  '? & = [] [x] limit cursor status constructor true 1 -1 999999999999999999999999',
  `A.5.18 ' " <script> $ { } | + , @ ! %u0041 ${'a'.repeat(300)}`,
].flatMap((line) => line.split(' '));

describe('garbage', () => {
  test('is never a 5xx, always a problem or an answer', async () => {
    const server = await serve();
    const next = randomNumbers(20_261_122);
    const prefixes = [
      '/',
      '/api/v1/',
      '/api/v1/controls',
      '/api/v1/controls?',
      '/api/v1/evidence/',
      '/metrics?',
    ];
    for (let at = 0; at < 400; at += 1) {
      const length = next(8);
      const parts = Array.from({ length }, () => pieces[next(pieces.length)] ?? '');
      const path = (prefixes[next(prefixes.length)] ?? '/') + parts.join('');
      const answer = await send(server, path);
      expect(answer.status, path).toBeLessThan(500);
      const body = answer.status === 200 ? undefined : problemIn(answer);
      expect(body?.status ?? 200, path).toBe(answer.status);
    }
  });
});
