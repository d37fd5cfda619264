import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { describe, expect, test } from 'vitest';
import { datasets } from '../../../src/collectors/register/registers.ts';
import { collect, header, training } from './harness.ts';

const text = `${header}\nlea@acme.example,x,2026-02-03,,\n`;

async function read(listener: RequestListener, section: object = {}) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  const url = `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}/training.csv`;
  const { file: _, ...rest } = training;
  try {
    return await collect({
      settings: { training: { ...rest, url, requestTimeout: 1, token: { env: 'TOKEN' }, ...section } },
      secrets: { TOKEN: 'sesame' },
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe('a register at an address', () => {
  test('is read with its token', async () => {
    const seen: unknown[] = [];
    const { records, told } = await read((request, response) => {
      seen.push(request.method, request.headers.authorization);
      response.end(text);
    });
    expect(records).toHaveLength(1);
    expect(seen).toEqual(['GET', 'Bearer sesame']);
    expect(told.calls.map(({ operation }) => operation)).toEqual(['GET']);
    for (const { operations } of datasets) expect(operations).toContain('GET');
    expect(told.endpoint?.vendor).toBe(false);
  });

  test('may be YAML', async () => {
    const yaml = 'as_of: 2026-11-20\nrows:\n  - { Employee: a, Course: b, Completed:, Valid until: }\n';
    const section = { format: 'yaml', list: 'rows', asOf: { key: 'as_of' } };
    expect((await read((_, response) => response.end(yaml), section)).records).toHaveLength(1);
  });

  test.each<[string, RequestListener, string]>([
    ['401', (_, response) => response.writeHead(401).end(), 'denied'],
    ['403', (_, response) => response.writeHead(403).end(), 'denied'],
    ['404', (_, response) => response.writeHead(404).end(), 'configuration'],
    ['302', (_, response) => response.writeHead(302, { location: '/' }).end(), 'configuration'],
    ['429', (_, response) => response.writeHead(429, { 'retry-after': '1' }).end(), 'throttled'],
    ['500', (_, response) => response.writeHead(500).end(), 'unavailable'],
    ['an empty body', (_, response) => response.end(), 'malformed'],
    ['a page of HTML', (_, response) => response.end('<!doctype html>\n<p>Sign in</p>\n'), 'configuration'],
    [
      'a cut in mid-body',
      (_, response) => {
        response.writeHead(200, { 'content-length': text.length + 9 });
        response.write(text, () => response.destroy());
      },
      'incomplete',
    ],
    ['a cut before the answer', (_, response) => response.destroy(), 'unavailable'],
    ['a hang', () => {}, 'timeout'],
    ['a hang in mid-body', (_, r) => void r.writeHead(200, { 'content-length': 999 }).write(text), 'timeout'],
  ])('%s: nothing is collected', async (_, listener, code) => {
    await expect(read(listener)).rejects.toMatchObject({ name: 'CollectorError', code });
  });

  test.each([
    ['a cut in mid-body', 'incomplete'],
    ['a hang in mid-body', 'timeout'],
  ])('YAML with %s: nothing is collected', async (what, code) => {
    const yaml = 'as_of: 2026-11-20\nrows:\n  - { Employee: a, Course: b, Completed:, Valid until: }\n';
    const failure = read(
      (_, response) => {
        response.writeHead(200, { 'content-length': 999 });
        response.write(yaml, () => what.startsWith('a cut') && response.destroy());
      },
      { format: 'yaml', list: 'rows', asOf: { key: 'as_of' } },
    );
    await expect(failure).rejects.toMatchObject({ name: 'CollectorError', code });
  });
});
