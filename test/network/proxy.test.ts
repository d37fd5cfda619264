import { once } from 'node:events';
import { Agent, createServer, get } from 'node:http';
import { describe, expect, test } from 'vitest';
import { describeProxies, openDispatcher, proxied, proxiesOf } from '../../src/network/proxy.ts';
import { request } from '../../src/network/undici.ts';

describe('the proxies of the environment', () => {
  test('are none without one of the two variables, whatever else is set', () => {
    expect(proxiesOf({ NO_PROXY: 'x', HTTP_PROXY: '', HTTPS_PROXY: ' ' })).toBeUndefined();
  });

  test('small letters win; one kind of address has no bearing on the other', () => {
    const found = proxiesOf({ https_proxy: 'http://a:1', HTTPS_PROXY: 'http://b:1' });
    expect(found?.HTTPS_PROXY).toBe('http://a:1');
    expect(found?.HTTP_PROXY).toBeUndefined();
  });

  test('never lead to this machine, to what tells a machine who it is, or to the cluster’s own API server', () => {
    const env = {
      HTTPS_PROXY: 'http://a:1',
      NO_PROXY: 'one.test, .two.test',
      KUBERNETES_SERVICE_HOST: '10.0.0.1',
    };
    const direct = proxiesOf(env)?.NO_PROXY.split(',');
    expect(direct?.slice(0, 2)).toEqual(['one.test', '.two.test']);
    for (const host of [
      'localhost',
      '127.0.0.1',
      '::1',
      '169.254.169.254',
      'metadata.google.internal',
      '10.0.0.1',
    ])
      expect(direct).toContain(host);
  });

  test.each(['proxy.test:3128', 'user:secret@proxy.test:3128', 'socks5://secret@proxy.test:1', 'http://'])(
    'one that is no address is refused, by the variable’s name, without its value: %s',
    (value) => {
      expect(() => proxiesOf({ HTTPS_PROXY: value })).toThrow(/^HTTPS_PROXY: expected the proxy's address/);
      expect(() => proxiesOf({ HTTPS_PROXY: value })).not.toThrow(/secret|proxy\.test/);
    },
  );

  test('are not asked for this machine, whoever asks', async () => {
    const server = createServer((_, response) => response.end('here'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`;
    const before = process.env['http_proxy'];
    // Nothing listens there.
    process.env['http_proxy'] = 'http://127.0.0.1:1';
    const agent = new Agent(proxied());
    const dispatcher = await openDispatcher({ connect: 1000 });
    try {
      expect(await (await request(url, { dispatcher })).body.text()).toBe('here');
      const [answer] = await once(get(url, { agent }), 'response');
      expect(answer.statusCode).toBe(200);
      answer.resume();
    } finally {
      if (before === undefined) delete process.env['http_proxy'];
      else process.env['http_proxy'] = before;
      agent.destroy();
      await dispatcher.destroy();
      server.close();
    }
  });

  test('are told without credentials', () => {
    const told = describeProxies(proxiesOf({ HTTPS_PROXY: 'http://user:secret@proxy.test:3128' })).join('\n');
    expect(told).toContain('https through http://proxy.test:3128, http directly');
    expect(told).not.toContain('secret');
  });
});
