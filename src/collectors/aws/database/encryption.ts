import type { DataStoreRecord } from '../../../inventory/kinds/data-store.ts';
import type { Work } from '../dataset.ts';
import { keyArn } from '../storage/arn.ts';

interface Told {
  readonly StorageEncrypted?: boolean | undefined;
  readonly StorageEncryptionType?: string | undefined;
  readonly KmsKeyId?: string | undefined;
}

/**
 * What RDS says of encryption at rest. `StorageEncrypted` is false, too, for what a key encrypts that RDS owns; then the type says `sse-rds`.
 * Whether a KMS key is the customer's or managed by AWS, RDS doesn't tell: the key itself does.
 */
export function encryption(
  work: Work,
  { StorageEncrypted: flag, StorageEncryptionType: type, KmsKeyId: key = '' }: Told,
): Pick<DataStoreRecord, 'encrypted' | 'encryption_key' | 'customer_key'> {
  if (type === 'sse-rds') return { encrypted: true, encryption_key: '', customer_key: false };
  if (flag === true || type === 'sse-kms')
    return { encrypted: true, encryption_key: keyArn(work, work.region, key), customer_key: null };
  const none = flag === false && (type === undefined || type === 'none');
  return { encrypted: none ? false : null, encryption_key: '', customer_key: none ? false : null };
}
