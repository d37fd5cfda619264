import type { Asked, Handlers } from '../stub.ts';
import { type EstateOptions, pageOf } from './options.ts';

const DAY = 86_400_000;

/** A cluster with a private interface, its own key and an audit log. */
export function clusterOf(
  account: string,
  region: string,
  name: string,
  now: number,
  more: object = {},
): object {
  return {
    name,
    arn: `arn:aws:eks:${region}:${account}:cluster/${name}`,
    createdAt: new Date(now - 100 * DAY),
    version: '1.34',
    endpoint: 'https://cluster.example',
    status: 'ACTIVE',
    resourcesVpcConfig: {
      subnetIds: ['subnet-1', 'subnet-2'],
      endpointPublicAccess: false,
      endpointPrivateAccess: true,
      publicAccessCidrs: [],
    },
    logging: {
      clusterLogging: [
        { types: ['api', 'audit', 'authenticator'], enabled: true },
        { types: ['controllerManager', 'scheduler'], enabled: false },
      ],
    },
    encryptionConfig: [
      {
        resources: ['secrets'],
        provider: { keyArn: `arn:aws:kms:${region}:${account}:key/11111111-2222-3333-4444-555555555555` },
      },
    ],
    tags: { team: 'platform' },
    ...more,
  };
}

interface Listed {
  readonly nextToken?: string;
  readonly maxResults?: number;
}

/** At most five clusters, which are private, logged, encrypted and of a version that is supported for another 200 days. */
export function eksEstate({ now, size = 5, pageSize = 2 }: EstateOptions): Handlers {
  const names = Array.from({ length: Math.min(size, 5) }, (_, index) => `cluster-${index}`);
  const versions = Array.from({ length: 4 }, (_, index) => ({
    clusterVersion: `1.${35 - index}`,
    clusterType: 'eks',
    endOfStandardSupportDate: new Date(now + (300 - 100 * index) * DAY),
    endOfExtendedSupportDate: new Date(now + (665 - 100 * index) * DAY),
  }));
  return {
    'eks:ListClusters': ({ nextToken, maxResults = 100 }: Listed, { missing }: Asked) => {
      const { items, next } = pageOf(names, Math.min(pageSize, maxResults), nextToken, missing);
      return { clusters: items, nextToken: next };
    },
    'eks:DescribeCluster': ({ name }: { name: string }, { account, region }: Asked) => ({
      cluster: clusterOf(account, region, name, now),
    }),
    'eks:DescribeClusterVersions': ({ nextToken, maxResults = 100 }: Listed, { missing }: Asked) => {
      const { items, next } = pageOf(versions, Math.min(pageSize, maxResults), nextToken, missing);
      return { clusterVersions: items, nextToken: next };
    },
  };
}
