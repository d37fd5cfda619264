import { describe, expect, test } from 'vitest';
import { clusterOf, eksEstate } from './estate/eks.ts';
import { ago, collected, DAY, fails, NOW, pass, REGION, verdicts } from './logging-harness.ts';
import { MAIN } from './session-harness.ts';
import { type Handlers, refuse, startStub } from './stub.ts';

const SCOPE = `${MAIN}:${REGION}`;
const healthy = eksEstate({ now: NOW });
const SINCE = ago(100 * DAY);

const withClusters = (planted: Readonly<Record<string, object>>): Handlers => ({
  ...healthy,
  'eks:ListClusters': () => ({ clusters: Object.keys(planted) }),
  'eks:DescribeCluster': ({ name }: { name: string }) => ({
    cluster: clusterOf(MAIN, REGION, name, NOW, planted[name]),
  }),
});
const reachable = (publicAccessCidrs?: readonly string[]) => ({
  resourcesVpcConfig: { endpointPublicAccess: true, endpointPrivateAccess: true, publicAccessCidrs },
});

describe('eks-clusters', () => {
  test('tells the version and its end, the key, the logs and who can reach it', async () => {
    const { records } = await collected(withClusters({ prod: {} }), 'eks-clusters', SCOPE);
    expect(Object.fromEntries(records)).toEqual({
      [`prod/${SINCE}`]: {
        id: `aws:${SCOPE}:prod/${SINCE}`,
        kind: 'cluster',
        source: 'aws',
        scope: SCOPE,
        resource: `arn:aws:eks:${REGION}:${MAIN}:cluster/prod`,
        name: 'prod',
        region: REGION,
        version: '1.34',
        supported_until: ago(-200 * DAY),
        secrets_encrypted: true,
        audit_logged: true,
        public_endpoint: false,
        open_to_world: false,
        logs: ['api', 'audit', 'authenticator'],
        tags: [{ key: 'team', value: 'platform' }],
      },
    });
  });

  test('versions are asked for once, and only where there is a cluster', async () => {
    const { calls } = await collected(eksEstate({ now: NOW, size: 5, pageSize: 500 }), 'eks-clusters', SCOPE);
    expect(calls.filter((call) => call.startsWith('eks:DescribeClusterVersions'))).toHaveLength(1);
    expect(calls).toHaveLength(1 + 1 + 5);
    const none = await collected(withClusters({}), 'eks-clusters', SCOPE);
    expect(none.records.size).toBe(0);
    expect(none.calls).toEqual([`eks:ListClusters ${REGION}`]);
  });

  test.each<[string, object, object]>([
    ['without a key', { encryptionConfig: undefined }, { secrets_encrypted: false }],
    ['without any log', { logging: { clusterLogging: [] } }, { audit_logged: false, logs: [] }],
    [
      'whose audit log is off',
      {
        logging: {
          clusterLogging: [
            { types: ['api'], enabled: true },
            { types: ['audit'], enabled: false },
          ],
        },
      },
      { audit_logged: false, logs: ['api'] },
    ],
    [
      'reachable from everywhere',
      reachable(['10.0.0.0/8', '0.0.0.0/0']),
      { public_endpoint: true, open_to_world: true },
    ],
    ['reachable from everywhere by IPv6', reachable(['::/0']), { open_to_world: true }],
    ['reachable from nobody knows where', reachable(), { open_to_world: true }],
    [
      'reachable from an office',
      reachable(['192.0.2.0/24']),
      { public_endpoint: true, open_to_world: false },
    ],
    ['of a version that nobody knows', { version: '9.9' }, { supported_until: null }],
    ['of a version past its support', { version: '1.32' }, { supported_until: ago(0) }],
    ['without tags', { tags: undefined }, { tags: [] }],
  ])('a cluster %s', async (_, more, expected) => {
    const { records } = await collected(withClusters({ c: more }), 'eks-clusters', SCOPE);
    expect(records.get(`c/${SINCE}`)).toMatchObject(expected);
  });

  test('one that was deleted since it was listed is left out, by its own word alone', async () => {
    const refusing = (code: string, status: number): Handlers => {
      const all = withClusters({ gone: {}, here: {} });
      return {
        ...all,
        'eks:DescribeCluster': (input: { name: string }, asked) => {
          if (input.name === 'gone') throw refuse(code, status);
          return all['eks:DescribeCluster']!(input, asked);
        },
      };
    };
    const { records } = await collected(refusing('ResourceNotFoundException', 404), 'eks-clusters', SCOPE);
    expect([...records.keys()]).toEqual([`here/${SINCE}`]);
    await expect(
      collected(refusing('AccessDeniedException', 403), 'eks-clusters', SCOPE),
    ).rejects.toMatchObject({ code: 'denied' });
    await expect(collected(refusing('NotFound', 404), 'eks-clusters', SCOPE)).rejects.toMatchObject({
      code: 'unavailable',
    });
  });

  test.each<[string, object, string]>([
    ['who can reach it', { resourcesVpcConfig: { endpointPublicAccess: undefined } }, 'endpointPublicAccess'],
    ['its logs', { logging: undefined }, 'logging'],
    ['its version', { version: undefined }, 'version'],
    ['when it was made', { createdAt: undefined }, 'createdAt'],
  ])('one that does not tell %s is refused', async (_, more, field) => {
    await expect(collected(withClusters({ c: more }), 'eks-clusters', SCOPE)).rejects.toMatchObject({
      code: 'malformed',
      message: expect.stringContaining(field),
    });
  });
});

test('what the checks find', async () => {
  const CHECKS = ['cluster-secrets-encrypted', 'cluster-audit-log', 'cluster-endpoint', 'cluster-supported'];
  const judged = async (planted: Readonly<Record<string, object>>) => {
    await using stub = await startStub(withClusters(planted));
    return await verdicts(stub.endpoint, CHECKS, { datasets: ['eks-clusters'] });
  };
  const id = (name: string) => `${SCOPE}:${name}/${SINCE}`;
  expect(await judged({ good: {}, office: reachable(['192.0.2.0/24']) })).toEqual(
    Object.fromEntries(CHECKS.map((check) => [check, pass])),
  );
  expect(
    await judged({
      good: {},
      plain: { encryptionConfig: undefined },
      silent: { logging: { clusterLogging: [] } },
      open: reachable(['0.0.0.0/0']),
      old: { version: '1.32' },
    }),
  ).toEqual({
    'cluster-secrets-encrypted': fails(id('plain')),
    'cluster-audit-log': fails(id('silent')),
    'cluster-endpoint': fails(id('open')),
    'cluster-supported': fails(id('old')),
  });
  expect(await judged({ strange: { version: '9.9' } })).toMatchObject({
    'cluster-supported': { outcome: 'unknown', unknown: [id('strange')] },
  });
  const none = await judged({});
  expect(Object.values(none).map(({ outcome }) => outcome)).toEqual(CHECKS.map(() => 'not_applicable'));
});
