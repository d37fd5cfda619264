import type { Work } from '../dataset.ts';

/** `aws`, `aws-cn`, `aws-us-gov`: where the caller is, all it asks about is. */
export function partitionOf({ session }: Pick<Work, 'session'>): string {
  return session.caller.split(':')[1] ?? 'aws';
}

/**
 * The ARN of a key by the key's id, ARN or alias as a service's setting has it; empty for the key that AWS keeps for the service. An alias stays
 * one: which key it stands for is told by the key's own account.
 */
export function keyArn(work: Pick<Work, 'session' | 'account'>, region: string, key: string): string {
  if (key === '' || /(^|:)alias\/aws\//.test(key)) return '';
  if (key.startsWith('arn:')) return key;
  const tail = key.startsWith('alias/') || key.startsWith('key/') ? key : `key/${key}`;
  return `arn:${partitionOf(work)}:kms:${region}:${work.account.id}:${tail}`;
}
