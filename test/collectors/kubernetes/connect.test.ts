import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kubernetes } from '../../../src/collectors/kubernetes/index.ts';
import { contextOf, recordsOf } from '../harness.ts';
import { estate } from './estate.ts';
import { connect, kubeconfig, SCOPE } from './harness.ts';
import { startStub } from './stub.ts';

const never = () => new AbortController().signal;

describe('preflight', () => {
  test('tells what is held and, of what is not, which rule to add', async () => {
    await using stub = await startStub(estate());
    stub.denied.add('pods');
    const { source } = connect(stub.url);
    const report = await source.preflight(never(), ['images', 'nodes']);
    expect(report).toEqual({
      caller: 'system:serviceaccount:annexa:annexa',
      permissions: [
        { dataset: 'images', permission: 'get namespaces/kube-system', scope: 'test', held: true },
        {
          dataset: 'images',
          permission: 'list pods',
          scope: 'test',
          held: false,
          detail: 'not allowed; add the rule {"apiGroups":[""],"resources":["pods"],"verbs":["list"]}',
        },
        { dataset: 'nodes', permission: 'get namespaces/kube-system', scope: 'test', held: true },
        { dataset: 'nodes', permission: 'list nodes', scope: 'test', held: true },
      ],
    });
    expect(
      stub.paths.filter(
        (path) => !path.startsWith('POST /apis/auth') && path !== 'GET /api/v1/namespaces/kube-system',
      ),
    ).toEqual([]);
  });

  test.each(['hang', 'cut', 'error', 'denied', 'empty-object'] as const)(
    'under %s nothing is taken for held',
    async (fault) => {
      await using stub = await startStub(estate());
      stub.faults.set('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { fault });
      const { source } = connect(stub.url, { requestTimeout: 0.3, maxAttempts: 1 });
      const { permissions } = await source.preflight(never(), ['images']);
      expect(permissions.map(({ held }) => held)).toEqual(['unknown', 'unknown']);
      expect(permissions.every(({ detail }) => detail !== undefined && detail !== '')).toBe(true);
    },
  );

  test('who answers to the questions but not to who is asking leaves what was answered', async () => {
    await using stub = await startStub(estate());
    stub.faults.set('/apis/authentication.k8s.io/v1/selfsubjectreviews', { fault: 'denied' });
    const { permissions } = await connect(stub.url).source.preflight(never(), ['images']);
    expect(permissions.map(({ held }) => held)).toEqual([true, true]);
  });
});

describe('the kubeconfig', () => {
  let directory = '';
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'annexa-kubeconfig-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  const connectWith = (text: string, settings: object = {}) => {
    const { context, told } = contextOf(() => Math.floor(Date.now() / 1000), { K: text }, { directory });
    const config = kubernetes.config.parse({
      cluster: 'test',
      kubeconfig: { env: 'K' },
      maxAttempts: 1,
      ...settings,
    });
    return { source: kubernetes.connect(config, context), told };
  };

  test.each([
    ['is no YAML', '{', 'the kubeconfig is not one, or names a file that is not there'],
    ['has no context', JSON.stringify({ clusters: [], users: [], contexts: [] }), 'has no current context'],
  ])('that %s is told without its text', async (_, text, message) => {
    await expect(recordsOf(connectWith(text).source, 'images', SCOPE)).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining(message),
    });
  });

  test('the context that is named is used, and one that is not there is an error', async () => {
    await using stub = await startStub(estate());
    const good = JSON.stringify({ ...JSON.parse(kubeconfig(stub.url)), 'current-context': 'other' });
    expect(await recordsOf(connectWith(good, { context: 'test' }).source, 'images', SCOPE)).toHaveLength(4);
    await expect(
      recordsOf(connectWith(good, { context: 'gone' }).source, 'images', SCOPE),
    ).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('context gone'),
    });
  });

  test('a token file is found beside the configuration, and one that is missing is denied', async () => {
    await using stub = await startStub(estate());
    const user = { 'auth-provider': { name: 'tokenFile', config: { tokenFile: join(directory, 'token') } } };
    const text = JSON.stringify({ ...JSON.parse(kubeconfig(stub.url)), users: [{ name: 'agent', user }] });
    await expect(recordsOf(connectWith(text).source, 'images', SCOPE)).rejects.toMatchObject({
      code: 'denied',
    });
    await writeFile(join(directory, 'token'), 'a-token-in-a-file');
    expect(await recordsOf(connectWith(text).source, 'images', SCOPE)).toHaveLength(4);
  });

  test('nothing that answers is unavailable, and the token is in no message', async () => {
    const text = kubeconfig('http://127.0.0.1:9');
    const failed: unknown = await recordsOf(connectWith(text).source, 'images', SCOPE).catch(
      (error: unknown) => error,
    );
    expect(failed).toMatchObject({ code: 'unavailable' });
    expect(String(failed)).not.toContain('a-token-of-the-test');
  });

  test('absent, outside of a pod, is an error of the configuration', async () => {
    const { context } = contextOf(() => 0);
    const source = kubernetes.connect(kubernetes.config.parse({ cluster: 'test' }), context);
    await expect(recordsOf(source, 'images', SCOPE)).rejects.toMatchObject({ code: 'configuration' });
  });
});

test('the endpoint is marked where the server need not show who it is', async () => {
  await using stub = await startStub(estate());
  const { source, told } = connect(stub.url);
  await recordsOf(source, 'images', SCOPE);
  expect(told.endpoint).toEqual({ url: stub.url, vendor: false });
});

describe('settings', () => {
  test.each([
    [{ cluster: 'prod:eu' }, 'cluster'],
    [{ cluster: 'prod', context: 'x' }, 'context'],
    [{ cluster: 'prod', backups: { cronJobSelector: {} } }, 'backups.cronJobSelector'],
    [
      { cluster: 'prod', backups: { cronJobSelector: { matchLabels: { a: 'b' }, other: 1 } } },
      'backups.cronJobSelector',
    ],
    [{ cluster: 'prod', pageSize: 0 }, 'pageSize'],
    [{ cluster: 'prod', token: 'x' }, ''],
  ])('%j is refused at %s', (settings, path) => {
    const { error } = kubernetes.config.safeParse(settings);
    expect(error?.issues[0]?.path.join('.')).toBe(path);
  });
});
