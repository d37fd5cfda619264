import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { googleConfig } from '../../../src/collectors/google/config.ts';
import { base, CUSTOMER, SUBJECT } from './estate.ts';
import { collectGoogle } from './harness.ts';
import { ACCOUNT, keyFile } from './identities.ts';

describe('a token', () => {
  test('is asked for once, with an assertion that the key signed, in the name of the subject', async () => {
    const { told, asked, signers } = await collectGoogle('users', { pageSize: 1 });
    expect(signers).toEqual(['key']);
    expect(asked.filter(({ operation }) => operation === 'oauth2.token')).toHaveLength(1);
    expect(told.caller).toBe(`${ACCOUNT} as ${SUBJECT}`);
    expect(told.endpoint).toMatchObject({ vendor: false });
  });

  test('allows what the dataset needs and nothing else', async () => {
    const users = ['customer.readonly', 'user.readonly'].map(
      (name) => `https://www.googleapis.com/auth/admin.directory.${name}`,
    );
    await expect(collectGoogle('users', { delegated: users })).resolves.toBeDefined();
    await expect(collectGoogle('mobile-devices', { delegated: users })).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringMatching(/^oauth2\.token: HTTP 401 unauthorized_client: domain-wide delegation/),
    });
  });

  test('that is about to end is replaced by another', async () => {
    const start = Date.now();
    let calls = 0;
    // A minute passes with every look at the clock.
    const now = (): number => Math.floor(start / 1000) + calls++ * 60;
    const clock = (): number => start + calls * 60_000;
    const { asked } = await collectGoogle('users', { pageSize: 1, now, clock, lifetime: 600 });
    const tokens = asked.filter(({ operation }) => operation === 'oauth2.token');
    expect(tokens.length).toBeGreaterThan(1);
    expect(tokens.length).toBeLessThan(asked.length / 2);
  });

  test('for an assertion of another key is refused', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    await expect(collectGoogle('users', { key: keyFile({ private_key: pem }) })).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringMatching(/^oauth2\.token: HTTP 400 invalid_grant: the subject must be/),
    });
  });
});

describe('a key that is none is a fault of the configuration, and is not quoted', () => {
  test.each([
    ['is no JSON', 'top secret'],
    ['is of another type', JSON.stringify({ type: 'authorized_user', refresh_token: 'top secret' })],
    ['holds no private key', keyFile({ private_key: 'top secret' })],
  ])('%s', async (_, key) => {
    const failed: unknown = await collectGoogle('users', { key }).catch((error: unknown) => error);
    expect(failed).toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('environment variable GOOGLE_KEY'),
    });
    expect(failed).not.toHaveProperty('cause');
    expect(String(failed)).not.toContain('top secret');
  });
});

describe('the customer', () => {
  test('that answers must be the one configured', async () => {
    const estate = { ...base, customer: { ...base.customer, id: 'C07654321' } };
    await expect(collectGoogle('users', { estate })).rejects.toMatchObject({
      code: 'configuration',
      message: `directory.customers.get: the customer is C07654321, but scope is ${CUSTOMER}`,
    });
  });

  test('may be asked for by its id', async () => {
    const { records } = await collectGoogle('users', { settings: { customer: CUSTOMER } });
    expect(records).not.toEqual([]);
  });
});

describe('the as-of time', () => {
  const start = Math.floor(Date.now() / 1000);
  const now = (): number => start;
  /** The stub looks at its clock twice for each request, first for the Date header; the first request is the token's. */
  const ticking = (secondOf: (look: number) => number) => {
    let look = 0;
    return (): number => (start + secondOf(look++)) * 1000;
  };

  test("is the earliest answer's, by Google's clock", async () => {
    const { told } = await collectGoogle('users', { now, clock: ticking((look) => look - 60), pageSize: 1 });
    expect(told.asOf).toBe(start - 60 + 2);
  });

  test('may be ahead of ours by minutes, not more', async () => {
    const ahead = (seconds: number) => ticking((look) => (look < 2 ? 0 : seconds));
    await expect(collectGoogle('users', { now, clock: ahead(300) })).resolves.toBeDefined();
    await expect(collectGoogle('users', { now, clock: ahead(301) })).rejects.toMatchObject({
      code: 'as-of',
      message: expect.stringContaining('in the future'),
    });
  });

  test('is missing where no answer has a date', async () => {
    const clock = ticking((look) => (look >= 2 && look % 2 === 0 ? Number.NaN : 0));
    await expect(collectGoogle('users', { now, clock })).rejects.toMatchObject({
      code: 'as-of',
      message: expect.stringContaining('Date header'),
    });
  });
});

describe('the settings', () => {
  const sound = { scope: CUSTOMER, subject: SUBJECT, credentials: { env: 'KEY' } };

  test('are sound with a scope, a subject, and a key or an account', () => {
    expect(googleConfig.parse(sound)).toMatchObject({ customer: 'my_customer', pageSize: 500 });
    const { credentials: _, ...rest } = sound;
    expect(googleConfig.safeParse({ ...rest, impersonate: ACCOUNT }).success).toBe(true);
  });

  test.each([
    ['neither key nor account', { ...sound, credentials: undefined }],
    ['both', { ...sound, impersonate: ACCOUNT }],
    ['the alias as scope', { ...sound, scope: 'my_customer' }],
    ['a key in it', { ...sound, credentials: keyFile() }],
    ['plain http to somewhere else', { ...sound, endpoint: 'http://google.example' }],
    ['an unknown field', { ...sound, domain: 'acme.example' }],
    ['a page of none', { ...sound, pageSize: 0 }],
  ])('are refused with %s', (_, settings) => {
    expect(googleConfig.safeParse(settings).success).toBe(false);
  });
});

test('a collection that is stopped ends at once, as it was told', async () => {
  const stop = new AbortController();
  const faults = { 'directory.users.list': { kind: 'hang' } } as const;
  const collected = collectGoogle('users', { faults, signal: stop.signal });
  stop.abort(new Error('enough'));
  await expect(collected).rejects.toMatchObject({
    code: 'timeout',
    message: expect.stringContaining('given up'),
  });
});
