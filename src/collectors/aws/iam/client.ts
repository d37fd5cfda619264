import { IAMClient } from '@aws-sdk/client-iam';
import type { Session } from '../session.ts';

/** IAM is global: every region's endpoint is the partition's own. */
export function iamOf(session: Session): IAMClient {
  return session.client('iam', IAMClient);
}
