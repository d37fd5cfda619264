import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type PeerCertificate } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RunningServer } from '../../src/server/server.ts';
import { selfSigned } from './certificate.ts';
import { recordingLogger, send, serve } from './harness.ts';

const SOON = 2_000_000_000;
let directory: string;
let tls: { certificate: string; key: string };

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'annexa-tls-'));
  tls = { certificate: join(directory, 'tls.crt'), key: join(directory, 'tls.key') };
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(directory, { recursive: true });
});

async function put(name: string, expires = SOON): Promise<string> {
  const { cert, key } = await selfSigned(name, expires);
  await writeFile(tls.certificate, cert);
  await writeFile(tls.key, key);
  return cert;
}

/** The certificate that a new connection is shown. */
async function shown({ url }: RunningServer): Promise<PeerCertificate> {
  const { hostname: host, port } = new URL(url);
  const socket = connect({ host, port: Number(port), rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerCertificate();
  socket.destroy();
  return certificate;
}

async function statusOver({ url }: RunningServer, ca: string): Promise<number> {
  const asked = request(`${url}/livez`, { ca, agent: false, checkServerIdentity: () => undefined });
  asked.end();
  const [response] = await once(asked, 'response');
  response.resume();
  return response.statusCode;
}

describe('TLS', () => {
  test('serves by the files, and nothing in the clear', async () => {
    const ca = await put('one');
    const server = await serve({}, { tls });
    expect(server.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(await statusOver(server, ca)).toBe(200);
    await expect(send(server, '/livez')).rejects.toThrow(/socket hang up|ECONNRESET/);
  });

  test.for(['TLSv1', 'TLSv1.1'] as const)('refuses %s', async (version) => {
    await put('one');
    const { hostname: host, port } = new URL((await serve({}, { tls })).url);
    const options = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' };
    const socket = connect({ host, port: Number(port), rejectUnauthorized: false, ...options });
    await expect(once(socket, 'secureConnect')).rejects.toThrow(/alert protocol version/);
  });

  test('takes another pair when the files hold one, and keeps the old one when they hold none', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const logger = recordingLogger();
    const said = (event: string) =>
      logger.lines.filter(({ fields }) => 'event' in fields && fields.event === event);
    await put('one');
    const server = await serve({}, { tls, logger });
    expect((await shown(server)).subject.CN).toBe('one');
    await put('two', SOON + 60);
    vi.advanceTimersByTime(10_000);
    await vi.waitFor(() => expect(said('tls_reloaded')).toHaveLength(1));
    expect((await shown(server)).subject.CN).toBe('two');

    const other = await selfSigned('three', SOON);
    await writeFile(tls.key, other.key);
    vi.advanceTimersByTime(10_000);
    await vi.waitFor(() => expect(said('tls_refused')).toHaveLength(1));
    expect((await shown(server)).subject.CN).toBe('two');
    await rm(tls.certificate);
    vi.advanceTimersByTime(10_000);
    await vi.waitFor(() => expect(said('tls_refused')).toHaveLength(2));
    expect((await shown(server)).subject.CN).toBe('two');

    const ca = await put('four', SOON + 120);
    vi.advanceTimersByTime(10_000);
    await vi.waitFor(() => expect(said('tls_reloaded')).toHaveLength(2));
    expect((await shown(server)).subject.CN).toBe('four');
    expect(await statusOver(server, ca)).toBe(200);
  });

  test('tells when the certificate in use expires', async () => {
    const ca = await put('one');
    const { url } = await serve({}, { tls });
    const asked = request(`${url}/metrics`, { ca, agent: false, checkServerIdentity: () => undefined });
    asked.end();
    const [response] = await once(asked, 'response');
    let text = '';
    for await (const chunk of response) text += String(chunk);
    expect(text).toContain(`annexa_tls_certificate_expiry_timestamp_seconds ${SOON}\n`);
  });

  test('with files that do not belong together, or are not there, does not start, and names them', async () => {
    await expect(serve({}, { tls })).rejects.toMatchObject({
      code: 'tls',
      message: expect.stringContaining(`${tls.certificate} can't be read: ENOENT`),
    });
    await put('one');
    await writeFile(tls.key, (await selfSigned('two', SOON)).key);
    await expect(serve({}, { tls })).rejects.toMatchObject({
      code: 'tls',
      message: expect.stringContaining(`${tls.key}: expected a certificate`),
    });
  });
});
