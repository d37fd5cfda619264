import type { AliasListEntry, KeyMetadata, RotationsListEntry } from '@aws-sdk/client-kms';
import { type Asked, type Handlers, refuse } from '../stub.ts';
import { type EstateOptions, pageOf } from './options.ts';
import { policyText } from './storage.ts';

const DAY = 86_400_000;
type Where = Pick<Asked, 'account' | 'region'>;

/** What KMS says of one key. */
export interface KeyState {
  readonly metadata: KeyMetadata;
  /** As text; absent: the account itself, and nobody else. */
  readonly policy?: string;
  readonly rotation?: { readonly KeyRotationEnabled: boolean; readonly RotationPeriodInDays?: number };
  readonly rotations?: readonly RotationsListEntry[];
  readonly aliases?: readonly string[];
  /** Deleted since it was listed. */
  readonly gone?: boolean;
}

/** The keys that other families name. */
const NAMED = ['1234abcd-12ab-34cd-56ef-1234567890ab', '11111111-2222-3333-4444-555555555555'];

export const keyId = (number: number): string =>
  NAMED[number] ?? `1234abcd-12ab-34cd-56ef-${String(number).padStart(12, '0')}`;

export const metadataOf = (
  { account, region }: Where,
  now: number,
  id: string,
  own: Partial<KeyMetadata> = {},
): KeyMetadata => ({
  AWSAccountId: account,
  KeyId: id,
  Arn: `arn:aws:kms:${region}:${account}:key/${id}`,
  CreationDate: new Date(now - 400 * DAY),
  Enabled: true,
  KeyManager: 'CUSTOMER',
  KeyState: 'Enabled',
  KeyUsage: 'ENCRYPT_DECRYPT',
  KeySpec: 'SYMMETRIC_DEFAULT',
  Origin: 'AWS_KMS',
  MultiRegion: false,
  ...own,
});

export const ownAccount = ({ account }: Where): object => ({
  Sid: 'Account',
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${account}:root` },
  Action: 'kms:*',
  Resource: '*',
});

/** `size` keys that are rotated each year, one for signing, one of imported material that was rotated by hand, and AWS's own for EBS. */
export function healthyKeys(where: Where, { now, size = 12 }: EstateOptions): readonly KeyState[] {
  const rotation = { KeyRotationEnabled: true, RotationPeriodInDays: 365 };
  const plain = Array.from({ length: size }, (_, index) => ({
    metadata: metadataOf(where, now, keyId(index)),
    rotation,
    aliases: [`alias/data-${index}`],
  }));
  const signing = metadataOf(where, now, 'signing', { KeyUsage: 'SIGN_VERIFY', KeySpec: 'ECC_NIST_P256' });
  const brought = metadataOf(where, now, 'brought', {
    Origin: 'EXTERNAL',
    ExpirationModel: 'KEY_MATERIAL_EXPIRES',
    ValidTo: new Date(now + 200 * DAY),
  });
  const vendors = metadataOf(where, now, 'vendors', { KeyManager: 'AWS' });
  const rotations = [100, 200, 300].map((days) => ({
    KeyId: 'brought',
    RotationDate: new Date(now - days * DAY),
  }));
  return [
    ...plain,
    { metadata: signing },
    { metadata: brought, rotations },
    { metadata: vendors, aliases: ['alias/aws/ebs'] },
  ];
}

export function kmsEstate(options: EstateOptions): Handlers {
  return kmsHandlers((where) => healthyKeys(where, options), options);
}

interface Page {
  readonly Marker?: string;
}
type About = Page & { readonly KeyId?: string };

/** What KMS answers of the keys that `keysOf` says that there are. */
export function kmsHandlers(
  keysOf: (where: Where) => readonly KeyState[],
  { pageSize = 5 }: EstateOptions,
): Handlers {
  const find = ({ KeyId }: About, where: Where): KeyState => {
    const found = keysOf(where).find(({ metadata }) => metadata.KeyId === KeyId);
    if (found === undefined || found.gone === true) throw refuse('NotFoundException', 400);
    return found;
  };
  const paged = <T>(name: string, all: readonly T[], { Marker }: Page, missing: boolean) => {
    const { items, next } = pageOf(all, pageSize, Marker, missing);
    return { [name]: items, Truncated: next !== undefined, NextMarker: next };
  };
  return {
    'kms:ListKeys': (input: Page, { missing, ...where }: Asked) =>
      paged(
        'Keys',
        keysOf(where).map(({ metadata }) => ({ KeyId: metadata.KeyId, KeyArn: metadata.Arn })),
        input,
        missing,
      ),
    'kms:ListAliases': (input: Page, { missing, ...where }: Asked) => {
      const aliases: AliasListEntry[] = keysOf(where).flatMap(({ metadata, aliases: names = [] }) =>
        names.map((AliasName) => ({ AliasName, TargetKeyId: metadata.KeyId })),
      );
      return paged('Aliases', [{ AliasName: 'alias/aws/unused' }, ...aliases], input, missing);
    },
    'kms:DescribeKey': (input: About, where: Asked) => ({ KeyMetadata: find(input, where).metadata }),
    'kms:GetKeyPolicy': (input: About, where: Asked) => ({
      PolicyName: 'default',
      Policy: find(input, where).policy ?? policyText(ownAccount(where)),
    }),
    'kms:GetKeyRotationStatus': (input: About, where: Asked) => ({
      KeyId: input.KeyId,
      ...(find(input, where).rotation ?? { KeyRotationEnabled: false }),
    }),
    'kms:ListKeyRotations': (input: About, { missing, ...where }: Asked) =>
      paged('Rotations', find(input, where).rotations ?? [], input, missing),
  };
}
