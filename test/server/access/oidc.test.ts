import {
  decodeJwt,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWTPayload,
  SignJWT,
  UnsecuredJWT,
} from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { OidcSpec } from '../../../src/engine/access-log.ts';
import { problemIn, send } from '../harness.ts';
import { bearer, guarded, type Guarded, oneEach, tokenOf } from './guarded.ts';
import { type RealProvider, startProvider } from './provider.ts';

const AUDIENCE = 'https://annexa.example';
let provider: RealProvider;

beforeAll(async () => {
  provider = await startProvider({
    kim: ['isms-team', 'auditors'],
    lee: ['watchers', '__proto__'],
    max: ['cooks'],
    pat: 'auditors',
    ray: undefined,
  });
});
afterEach(() => vi.useRealTimers());
afterAll(() => provider[Symbol.asyncDispose]());

const clock = () => Math.floor(Date.now() / 1000);

function spec(changed: Partial<OidcSpec> = {}): OidcSpec {
  return {
    issuer: provider.issuer,
    audience: AUDIENCE,
    subject: 'sub',
    roles: {
      claim: 'groups',
      map: { 'isms-team': ['isms'], auditors: ['auditor'], watchers: ['viewer'] },
    },
    ...changed,
  };
}

/** A server that takes the provider's tokens, its clock the machine's. */
async function serving(changed: Partial<OidcSpec> = {}): Promise<Guarded> {
  const state = await guarded({ tokens: oneEach, oidc: spec(changed) });
  state.now = clock();
  return state;
}

async function status(state: Guarded, token: string, path = '/metrics'): Promise<number> {
  return (await send(state.server, path, bearer(token))).status;
}

describe('a token of the provider', () => {
  test('gives the roles that its groups map to, and no other', async () => {
    const state = await serving();
    const paths = ['/metrics', '/api/v1/evidence'];
    const seen: Record<string, readonly number[]> = {};
    for (const who of ['kim', 'lee', 'max', 'pat', 'ray']) {
      const token = await provider.token(who, AUDIENCE);
      seen[who] = [await status(state, token, paths[0]), await status(state, token, paths[1])];
    }
    expect(seen).toEqual({
      kim: [200, 200],
      lee: [200, 403],
      max: [403, 403],
      pat: [200, 200],
      ray: [403, 403],
    });
    expect(state.recorded.map(({ who, roles }) => [who, roles])).toEqual([
      ['oidc:kim', ['isms', 'auditor']],
      ['oidc:pat', ['auditor']],
    ]);
  });

  test('that is meant for somebody else is refused', async () => {
    const state = await serving();
    expect(await status(state, await provider.token('kim', 'https://other.example'))).toBe(401);
    expect(
      await status(
        await serving({ audience: 'https://other.example' }),
        await provider.token('kim', AUDIENCE),
      ),
    ).toBe(401);
  });

  test('may take the name and the roles from other claims, deeper ones too', async () => {
    const roles = { claim: 'realm_access.roles', map: { a: ['auditor'] } } as const;
    const state = await serving({ subject: 'email', roles });
    const claims = { email: 'kim@acme.example', realm_access: { roles: ['a', 'b'] } };
    expect(await status(state, await forged({ claims }), '/api/v1/evidence')).toBe(200);
    expect(state.recorded).toMatchObject([{ who: 'oidc:kim@acme.example' }]);
    expect(await status(state, await forged({ claims: { ...claims, email: undefined } }))).toBe(401);
    const scopes = await serving({ roles: { claim: 'scope', map: { audit: ['auditor'] } } });
    expect(await status(scopes, await forged({ claims: { scope: 'openid audit' } }))).toBe(200);
    expect(await status(scopes, await forged({ claims: { scope: 'openid auditing' } }))).toBe(403);
  });
});

interface Forgery {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: object;
  readonly key?: Parameters<SignJWT['sign']>[0];
}

/** A token as the provider makes it, signed with its own key, but for what is changed. */
async function forged({ claims = {}, header = {}, key }: Forgery = {}): Promise<string> {
  const { privateKey, kid } = provider.key();
  const payload = { ...honest(), ...claims };
  return new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid, ...header }).sign(key ?? privateKey);
}

const honest = (): JWTPayload => ({
  iss: provider.issuer,
  aud: AUDIENCE,
  sub: 'kim',
  groups: ['auditors'],
  iat: clock(),
  exp: clock() + 600,
});

