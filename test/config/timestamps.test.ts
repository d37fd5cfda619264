import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { agent, issuesOf, load } from './harness.ts';

const folder = join(import.meta.dirname, '../fixtures/timestamps');
const pem = (...names: readonly string[]) =>
  names.map((name) => readFileSync(join(folder, name), 'utf8')).join('');

const authority = { name: 'own', url: 'http://tsa.test.example/', ca: pem('root.pem') };
const withAuthorities = (...authorities: readonly object[]) =>
  agent.replace(
    'domain: acme.example',
    `domain: acme.example, timestamps: ${JSON.stringify({ authorities })}`,
  );

describe('timestamp authorities', () => {
  test('have a cadence of an hour and ten seconds to answer, unless said otherwise', async () => {
    const { agent: spec } = await load({ 'annexa.yaml': withAuthorities(authority) });
    expect(spec.timestamps).toEqual({ every: 3600, authorities: [{ ...authority, timeout: 10 }] });
  });

  test('may have several certificates, with words between', async () => {
    const ca = `ours:\n${pem('root.pem')}\ntheirs:\n${pem('inter.pem', 'other-root.pem')}`;
    const { agent: spec } = await load({ 'annexa.yaml': withAuthorities({ ...authority, ca }) });
    expect(spec.timestamps?.authorities[0]?.ca).toBe(ca);
  });

  test.each([
    ['no certificate', { ca: 'see the wiki' }, 'ca', 'certificates in PEM'],
    ['a certificate that is cut', { ca: pem('root.pem').slice(0, 300) }, 'ca', 'certificates in PEM'],
    [
      'a certificate that was changed',
      { ca: pem('root.pem').replace('MII', 'MIJ') },
      'ca',
      "certificate 1 can't be read",
    ],
    [
      'the certificate of a signer',
      { ca: pem('root.pem', 'good.pem') },
      'ca',
      'certificate 2 (O=Test, CN=good)',
    ],
    ['no root', { ca: pem('inter.pem') }, 'ca', 'none of the certificates is self-signed'],
    ['a user and a password', { url: 'https://me:hunter2@tsa.test.example/' }, 'url', 'a secret by name'],
    ['a name that no file can have', { name: '../x' }, 'name', 'a short name in lower case'],
  ])('are refused with %s, by file and field', async (_, wrong, field, expected) => {
    const issues = await issuesOf({ 'annexa.yaml': withAuthorities({ ...authority, ...wrong }) });
    expect(issues).toMatchObject([
      {
        file: 'annexa.yaml',
        path: `spec.timestamps.authorities[0].${field}`,
        expected: expect.stringContaining(expected),
      },
    ]);
    expect(JSON.stringify(issues)).not.toContain('hunter2');
  });

  test('are refused when two have the same name', async () => {
    const issues = await issuesOf({ 'annexa.yaml': withAuthorities(authority, authority) });
    expect(issues).toMatchObject([{ path: 'spec.timestamps.authorities', expected: 'each name once' }]);
  });
});
