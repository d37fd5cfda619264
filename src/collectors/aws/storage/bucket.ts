import {
  GetBucketEncryptionCommand,
  GetBucketLoggingCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  GetPublicAccessBlockCommand,
} from '@aws-sdk/client-s3';
import { z } from 'zod';
import type { DataStoreRecord } from '../../../inventory/kinds/data-store.ts';
import type { Work } from '../dataset.ts';
import { read } from '../../read.ts';
import { policyOf, type Statement } from '../resource-policy.ts';
import { keyArn, partitionOf } from './arn.ts';
import { refusesPlainTransport } from './bucket-policy.ts';
import { named } from './errors.ts';
import { type PublicAccessBlock, isFull, NO_BLOCK, readBlock } from './public-access-block.ts';
import { bucketsOf } from './s3-client.ts';

/** What is asked about one bucket. */
export interface BucketFacts {
  readonly policy: readonly Statement[];
  readonly transportEncrypted: boolean;
  readonly encryption: Pick<DataStoreRecord, 'encrypted' | 'encryption_key' | 'customer_key'>;
  /** The bucket's own; none where it wasn't asked because the account's is full. */
  readonly block: PublicAccessBlock;
  readonly accessLogged: boolean;
  /** Null: not asked. */
  readonly versioned: boolean | null;
  readonly immutable: boolean;
}

interface Where {
  readonly Name: string;
  readonly BucketRegion: string;
}

/** One bucket's operations: each is sent to the bucket's region. */
interface Asked extends Work {
  readonly bucket: string;
  readonly home: string;
}

/**
 * Asks about a bucket by five calls at most: its policy, encryption and logging, and two more.
 *
 * Where the account's block is full, the bucket's own adds nothing: versioning is asked, and the lock only where there is versioning, without
 * which there can be none. Elsewhere the bucket's block is asked and then the lock, which implies versioning; that a bucket without a lock is
 * versioned would be a sixth call, and stays unknown.
 */
export async function bucketFacts(
  work: Work,
  { Name: bucket, BucketRegion: home }: Where,
  account: PublicAccessBlock,
): Promise<BucketFacts> {
  const asked: Asked = { ...work, bucket, home };
  const policy = await policyOfBucket(asked);
  return {
    policy,
    transportEncrypted: refusesPlainTransport(policy, `arn:${partitionOf(work)}:s3:::${bucket}`),
    encryption: await encryptionOf(asked),
    accessLogged: await isLogged(asked),
    ...(isFull(account) ? await historyFirst(asked) : await blockFirst(asked)),
  };
}

type Rest = Pick<BucketFacts, 'block' | 'versioned' | 'immutable'>;

async function historyFirst(asked: Asked): Promise<Rest> {
  const versioned = await isVersioned(asked);
  return { block: NO_BLOCK, versioned, immutable: versioned && (await lockOf(asked)).immutable };
}

async function blockFirst(asked: Asked): Promise<Rest> {
  const block = await blockOf(asked);
  const { enabled, immutable } = await lockOf(asked);
  return { block, versioned: enabled ? true : null, immutable };
}

async function policyOfBucket({ session, bucket, home }: Asked): Promise<readonly Statement[]> {
  const operation = 's3:GetBucketPolicy';
  const answer = await session.call(operation, (options) =>
    named('NoSuchBucketPolicy', () =>
      bucketsOf(session, home).send(new GetBucketPolicyCommand({ Bucket: bucket }), options),
    ),
  );
  return answer === undefined ? [] : policyOf(answer.Policy ?? '', `${operation}: ${bucket}`);
}

const encryption = z.object({
  Rules: z
    .array(
      z.object({
        ApplyServerSideEncryptionByDefault: z.object({
          SSEAlgorithm: z.string().min(1),
          KMSMasterKeyID: z.string().optional(),
        }),
      }),
    )
    .length(1),
});

async function encryptionOf(asked: Asked): Promise<BucketFacts['encryption']> {
  const { session, bucket, home } = asked;
  const operation = 's3:GetBucketEncryption';
  const answer = await session.call(operation, (options) =>
    named('ServerSideEncryptionConfigurationNotFoundError', () =>
      bucketsOf(session, home).send(new GetBucketEncryptionCommand({ Bucket: bucket }), options),
    ),
  );
  if (answer === undefined) return { encrypted: false, encryption_key: '', customer_key: false };
  const { Rules } = read(operation, bucket, encryption, answer.ServerSideEncryptionConfiguration);
  const { SSEAlgorithm: algorithm, KMSMasterKeyID: key = '' } = Rules[0]!.ApplyServerSideEncryptionByDefault;
  if (algorithm === 'AES256') return { encrypted: true, encryption_key: '', customer_key: false };
  if (!/^aws:kms(:dsse)?$/.test(algorithm))
    return { encrypted: null, encryption_key: '', customer_key: null };
  const encryption_key = keyArn(asked, home, key);
  // A key named by its id or ARN may be one of AWS's own for S3: the key itself tells.
  return { encrypted: true, encryption_key, customer_key: encryption_key === '' ? false : null };
}

const logging = z.object({ TargetBucket: z.string().min(1) });

async function isLogged({ session, bucket, home }: Asked): Promise<boolean> {
  const operation = 's3:GetBucketLogging';
  const { LoggingEnabled } = await session.call(operation, (options) =>
    bucketsOf(session, home).send(new GetBucketLoggingCommand({ Bucket: bucket }), options),
  );
  return LoggingEnabled !== undefined && read(operation, bucket, logging, LoggingEnabled) !== undefined;
}

/** Absent: versioning was never switched on. */
const versioning = z.enum(['Enabled', 'Suspended']).optional();

async function isVersioned({ session, bucket, home }: Asked): Promise<boolean> {
  const operation = 's3:GetBucketVersioning';
  const { Status } = await session.call(operation, (options) =>
    bucketsOf(session, home).send(new GetBucketVersioningCommand({ Bucket: bucket }), options),
  );
  return read(operation, bucket, versioning, Status) === 'Enabled';
}

async function blockOf({ session, bucket, home }: Asked): Promise<PublicAccessBlock> {
  const answer = await session.call('s3:GetPublicAccessBlock', (options) =>
    named('NoSuchPublicAccessBlockConfiguration', () =>
      bucketsOf(session, home).send(new GetPublicAccessBlockCommand({ Bucket: bucket }), options),
    ),
  );
  return answer === undefined ? NO_BLOCK : readBlock(bucket, answer.PublicAccessBlockConfiguration);
}

const lock = z.object({
  ObjectLockEnabled: z.literal('Enabled'),
  Rule: z
    .object({
      DefaultRetention: z.object({ Mode: z.enum(['COMPLIANCE', 'GOVERNANCE']).optional() }).optional(),
    })
    .optional(),
});

interface Lock {
  readonly enabled: boolean;
  /**
   * Whether what is written is locked without being asked for, and for everybody: governance mode may be overridden by those who are given the
   * right, and without a default the writer decides.
   */
  readonly immutable: boolean;
}

async function lockOf({ session, bucket, home }: Asked): Promise<Lock> {
  const operation = 's3:GetObjectLockConfiguration';
  const answer = await session.call(operation, (options) =>
    named('ObjectLockConfigurationNotFoundError', () =>
      bucketsOf(session, home).send(new GetObjectLockConfigurationCommand({ Bucket: bucket }), options),
    ),
  );
  if (answer === undefined) return { enabled: false, immutable: false };
  const { Rule } = read(operation, bucket, lock, answer.ObjectLockConfiguration);
  return { enabled: true, immutable: Rule?.DefaultRetention?.Mode === 'COMPLIANCE' };
}