describe('a token that was tampered with', () => {
  test('is told from one that was not: the forger of these tests can make one that is taken', async () => {
    expect(await status(await serving(), await forged())).toBe(200);
  });

  const claims: readonly (readonly [string, () => Record<string, unknown>])[] = [
    ['of another issuer', () => ({ iss: 'https://evil.example' })],
    ['without an issuer', () => ({ iss: undefined })],
    ['for another audience', () => ({ aud: 'https://annexa.example.evil' })],
    ['for a client, as an ID token is', () => ({ aud: 'kim' })],
    ['without an audience', () => ({ aud: undefined })],
    ['that has expired', () => ({ exp: clock() - 31 })],
    ['that never expires', () => ({ exp: undefined })],
    ['that is not valid yet', () => ({ nbf: clock() + 120 })],
    ['of nobody', () => ({ sub: undefined })],
    ['of a name that can not be sealed', () => ({ sub: 'kim\u0000' })],
    ['of a broken name', () => ({ sub: '\ud800' })],
    ['of a name that is a list', () => ({ sub: ['kim'] })],
  ];
  test.for(claims)('%s is refused', async ([, change]) => {
    const state = await serving();
    const answer = await send(state.server, '/metrics', bearer(await forged({ claims: change() })));
    expect(problemIn(answer).status).toBe(401);
    expect(answer.headers['www-authenticate']).toContain('error="invalid_token"');
  });

  const signatures: readonly (readonly [string, () => Promise<string>])[] = [
    ['by nobody (alg none)', () => Promise.resolve(new UnsecuredJWT(honest()).encode())],
    ['by nobody, in another spelling', () => unsigned('nOnE')],
    [
      'with the public key as a secret (HS256)',
      async () => {
        const secret = Buffer.from(await exportSPKI(provider.key().publicKey));
        return forged({ header: { alg: 'HS256' }, key: secret });
      },
    ],
    [
      'with a key of the provider, by an algorithm that is not taken',
      () => {
        const { privateKey, kid } = provider.other;
        return forged({ header: { alg: 'ES384', kid }, key: privateKey });
      },
    ],
    [
      'with another key under the known id',
      async () => forged({ key: (await generateKeyPair('ES256')).privateKey }),
    ],
    [
      'with a key that it brings along',
      async () => {
        const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
        return forged({ header: { jwk: await exportJWK(publicKey), kid: undefined }, key: privateKey });
      },
    ],
    [
      'with a key elsewhere',
      async () => forged({ header: { kid: 'other', jku: 'https://evil.example/jwks' } }),
    ],
    [
      'with an extension that nobody knows',
      () => forged({ header: { crit: ['x'], x: 1 } }).catch(() => unsigned('none')),
    ],
  ];
  test.for(signatures)('signed %s is refused', async ([, make]) => {
    expect(await status(await serving(), await make())).toBe(401);
  });

  test('in one character is refused', async () => {
    const state = await serving();
    const [header = '', payload = '', signature = ''] = (await provider.token('lee', AUDIENCE)).split('.');
    const claims = { ...decodeJwt(`${header}.${payload}.${signature}`), groups: ['auditors'] };
    const widened = Buffer.from(JSON.stringify(claims)).toString('base64url');
    expect(await status(state, `${header}.${widened}.${signature}`)).toBe(401);
    const flipped = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1);
    expect(await status(state, `${header}.${payload}.${flipped}`)).toBe(401);
    expect(await status(state, `${header}.${payload}`)).toBe(401);
    expect(await status(state, `${header}.${payload}.${signature}`)).toBe(200);
  });
});

function unsigned(alg: string): Promise<string> {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return Promise.resolve(`${part({ alg })}.${part(honest())}.`);
}

describe('the provider', () => {
  test('may rotate its keys: tokens of the new one are taken, those of the old one no longer', async () => {
    const state = await serving();
    const before = await provider.token('kim', AUDIENCE);
    expect(await status(state, before)).toBe(200);
    await provider.rotate();
    const after = await provider.token('kim', AUDIENCE);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 11_000 });
    expect(await status(state, after)).toBe(200);
    expect(await status(state, before)).toBe(401);
  });

  test('that is down when the agent starts costs others nothing, and is asked again', async () => {
    provider.fail(true);
    const state = await serving();
    const token = await forged();
    const down = await send(state.server, '/metrics', bearer(token));
    expect(problemIn(down).status).toBe(503);
    expect(down.headers['retry-after']).toBe('5');
    expect(await status(state, tokenOf('v'))).toBe(200);
    expect(await status(state, token)).toBe(503);
    const errors = state.logger.lines.filter(({ level }) => level === 'error');
    expect(errors).toMatchObject([
      {
        fields: {
          event: 'access_unavailable',
          detail: expect.stringMatching(/openid-configuration: answered 500/),
        },
      },
    ]);
    provider.fail(false);
    expect(await status(state, token), 'not asked again at once').toBe(503);
    state.now += 10;
    expect(await status(state, token)).toBe(200);
  });

  test('that fails later leaves the keys that are known', async () => {
    const state = await serving();
    const token = await forged({ claims: { exp: clock() + 9000 } });
    expect(await status(state, token)).toBe(200);
    provider.fail(true);
    state.now += 3601;
    expect(await status(state, token)).toBe(200);
    provider.fail(false);
  });

  test('that fails when something else of the configuration changes is not forgotten', async () => {
    const state = await serving();
    const token = await forged();
    expect(await status(state, token)).toBe(200);
    provider.fail(true);
    state.server.useAccess({ tokens: oneEach, oidc: spec() });
    expect(await status(state, token)).toBe(200);
    provider.fail(false);
  });

  test('judges its own tokens alone, where a cluster judges the others', async () => {
    const state = await serving();
    state.server.useAccess({ tokens: oneEach, oidc: spec(), kubernetes: {} });
    expect(await status(state, await forged())).toBe(200);
    expect(await status(state, await forged({ claims: { exp: clock() - 60 } }))).toBe(401);
    // The cluster can't be asked here: that it would be is what tells whose they are.
    expect(await status(state, await forged({ claims: { iss: 'https://kubernetes.default.svc' } }))).toBe(
      503,
    );
    expect(await status(state, 'opaque')).toBe(503);
    expect(await status(state, tokenOf('z'))).toBe(401);
  });

  test('that describes another issuer is not believed', async () => {
    const state = await serving({ issuer: `${provider.issuer}/` });
    expect(await status(state, await forged({ claims: { iss: `${provider.issuer}/` } }))).toBe(503);
  });
});
