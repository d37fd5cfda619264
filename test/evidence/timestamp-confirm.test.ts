import { describe, expect, test, vi } from 'vitest';
import { EvidenceError } from '../../src/evidence/error.ts';
import { confirmToken } from '../../src/evidence/timestamp/confirm.ts';
import { requestToken } from '../../src/evidence/timestamp/request.ts';
import { parseAuthorities } from '../../src/evidence/timestamp/token.ts';
import { startAuthority } from './timestamp-authority.ts';
import { fixture, pem } from './timestamp-forge.ts';

vi.mock(import('../../src/evidence/timestamp/confirm.ts'), async (original) => {
  const { confirmToken } = await original();
  return { confirmToken: vi.fn<typeof confirmToken>(confirmToken) };
});

describe('a second opinion', () => {
  const response = fixture('openssl-rsa.tsr');
  const root = parseAuthorities(pem('root'));

  test('refuses other data, other authorities and a signature that does not hold', async () => {
    const changed = Buffer.from(response);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    await expect(confirmToken(response, fixture('data.txt'), root)).resolves.toBeUndefined();
    for (const refused of [
      confirmToken(response, Buffer.from('x'), root),
      confirmToken(changed, fixture('data.txt'), root),
      confirmToken(response, fixture('data.txt'), parseAuthorities(pem('other-root'))),
    ]) {
      await expect(refused).rejects.toMatchObject({ name: 'EvidenceError', code: 'corrupt' });
    }
  });

  test('is asked for before a token is given back, and decides', async () => {
    await using authority = await startAuthority(() => ({}));
    const asked = { name: 'own', url: authority.url, ca: pem('root'), timeout: 10 };
    const signal = new AbortController().signal;
    await expect(requestToken(asked, Buffer.from('x'), signal)).resolves.toHaveProperty('info');
    vi.mocked(confirmToken).mockRejectedValueOnce(new EvidenceError('corrupt', 'another opinion'));
    await expect(requestToken(asked, Buffer.from('x'), signal)).rejects.toThrow('another opinion');
  });
});
