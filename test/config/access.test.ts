import { describe, expect, test } from 'vitest';
import { agent, issuesOf, load } from './harness.ts';

const token = {
  name: 'prometheus',
  sha256: 'a'.repeat(64),
  roles: ['viewer'],
  expires: '2027-02-26T00:00:00Z',
};
const oidc = {
  issuer: 'https://id.acme.example',
  audience: 'annexa',
  roles: { claim: 'groups', map: { team: ['isms'] } },
};
const having = (fields: object) =>
  agent.replace('domain: acme.example', `domain: acme.example, ${JSON.stringify(fields).slice(1, -1)}`);
const withAccess = (access: object) => having({ access });

describe('access', () => {
  test('names tokens, a provider and a cluster, with what is left out filled in', async () => {
    const access = { tokens: [token], oidc, kubernetes: {} };
    const { agent: spec } = await load({ 'annexa.yaml': withAccess(access) });
    expect(spec.access).toEqual({
      tokens: [{ ...token, expires: Date.parse(token.expires) / 1000 }],
      oidc: { ...oidc, subject: 'sub' },
      kubernetes: {},
    });
  });

  test('is not there unless it is said', async () => {
    const { agent: spec } = await load({ 'annexa.yaml': agent });
    expect(spec.access).toBeUndefined();
    expect(spec.tls).toBeUndefined();
  });

  test('finds TLS files beside the configuration', async () => {
    const tls = { certificate: 'tls/tls.crt', key: '/run/tls.key' };
    const { agent: spec, directory } = await load({ 'annexa.yaml': having({ tls }) });
    expect(spec.tls).toEqual({ certificate: `${directory}/tls/tls.crt`, key: '/run/tls.key' });
  });

  const wrong: readonly (readonly [string, object, string, string])[] = [
    ['nobody', {}, 'spec.access', 'tokens, oidc or kubernetes'],
    ['an empty list', { tokens: [] }, 'spec.access', 'tokens, oidc or kubernetes'],
    [
      'a token by itself',
      { tokens: [{ ...token, sha256: `annexa_${'x'.repeat(43)}` }] },
      'spec.access.tokens[0].sha256',
      'a secret by name',
    ],
    [
      'a digest in capitals',
      { tokens: [{ ...token, sha256: 'A'.repeat(64) }] },
      'spec.access.tokens[0].sha256',
      '64 lower-case hex digits',
    ],
    [
      'a role that is none',
      { tokens: [{ ...token, roles: ['admin'] }] },
      'spec.access.tokens[0].roles[0]',
      'viewer',
    ],
    ['no role', { tokens: [{ ...token, roles: [] }] }, 'spec.access.tokens[0].roles', ''],
    ['a token for ever', { tokens: [{ ...token, expires: undefined }] }, 'spec.access.tokens[0].expires', ''],
    [
      'a name twice',
      { tokens: [token, { ...token, sha256: 'b'.repeat(64) }] },
      'spec.access.tokens[1]',
      'listed twice',
    ],
    ['a token twice', { tokens: [token, { ...token, name: 'b' }] }, 'spec.access.tokens[1]', 'listed twice'],
    [
      'an issuer in the clear',
      { oidc: { ...oidc, issuer: 'http://id.acme.example' } },
      'spec.access.oidc.issuer',
      'an https URL',
    ],
    [
      'no group',
      { oidc: { ...oidc, roles: { claim: 'groups', map: {} } } },
      'spec.access.oidc.roles.map',
      'at least one value',
    ],
    ['no audience at all', { kubernetes: { audiences: [] } }, 'spec.access.kubernetes.audiences', ''],
    ['another field', { kubernetes: { audience: 'x' } }, 'spec.access.kubernetes', ''],
  ];
  test.for(wrong)('with %s is refused, by field', async ([, access, path, expected]) => {
    const issues = await issuesOf({ 'annexa.yaml': withAccess(access) });
    expect(issues.length).toBeGreaterThan(0);
    expect(JSON.stringify(issues)).toContain(expected);
    expect(issues[0]?.path).toContain(path);
    expect(JSON.stringify(issues)).not.toMatch(/annexa_x/);
  });
});
