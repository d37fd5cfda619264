import {
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  GetEbsDefaultKmsKeyIdCommand,
  GetEbsEncryptionByDefaultCommand,
  GetSnapshotBlockPublicAccessStateCommand,
} from '@aws-sdk/client-ec2';
import { DescribeFileSystemPolicyCommand, DescribeFileSystemsCommand } from '@aws-sdk/client-efs';
import { ListBucketsCommand } from '@aws-sdk/client-s3';
import { GetPublicAccessBlockCommand } from '@aws-sdk/client-s3-control';
import type { AwsWorker } from '../dataset.ts';
import { probeTags } from '../tagged.ts';
import { collectSnapshots } from './ebs-snapshots.ts';
import { collectVolumes, ec2Of } from './ebs.ts';
import { collectFileSystems, efsOf } from './efs.ts';
import { collectBuckets } from './s3.ts';
import { accountOf, bucketsOf } from './s3-client.ts';

/** What is asked about a bucket can't be tried without one: S3 refuses a name that nobody has as it refuses who may not ask. */
export const buckets: AwsWorker = {
  collect: collectBuckets,
  probes: {
    's3:ListAllMyBuckets': ({ session }) =>
      bucketsOf(session).send(new ListBucketsCommand({ MaxBuckets: 1 })),
    's3:GetAccountPublicAccessBlock': ({ session, account }) =>
      accountOf(session).send(new GetPublicAccessBlockCommand({ AccountId: account.id })),
    'tag:GetResources': ({ session }) => probeTags(session),
  },
};

export const volumes: AwsWorker = {
  collect: collectVolumes,
  probes: {
    'ec2:DescribeVolumes': (work) => ec2Of(work).send(new DescribeVolumesCommand({ MaxResults: 5 })),
    'ec2:GetEbsEncryptionByDefault': (work) => ec2Of(work).send(new GetEbsEncryptionByDefaultCommand({})),
    'ec2:GetEbsDefaultKmsKeyId': (work) => ec2Of(work).send(new GetEbsDefaultKmsKeyIdCommand({})),
    'ec2:GetSnapshotBlockPublicAccessState': (work) =>
      ec2Of(work).send(new GetSnapshotBlockPublicAccessStateCommand({})),
  },
};

export const snapshots: AwsWorker = {
  collect: collectSnapshots,
  probes: {
    'ec2:DescribeSnapshots': (work) =>
      ec2Of(work).send(new DescribeSnapshotsCommand({ OwnerIds: ['self'], MaxResults: 5 })),
  },
};

export const fileSystems: AwsWorker = {
  collect: collectFileSystems,
  probes: {
    'elasticfilesystem:DescribeFileSystems': (work) =>
      efsOf(work).send(new DescribeFileSystemsCommand({ MaxItems: 1 })),
    'elasticfilesystem:DescribeFileSystemPolicy': (work) =>
      efsOf(work).send(new DescribeFileSystemPolicyCommand({ FileSystemId: 'fs-00000000' })),
  },
};
