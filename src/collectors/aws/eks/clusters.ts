import {
  DescribeClusterCommand,
  DescribeClusterVersionsCommand,
  EKSClient,
  ListClustersCommand,
  ResourceNotFoundException,
} from '@aws-sdk/client-eks';
import { z } from 'zod';
import type { ClusterRecord } from '../../../inventory/kinds/cluster.ts';
import { ahead } from '../../ahead.ts';
import { type AwsWorker, common, type Work } from '../dataset.ts';
import { pages } from '../../pages.ts';
import { listed, moment, read } from '../../read.ts';
import type { Session } from '../session.ts';

const clusterSchema = z.object({
  arn: z.string().min(1),
  name: z.string().min(1),
  version: z.string().min(1),
  createdAt: moment,
  resourcesVpcConfig: z.object({
    endpointPublicAccess: z.boolean(),
    publicAccessCidrs: z.array(z.string()).default([]),
  }),
  logging: z.object({
    clusterLogging: z.array(z.object({ types: z.array(z.string()), enabled: z.boolean() })),
  }),
  /** Absent where no key of the organisation's own was given. */
  encryptionConfig: z.array(z.object({ provider: z.object({ keyArn: z.string().min(1) }) })).default([]),
  tags: z.record(z.string(), z.string()).default({}),
});
type KnownCluster = z.output<typeof clusterSchema>;

const versionSchema = z.object({ clusterVersion: z.string().min(1), endOfStandardSupportDate: moment });

export const clusters: AwsWorker = {
  collect,
  probes: {
    'eks:ListClusters': ({ session }) => clientOf(session).send(new ListClustersCommand({ maxResults: 1 })),
    // A name that nobody has: only who may ask is told that it isn't there.
    'eks:DescribeCluster': ({ session }) =>
      clientOf(session).send(new DescribeClusterCommand({ name: 'annexa-permission-probe' })),
    'eks:DescribeClusterVersions': ({ session }) =>
      clientOf(session).send(new DescribeClusterVersionsCommand({ maxResults: 1 })),
  },
};

const clientOf = (session: Session): EKSClient => session.client('eks', EKSClient);

/** Every cluster of the region that EKS itself runs; those that are only connected to it are left out. */
async function* collect(work: Work): AsyncGenerator<ClusterRecord, void, undefined> {
  let supported: Promise<ReadonlyMap<string, number>> | undefined;
  const describe = async (name: string): Promise<ClusterRecord | undefined> => {
    supported ??= supportEnds(work.session);
    const ends = await supported;
    const cluster = await describeCluster(work.session, name);
    return cluster === undefined ? undefined : recordOf(work, cluster, ends);
  };
  for await (const record of ahead(names(work.session), 8, describe)) if (record !== undefined) yield record;
}

async function* names(session: Session): AsyncGenerator<string, void, undefined> {
  const operation = 'eks:ListClusters';
  const fetch = (nextToken: string | undefined) =>
    session.call(operation, (options) =>
      clientOf(session).send(new ListClustersCommand({ maxResults: 100, nextToken }), options),
    );
  for await (const page of pages(operation, fetch, ({ nextToken }) => nextToken))
    yield* listed(operation, 'clusters', page.clusters);
}

/** Undefined: it was deleted since it was listed. */
async function describeCluster(session: Session, name: string): Promise<KnownCluster | undefined> {
  const operation = 'eks:DescribeCluster';
  const answer = await session.call(operation, async (options) => {
    try {
      return await clientOf(session).send(new DescribeClusterCommand({ name }), options);
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  });
  return answer === undefined ? undefined : read(operation, name, clusterSchema, answer.cluster);
}

/** By version: when its standard support ends, Unix seconds. */
async function supportEnds(session: Session): Promise<ReadonlyMap<string, number>> {
  const operation = 'eks:DescribeClusterVersions';
  const ends = new Map<string, number>();
  const fetch = (nextToken: string | undefined) =>
    session.call(operation, (options) =>
      clientOf(session).send(
        new DescribeClusterVersionsCommand({ includeAll: true, maxResults: 100, nextToken }),
        options,
      ),
    );
  for await (const page of pages(operation, fetch, ({ nextToken }) => nextToken))
    for (const entry of listed(operation, 'clusterVersions', page.clusterVersions)) {
      const known = read(operation, entry.clusterVersion ?? 'a version', versionSchema, entry);
      ends.set(known.clusterVersion, known.endOfStandardSupportDate);
    }
  return ends;
}

const WORLD: ReadonlySet<string> = new Set(['0.0.0.0/0', '::/0']);

function recordOf(work: Work, cluster: KnownCluster, ends: ReadonlyMap<string, number>): ClusterRecord {
  const { endpointPublicAccess, publicAccessCidrs } = cluster.resourcesVpcConfig;
  const logs = cluster.logging.clusterLogging.flatMap(({ types, enabled }) => (enabled ? types : []));
  // Without a list it is everybody.
  const open = publicAccessCidrs.length === 0 || publicAccessCidrs.some((cidr) => WORLD.has(cidr));
  return {
    // A name may be given again after a deletion: with the time of its making it is like no other.
    ...common(work, 'cluster', `${cluster.name}/${cluster.createdAt}`),
    resource: cluster.arn,
    name: cluster.name,
    region: work.region,
    version: cluster.version,
    supported_until: ends.get(cluster.version) ?? null,
    secrets_encrypted: cluster.encryptionConfig.length > 0,
    audit_logged: logs.includes('audit'),
    public_endpoint: endpointPublicAccess,
    open_to_world: endpointPublicAccess && open,
    logs,
    tags: Object.entries(cluster.tags).map(([key, value]) => ({ key, value })),
  };
}
