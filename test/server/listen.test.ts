import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isLoopbackHost, resolveListen } from '../../src/server/loopback.ts';
import { startServer } from '../../src/server/server.ts';
import type { RunningServer } from '../../src/server/server.ts';
import { fakeView } from './fake-view.ts';
import { problemIn, recordingLogger, send, serve } from './harness.ts';

function start(listen: string) {
  return startServer({ view: fakeView(), logger: recordingLogger(), listen });
}

/** A port that is taken as long as the test runs. */
async function takenPort(): Promise<number> {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => void holder.close(() => resolve())));
  const address = holder.address();
  if (address === null || typeof address === 'string') throw new Error('not a TCP port');
  return (address satisfies AddressInfo).port;
}

/** Resolves when the server takes no more connections. */
async function refused(server: RunningServer): Promise<void> {
  const asked = await send(server, '/livez').catch(() => undefined);
  if (asked !== undefined) await refused(server);
}

describe('where the server listens', () => {
  test.for([
    '0.0.0.0:0',
    '[::]:0',
    '10.0.0.1:8080',
    '128.0.0.1:8080',
    '[::ffff:10.0.0.1]:8080',
    '[fe80::1]:8080',
    'annexa.example.com:8080',
    'localhost.example.com:8080',
  ])('%s is refused as reachable from elsewhere', async (listen) => {
    await expect(start(listen)).rejects.toMatchObject({
      name: 'ServerError',
      code: 'not-loopback',
      message: expect.stringMatching(/^refuses to listen on .+: .+127\.0\.0\.1/),
    });
  });

  test.for([
    '',
    '127.0.0.1',
    ':8080',
    '127.0.0.1:65536',
    '127.0.0.1:-1',
    '127.0.0.1:http',
    '[127.0.0.1]:80',
    '::1:8080',
    '[]:80',
    'http://127.0.0.1:80',
    '127.0.0.1:8080 ',
  ])('"%s" is no address, and the message says what is', async (listen) => {
    await expect(start(listen)).rejects.toMatchObject({
      code: 'listen',
      message: expect.stringContaining('expected host:port'),
    });
  });

  test.for(['127.0.0.1:0', '127.1.2.3:0', 'localhost:0', 'LOCALHOST:0'])('%s is served', async (listen) => {
    const server = await serve({}, { listen });
    expect(server.url).toMatch(/^http:\/\/127\.\d+\.\d+\.\d+:[1-9]\d*$/);
    expect((await send(server, '/livez')).status).toBe(200);
  });

  test('localhost that resolves elsewhere is refused', async () => {
    const lookup = () => Promise.resolve(['127.0.0.1', '192.0.2.7']);
    await expect(resolveListen('localhost:80', false, lookup)).rejects.toMatchObject({
      code: 'not-loopback',
      message: expect.stringContaining('192.0.2.7'),
    });
    const nowhere = () => Promise.reject(new Error('ENOTFOUND'));
    await expect(resolveListen('localhost:80', false, nowhere)).rejects.toMatchObject({ code: 'listen' });
    await expect(resolveListen('localhost:80', false, () => Promise.resolve([]))).rejects.toMatchObject({
      code: 'listen',
    });
  });

  test('IPv6 loopback in any spelling is allowed', async () => {
    expect(await resolveListen('[::1]:8080', false)).toEqual({ host: '::1', port: 8080 });
    expect(await resolveListen('[0:0:0:0:0:0:0:1]:1', false)).toEqual({ host: '0:0:0:0:0:0:0:1', port: 1 });
  });

  test('a port that is taken is named, with what to set', async () => {
    const port = await takenPort();
    await expect(start(`127.0.0.1:${port}`)).rejects.toMatchObject({
      name: 'ServerError',
      code: 'port-taken',
      message: expect.stringMatching(new RegExp(`^127\\.0\\.0\\.1:${port} is taken.+ANNEXA_LISTEN`)),
    });
  });
});

describe('the Host header', () => {
  test.for(['localhost', 'LocalHost:8080', '127.0.0.1', '127.9.9.9:1', '[::1]', '[::1]:8080'])(
    '%s is this machine',
    (host) => {
      expect(isLoopbackHost(host)).toBe(true);
    },
  );

  test.for([
    undefined,
    '',
    'evil.example',
    'evil.example:8080',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'localhost@evil.example',
    '0.0.0.0',
    '[::]',
    '[127.0.0.1]',
    '127.1',
    '2130706433',
    'localhost:',
    'localhost, evil.example',
    'localhost/',
  ])('%s is not', (host) => {
    expect(isLoopbackHost(host)).toBe(false);
  });

  test('of another site is refused, whatever the path', async () => {
    const server = await serve();
    for (const path of ['/livez', '/metrics', '/api/v1/controls', '/nothing', '/openapi.json']) {
      const answer = await send(server, path, { headers: { host: 'evil.example' } });
      expect(problemIn(answer).status, path).toBe(403);
    }
    expect((await send(server, '/livez', { headers: { host: 'localhost:1' } })).status).toBe(200);
  });

  test('gives way to the host of a target in absolute form', async () => {
    const server = await serve();
    expect(problemIn(await send(server, 'http://evil.example/livez')).status).toBe(403);
    expect((await send(server, 'http://localhost/livez')).status).toBe(200);
  });
});

describe('closing', () => {
  test('lets an answer under way finish, and takes no more', async () => {
    const started = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<undefined>();
    const server = await serve({
      control: () => {
        started.resolve();
        return finish.promise;
      },
    });
    const answer = send(server, '/api/v1/controls/A.5.1');
    await started.promise;
    const closed = server.close(30);
    finish.resolve(undefined);
    expect((await answer).status).toBe(404);
    await closed;
    await expect(send(server, '/livez')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('ends a connection that would be kept alive with the answer under way', async () => {
    const started = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<undefined>();
    const server = await serve({
      control: () => {
        started.resolve();
        return finish.promise;
      },
    });
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    const received = text(socket);
    socket.write('GET /api/v1/controls/A.5.1 HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await started.promise;
    const closed = server.close(3600);
    await refused(server);
    finish.resolve(undefined);
    expect(await received).toMatch(/^HTTP\/1\.1 404 [^]*\r\nconnection: close\r\n/i);
    await closed;
  });

  test('answers a request that was half sent as any other', async () => {
    const server = await serve();
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    const received = text(socket);
    await once(socket, 'connect');
    await new Promise<void>((sent) => void socket.write('GET /livez HTTP/1.1\r\n', () => sent()));
    // Answered after the half request was read, being the later one.
    expect((await send(server, '/livez')).status).toBe(200);
    const closed = server.close(3600);
    socket.write('Host: localhost\r\n\r\n');
    expect(await received).toMatch(/^HTTP\/1\.1 200 OK[^]*connection: close\r\n[^]*"live"/i);
    await closed;
  });

  test('cuts what is left when the time is over', async () => {
    const started = Promise.withResolvers<void>();
    const server = await serve({
      control: () => {
        started.resolve();
        return new Promise(() => {});
      },
    });
    const answer = send(server, '/api/v1/controls/A.5.1').catch((error: unknown) => error);
    await started.promise;
    await server.close(0);
    expect(await answer).toMatchObject({ code: 'ECONNRESET' });
  });

  test('twice is the same closing', async () => {
    const server = await serve();
    expect(server.close(1)).toBe(server.close(1));
    await server.close(1);
  });
});
