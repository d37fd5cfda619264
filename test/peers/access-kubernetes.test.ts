import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { examineAccess } from '../../src/cli/examine-access.ts';
import type { AccessEntry, KubernetesAccessSpec } from '../../src/engine/access-log.ts';
import type { RunningServer } from '../../src/server/server.ts';
import { bearer } from '../server/access/guarded.ts';
import { problemIn, recordingLogger, send, serve } from '../server/harness.ts';
import { type Cluster, startCluster } from './kubernetes-server.ts';
import { type Accounts, accountsOf, REVIEWS } from './service-accounts.ts';

/** Callers with tokens of a real API server, reviewed with the two rights that the agent has there. */

const AUDIENCE = 'https://annexa.example';

let cluster: Cluster;
let accounts: Accounts;
let agentToken: string;

interface Reviewed {
  readonly server: RunningServer;
  readonly recorded: AccessEntry[];
  readonly errors: () => readonly object[];
  now: number;
}

/** A server whose callers the cluster reviews, as the agent's own service account asks it. */
async function reviewed(spec: KubernetesAccessSpec = {}, token = agentToken): Promise<Reviewed> {
  const recorded: AccessEntry[] = [];
  const logger = recordingLogger();
  const state = { recorded, now: 0, errors: () => logger.lines.filter(({ level }) => level === 'error') };
  const log = {
    admits: () => true,
    record: (entry: AccessEntry) => void recorded.push(entry),
    unsealed: () => 0,
    flush: () => Promise.resolve(),
  };
  const env = { KUBECONFIG_TEXT: cluster.kubeconfig(token) };
  const guard = { configured: true, log, now: () => state.now, directory: '/', env };
  const server = await serve({}, { guard, logger });
  server.useAccess({ tokens: [], kubernetes: { ...spec, kubeconfig: { env: 'KUBECONFIG_TEXT' } } });
  return Object.assign(state, { server });
}

beforeAll(async () => {
  cluster = await startCluster();
  accounts = accountsOf(cluster);
  for (const name of ['annexa', 'prometheus', 'auditor', 'stranger', 'powerless']) await accounts.make(name);
  await accounts.grant('annexa', REVIEWS);
  await accounts.grant('prometheus', [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }]);
  await accounts.grant('auditor', [
    { nonResourceURLs: ['/annexa/api/v1/evidence', '/annexa/api/v1/evidence/*'], verbs: ['get'] },
  ]);
  agentToken = await accounts.token('annexa');
});

afterAll(() => cluster[Symbol.asyncDispose]());

describe('a caller with a token of the cluster', () => {
  test('may do what its rules say of path and verb, and nothing else', async () => {
    const { server } = await reviewed();
    const prometheus = bearer(await accounts.token('prometheus'));
    const auditor = bearer(await accounts.token('auditor'));
    const status = async (path: string, who: object) => (await send(server, path, who)).status;
    expect(await status('/metrics', prometheus)).toBe(200);
    expect(await status('/metrics', { ...prometheus, method: 'HEAD' })).toBe(403);
    expect(await status('/api/v1/evidence', prometheus)).toBe(403);
    expect(await status('/metrics', auditor)).toBe(403);
    expect(await status('/api/v1/evidence', auditor)).toBe(200);
    expect(await status('/api/v1/evidence/3', auditor)).toBe(200);
    expect(await status('/api/v1/controls', auditor)).toBe(403);
    expect(await status('/livez', {})).toBe(200);
    expect(await status('/metrics', {})).toBe(401);
  });

  test('is asked about by the one spelling of the path, however it was escaped', async () => {
    const { server } = await reviewed();
    const auditor = bearer(await accounts.token('auditor'));
    expect((await send(server, '/api/v1/%65vidence/%33', auditor)).status).toBe(200);
    expect((await send(server, '/api/v1/evidence/..%2Fcontrols', auditor)).status).toBe(400);
    expect((await send(server, '/api/v1/evidence/../controls', auditor)).status).toBe(404);
    expect((await send(server, '/api/v1/%63ontrols', auditor)).status).toBe(403);
  });

  test('without any rule is known, and may do nothing: what every cluster lets everybody read is not ours', async () => {
    const { server } = await reviewed();
    const stranger = bearer(await accounts.token('stranger'));
    for (const path of ['/metrics', '/openapi.json', '/api/v1/controls', '/api/v1/evidence'])
      expect(problemIn(await send(server, path, stranger)).status, path).toBe(403);
  });

  test('is recorded under the name that the cluster gives it', async () => {
    const { server, recorded } = await reviewed();
    await send(server, '/api/v1/evidence', bearer(await accounts.token('auditor')));
    expect(recorded).toMatchObject([
      {
        who: 'kubernetes:system:serviceaccount:default:auditor',
        roles: [],
        operation: 'GET /api/v1/evidence',
      },
    ]);
  });

  test('has to mean this audience where one is configured', async () => {
    const { server } = await reviewed({ audiences: [AUDIENCE] });
    expect(
      (await send(server, '/metrics', bearer(await accounts.token('prometheus', [AUDIENCE])))).status,
    ).toBe(200);
    expect((await send(server, '/metrics', bearer(await accounts.token('prometheus')))).status).toBe(401);
    const elsewhere = await accounts.token('prometheus', ['https://other.example']);
    expect((await send(server, '/metrics', bearer(elsewhere))).status).toBe(401);
  });

  test('is nobody with a token that is forged', async () => {
    const { server } = await reviewed();
    const [header = '', payload = '', signature = ''] = (await accounts.token('prometheus')).split('.');
    const unsigned = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
    const other = (await accounts.token('stranger')).split('.')[2] ?? '';
    for (const forged of [
      `${unsigned}.${payload}.`,
      `${header}.${payload}.${other}`,
      `${header}.${payload}.${signature.toUpperCase()}`,
      'x',
    ]) {
      expect((await send(server, '/metrics', bearer(forged))).status, forged).toBe(401);
    }
  });
});

