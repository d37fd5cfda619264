import { z } from 'zod';
import type { Work } from '../dataset.ts';

const text = z.string().optional();

/** What a finding is about, without names, addresses and tags. */
export const findingResource = z.object({
  ResourceType: text,
  AccessKeyDetails: z.object({ AccessKeyId: text }).optional(),
  S3BucketDetails: z.array(z.object({ Arn: text })).optional(),
  InstanceDetails: z.object({ InstanceId: text }).optional(),
  EksClusterDetails: z.object({ Arn: text }).optional(),
  EcsClusterDetails: z.object({ Arn: text }).optional(),
  LambdaDetails: z.object({ FunctionArn: text }).optional(),
  RdsDbInstanceDetails: z.object({ DbInstanceArn: text }).optional(),
  RdsLimitlessDbDetails: z.object({ DbShardGroupArn: text }).optional(),
  EbsSnapshotDetails: z.object({ SnapshotArn: text }).optional(),
  Ec2ImageDetails: z.object({ ImageArn: text }).optional(),
  RecoveryPointDetails: z.object({ RecoveryPointArn: text }).optional(),
});

/** Its ARN, or the id of an access key; empty: the finding is about nothing that has either. */
export function resourceOf(about: z.output<typeof findingResource>, work: Work): string {
  const instance = about.InstanceDetails?.InstanceId;
  const known = [
    about.S3BucketDetails?.[0]?.Arn,
    about.LambdaDetails?.FunctionArn,
    about.RdsDbInstanceDetails?.DbInstanceArn,
    about.RdsLimitlessDbDetails?.DbShardGroupArn,
    about.EbsSnapshotDetails?.SnapshotArn,
    about.Ec2ImageDetails?.ImageArn,
    about.RecoveryPointDetails?.RecoveryPointArn,
    instance === undefined ? undefined : instanceArn(instance, work),
    about.EksClusterDetails?.Arn,
    about.EcsClusterDetails?.Arn,
    about.AccessKeyDetails?.AccessKeyId,
  ];
  return known.find((name) => name !== undefined && name !== '') ?? '';
}

/** The ARN of a machine that is told by its id alone. */
export function instanceArn(id: string, { session, region, account }: Work): string {
  const partition = session.caller.split(':')[1] ?? 'aws';
  return `arn:${partition}:ec2:${region}:${account.id}:instance/${id}`;
}
