import type { InventoryRecord } from '../../inventory/kind.ts';
import type { CollectorContext, DatasetSpec, Provenance } from '../contract.ts';
import type { AwsAccount, AwsConfig } from './config.ts';
import type { Session } from './session.ts';

/**
 * A dataset of AWS. What is told of it is data, so that policies, manifests and documents can be made without the SDK; `load` brings the code.
 *
 * `operations` and `permissions` bear IAM's prefix of the service: `s3:GetBucketEncryption` is called, `s3:GetEncryptionConfiguration` permits
 * it. STS is left out of `permissions`: asking who one is needs none, and assuming a role is allowed by the role.
 */
export interface AwsDataset extends DatasetSpec {
  /**
   * What one scope of it is: an account, an account in one region, the account from which the organisation is listed, the account that runs
   * Identity Center.
   */
  readonly per: 'account' | 'region' | 'organization' | 'identity-center';
  readonly load: () => Promise<AwsWorker>;
}

export interface AwsWorker {
  /** Every record of the dataset in the scope, or rejects. Its as-of time is the earliest answer's unless it sets one. */
  collect(work: Work): AsyncIterable<InventoryRecord>;
  /** By permission: calls it for as little as it can give. A permission without a probe can't be tried without an effect. */
  readonly probes: Readonly<Record<string, (work: Work) => Promise<unknown>>>;
}

/** One dataset in one scope. */
export interface Work {
  readonly session: Session;
  readonly account: AwsAccount;
  /** The scope's region; for what lies in none, the region whose endpoints are asked. */
  readonly region: string;
  /** `<account>` or `<account>:<region>`: the scope of every record. */
  readonly scope: string;
  readonly config: AwsConfig;
  readonly context: CollectorContext;
  readonly provenance: Provenance;
}

/** What every record of a scope begins with. `native` is immutable, and like no other in the scope's dataset, of whatever kind. */
export function common<const Kind extends string>(
  { scope }: Pick<Work, 'scope'>,
  kind: Kind,
  native: string,
) {
  return { id: `aws:${scope}:${native}`, kind, source: 'aws', scope };
}

/** What every call of a collection in a named account or region of AWS needs. */
export const ALWAYS = ['sts:AssumeRole', 'sts:GetCallerIdentity'] as const;
