import { z } from 'zod';
import { read } from '../../read.ts';

const schema = z.object({
  BlockPublicAcls: z.boolean(),
  IgnorePublicAcls: z.boolean(),
  BlockPublicPolicy: z.boolean(),
  RestrictPublicBuckets: z.boolean(),
});

/** The four settings of an account or a bucket. */
export type PublicAccessBlock = z.infer<typeof schema>;

export const NO_BLOCK: PublicAccessBlock = {
  BlockPublicAcls: false,
  IgnorePublicAcls: false,
  BlockPublicPolicy: false,
  RestrictPublicBuckets: false,
};

export function readBlock(of: string, value: unknown): PublicAccessBlock {
  return read('s3:GetPublicAccessBlock', of, schema, value);
}

/** What holds for a bucket: each setting that either of the two has. */
export function together(account: PublicAccessBlock, bucket: PublicAccessBlock): PublicAccessBlock {
  return {
    BlockPublicAcls: account.BlockPublicAcls || bucket.BlockPublicAcls,
    IgnorePublicAcls: account.IgnorePublicAcls || bucket.IgnorePublicAcls,
    BlockPublicPolicy: account.BlockPublicPolicy || bucket.BlockPublicPolicy,
    RestrictPublicBuckets: account.RestrictPublicBuckets || bucket.RestrictPublicBuckets,
  };
}

export function isFull(block: PublicAccessBlock): boolean {
  return Object.values(block).every(Boolean);
}
