import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { examineAccess } from '../../src/cli/examine-access.ts';
import type { AccessSpec, TlsSpec } from '../../src/engine/access-log.ts';
import { NOW, tokenEntry, tokenOf } from '../server/access/guarded.ts';
import { type RealProvider, startProvider } from '../server/access/provider.ts';
import { selfSigned } from '../server/certificate.ts';

const DAY = 86_400;
let directory: string;
let provider: RealProvider;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'annexa-doctor-'));
  provider = await startProvider({ kim: ['team'] });
});
afterAll(async () => {
  await provider[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

const examine = (access: AccessSpec | undefined, tls?: TlsSpec) =>
  examineAccess({ agent: { access, tls }, directory }, {}, NOW);

test('a token that has expired, or will within 30 days, is missing; one that is good is not', async () => {
  const token = (name: string, seconds: number) => tokenEntry(name, tokenOf('a'), ['viewer'], NOW + seconds);
  const found = await examine({
    tokens: [token('old', 0), token('late', 30 * DAY - 1), token('good', 30 * DAY)],
  });
  expect(found.map(({ subject, state }) => [subject, state])).toEqual([
    ['token old', 'missing'],
    ['token late', 'missing'],
    ['token good', 'ok'],
  ]);
  expect(found[0]?.detail).toMatch(/^expired on 2026-\d\d-.+make another/);
  expect(found[1]?.detail).toMatch(/^expires on /);
});

test('a provider is asked for its description and its keys', async () => {
  const roles = { claim: 'groups', map: {} };
  const oidc = { issuer: provider.issuer, audience: 'x', subject: 'sub', roles };
  expect(await examine({ tokens: [], oidc })).toEqual([
    {
      subject: `provider ${provider.issuer}`,
      state: 'ok',
      detail: 'describes itself as this issuer, with 2 keys',
    },
  ]);
  const other = { ...oidc, issuer: `${provider.issuer}/` };
  expect(await examine({ tokens: [], oidc: other })).toMatchObject([
    { state: 'failed', detail: expect.stringContaining(`describes the issuer ${provider.issuer}`) },
  ]);
  provider.fail(true);
  expect(await examine({ tokens: [], oidc })).toMatchObject([
    { state: 'failed', detail: expect.stringContaining('answered 500') },
  ]);
  provider.fail(false);
});

test('certificate and key are read, belong together, and have not expired', async () => {
  const tls = { certificate: join(directory, 'tls.crt'), key: join(directory, 'tls.key') };
  const at = async (expires: number) => {
    const { cert, key } = await selfSigned('localhost', expires);
    await writeFile(tls.certificate, cert);
    await writeFile(tls.key, key);
    return (await examine(undefined, tls)).map(({ state }) => state);
  };
  expect(await examine(undefined, tls)).toMatchObject([
    { state: 'failed', detail: expect.stringContaining('ENOENT') },
  ]);
  expect(await at(NOW + 15 * DAY)).toEqual(['ok']);
  expect(await at(NOW + 13 * DAY)).toEqual(['missing']);
  expect(await at(NOW - 1)).toEqual(['failed']);
  await writeFile(tls.key, (await selfSigned('localhost', NOW + 90 * DAY)).key);
  expect(await examine(undefined, tls)).toMatchObject([
    { state: 'failed', detail: expect.stringContaining('the key that belongs to it') },
  ]);
});

test('without access there is nothing to examine', async () => {
  expect(await examine(undefined)).toEqual([]);
});