describe('answers of the cluster', () => {
  test('count for a minute: then a service account that is gone is nobody', async () => {
    const state = await reviewed();
    await accounts.make('leaving');
    await accounts.grant('leaving', [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }]);
    const leaving = bearer(await accounts.token('leaving'));
    expect((await send(state.server, '/metrics', leaving)).status).toBe(200);
    await cluster.call('DELETE', '/api/v1/namespaces/default/serviceaccounts/leaving');
    state.now += 59;
    expect((await send(state.server, '/metrics', leaving)).status).toBe(200);
    state.now += 1;
    await expect
      .poll(
        async () => {
          state.now += 60;
          return (await send(state.server, '/metrics', leaving)).status;
        },
        { timeout: 30_000, interval: 200 },
      )
      .toBe(401);
  });

  test('that allow count for five minutes, that deny for half a minute', async () => {
    const state = await reviewed();
    await accounts.make('rising');
    const rising = bearer(await accounts.token('rising'));
    const status = async () => (await send(state.server, '/metrics', rising)).status;
    expect(await status()).toBe(403);
    await accounts.grant('rising', [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }]);
    state.now += 29;
    expect(await status()).toBe(403);
    state.now += 1;
    await expect
      .poll(
        async () => {
          state.now += 30;
          return status();
        },
        { timeout: 30_000, interval: 200 },
      )
      .toBe(200);
    await cluster.call('DELETE', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/rising');
    state.now += 299;
    expect(await status()).toBe(200);
    await expect
      .poll(
        async () => {
          state.now += 300;
          return status();
        },
        { timeout: 30_000, interval: 200 },
      )
      .toBe(403);
  });

  test('that do not come are a 503, told once in the log, and nobody is let in', async () => {
    const { server, errors } = await reviewed({}, await accounts.token('powerless'));
    for (let at = 0; at < 3; at += 1) {
      const answer = await send(server, '/metrics', bearer(await accounts.token('prometheus')));
      expect(problemIn(answer).status).toBe(503);
      expect(answer.headers['retry-after']).toBe('5');
    }
    expect(errors()).toMatchObject([
      {
        fields: {
          event: 'access_unavailable',
          detail: expect.stringContaining('tokenreviews: the API server answered 403'),
        },
      },
    ]);
  });
});

test('doctor finds whether the agent may ask the cluster, and what it lacks', async () => {
  const found = async (token: string) => {
    const env = { KUBECONFIG_TEXT: cluster.kubeconfig(token) };
    const access = { tokens: [], kubernetes: { kubeconfig: { env: 'KUBECONFIG_TEXT' } } };
    return examineAccess({ agent: { access }, directory: '/' }, env, 0);
  };
  // Both are asked at once.
  expect(await found(agentToken)).toMatchObject([{ state: 'ok' }, { state: 'ok' }]);
  const powerless = await found(await accounts.token('powerless'));
  expect(powerless.map(({ state }) => state)).toEqual(['missing', 'missing']);
  expect(powerless[0]?.subject).toContain('create authentication.k8s.io/tokenreviews');
  expect((await found('nobody')).map(({ state }) => state)).toEqual(['failed', 'failed']);
});
