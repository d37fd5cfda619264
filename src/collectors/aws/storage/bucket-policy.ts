import { opensToEveryone, refusesPlain, type Statement } from '../resource-policy.ts';
import type { PublicAccessBlock } from './public-access-block.ts';

/** By these a bucket leaves it to access points who may do what, and theirs are other policies. */
const DELEGATING = ['s3:dataaccesspointaccount', 's3:dataaccesspointarn'];

/**
 * Whether everybody may reach the bucket or what is in it. Null: its policy doesn't say so, but ACLs or access points, which are not read,
 * might.
 */
export function isPublic(policy: readonly Statement[], block: PublicAccessBlock): boolean | null {
  if (!block.RestrictPublicBuckets) {
    if (opensToEveryone(policy, DELEGATING)) return true;
    if (opensToEveryone(policy)) return null;
  }
  return block.IgnorePublicAcls ? false : null;
}

/** Whether the policy denies everybody every operation on the bucket and its objects over a connection that isn't encrypted. */
export function refusesPlainTransport(policy: readonly Statement[], arn: string): boolean {
  return refusesPlain(policy, ['s3:*'], [arn, `${arn}/*`]);
}
