import { expect, test } from 'vitest';
import { createMask } from '../../src/engine/mask.ts';

const TOKEN = 'ghp_q5kLhzbaSz+mz35x/5aByt683C6G6iCj';

function masking(secret: string): (told: string) => string {
  const mask = createMask();
  mask.add(secret);
  return (told) => mask.text(told);
}

test('a secret is taken out of what is told, as headers, URLs, JSON and Basic credentials write it', () => {
  const text = masking(TOKEN);
  expect(text(`refused ${TOKEN} (HTTP 401), ${TOKEN}`)).toBe('refused [secret] (HTTP 401), [secret]');
  for (const user of ['', 'x', 'me', 'kim'])
    expect(text(`Basic ${Buffer.from(`${user}:${TOKEN}:`).toString('base64')}`)).toMatch(
      /^Basic .{0,9}\[secret\].{0,6}$/,
    );
  expect(text(`?t=${encodeURIComponent(TOKEN)}&x=1`)).toBe('?t=[secret]&x=1');
});

test('a message that is cut in the middle of a secret tells no more of it than eleven characters', () => {
  const text = masking(TOKEN);
  for (let length = 0; length < TOKEN.length; length += 1) {
    const told = text(`token ${TOKEN.slice(0, length)}... (HTTP 401)`);
    expect(told).toBe(
      length < 12 ? `token ${TOKEN.slice(0, length)}... (HTTP 401)` : 'token [secret]... (HTTP 401)',
    );
  }
});

test('of a kubeconfig or a key file each long part is a secret, addresses are none', () => {
  const token = 'eyJhbGciOiJSUzI1NiJ9.abcdefghijklmnop.signature';
  const text = masking(`{"server":"https://cluster.example:6443","user":{"token":"${token}"},"name":"me"}`);
  expect(text(`https://cluster.example:6443 refused me with ${token}`)).toBe(
    'https://cluster.example:6443 refused me with [secret]',
  );
});

test('a short secret is told when it stands there whole', () => {
  const text = masking('s3cret/pw');
  expect(text('with s3cret/pw and s3cret%2Fpw, s3cret')).toBe('with [secret] and [secret], s3cret');
});

test('what holds no secret stays as it is', () => {
  expect(createMask().text('anything')).toBe('anything');
  expect(masking(TOKEN)('GET /orgs/acme/members answered 403 (request 1A2B:3C4D)')).toBe(
    'GET /orgs/acme/members answered 403 (request 1A2B:3C4D)',
  );
});
