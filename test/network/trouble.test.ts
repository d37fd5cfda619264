import { lookup } from 'node:dns/promises';
import { createServer, request } from 'node:http';
import { Agent, get } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { openDispatcher } from '../../src/network/proxy.ts';
import { networkTrouble, statusTrouble } from '../../src/network/trouble.ts';

describe('what lies between', () => {
  test('a name that can not be resolved, however deep, with the name', async () => {
    const inner: unknown = await lookup('no-such-name.invalid').catch((error: unknown) => error);
    const found = networkTrouble(new TypeError('fetch failed', { cause: new AggregateError([inner]) }));
    expect(found).toEqual({
      kind: 'name-resolution',
      words: expect.stringMatching(/^the name no-such-name\.invalid can't be resolved \(E[A-Z_]+\)$/),
    });
  });

  test.each([
    [407, /asks for other credentials .*\(407\)$/],
    [401, /asks for other credentials .*\(401\)$/],
    [403, /opens no way there \(403\)$/],
  ])('a proxy that answers %i, by Node’s agents and by undici', async (status, words) => {
    const { server, url } = await refusing(status);
    try {
      const agent = new Agent({ proxyEnv: { HTTPS_PROXY: url } });
      const byNode = await new Promise((resolve) => get('https://x.test/', { agent }).on('error', resolve));
      expect(networkTrouble(byNode)).toEqual({ kind: 'proxy', words: expect.stringMatching(words) });
      const byUndici = await askedThrough(url);
      expect(networkTrouble(byUndici)).toEqual({ kind: 'proxy', words: expect.stringMatching(words) });
    } finally {
      server.close();
    }
  });

  test('nothing of the other side’s own: a refusal, an answer, a defect', async () => {
    const refused = await new Promise((resolve) => request('http://127.0.0.1:1/').on('error', resolve).end());
    expect(networkTrouble(refused)).toBeUndefined();
    expect(networkTrouble(new Error('x', { cause: 'text' }))).toBeUndefined();
    expect(statusTrouble(403)).toBeUndefined();
    expect(statusTrouble(407)?.kind).toBe('proxy');
  });
});

async function refusing(status: number) {
  const server = createServer().on('connect', (_, socket) => socket.end(`HTTP/1.1 ${status} No\r\n\r\n`));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port }: Pick<AddressInfo, 'port'> = { port: portOf(server.address()) };
  return { server, url: `http://127.0.0.1:${port}` };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function askedThrough(url: string): Promise<unknown> {
  const before = process.env['https_proxy'];
  process.env['https_proxy'] = url;
  const dispatcher = await openDispatcher({ connect: 1000 });
  const { request: ask } = await import('../../src/network/undici.ts');
  try {
    return await ask('https://x.test/', { dispatcher }).catch((error: unknown) => error);
  } finally {
    await dispatcher.destroy();
    if (before === undefined) delete process.env['https_proxy'];
    else process.env['https_proxy'] = before;
  }
}
