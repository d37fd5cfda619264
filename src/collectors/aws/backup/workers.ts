import {
  ListBackupJobsCommand,
  ListBackupPlansCommand,
  ListBackupVaultsCommand,
  ListProtectedResourcesCommand,
  ListRestoreJobsCommand,
} from '@aws-sdk/client-backup';
import { DescribeInstancesCommand, DescribeVolumesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { DescribeFileSystemsCommand, EFSClient } from '@aws-sdk/client-efs';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import type { AwsWorker, Work } from '../dataset.ts';
import { probeTags } from '../tagged.ts';
import { backupOf } from './client.ts';
import { collectJobs } from './jobs.ts';
import { collectPlans } from './plans.ts';
import { collectPoints } from './points.ts';
import { collectResources } from './resources.ts';
import { collectRestores } from './restores.ts';

const one = { MaxResults: 1 } as const;

const vaults = ({ session }: Work) => backupOf(session).send(new ListBackupVaultsCommand(one));

/** The permissions that need the id of a plan or of a vault have no probe: a made-up id gets the same answer whether or not it is held. */
export const plans: AwsWorker = {
  collect: collectPlans,
  probes: {
    'backup:ListBackupPlans': ({ session }) => backupOf(session).send(new ListBackupPlansCommand(one)),
    'backup:ListBackupVaults': vaults,
  },
};

export const jobs: AwsWorker = {
  collect: collectJobs,
  probes: {
    'backup:ListBackupJobs': ({ session }) => backupOf(session).send(new ListBackupJobsCommand(one)),
  },
};

export const restores: AwsWorker = {
  collect: collectRestores,
  probes: {
    'backup:ListRestoreJobs': ({ session }) => backupOf(session).send(new ListRestoreJobsCommand(one)),
  },
};

export const points: AwsWorker = { collect: collectPoints, probes: { 'backup:ListBackupVaults': vaults } };

export const resources: AwsWorker = {
  collect: collectResources,
  probes: {
    // Five is the least that EC2 takes.
    'ec2:DescribeVolumes': ({ session }) =>
      session.client('ec2', EC2Client).send(new DescribeVolumesCommand({ MaxResults: 5 })),
    'ec2:DescribeInstances': ({ session }) =>
      session.client('ec2', EC2Client).send(new DescribeInstancesCommand({ MaxResults: 5 })),
    'elasticfilesystem:DescribeFileSystems': ({ session }) =>
      session.client('elasticfilesystem', EFSClient).send(new DescribeFileSystemsCommand({ MaxItems: 1 })),
    's3:ListAllMyBuckets': ({ session }) =>
      session.client('s3', S3Client).send(new ListBucketsCommand({ MaxBuckets: 1 })),
    'tag:GetResources': ({ session }) => probeTags(session),
    'backup:ListProtectedResources': ({ session }) =>
      backupOf(session).send(new ListProtectedResourcesCommand(one)),
  },
};
