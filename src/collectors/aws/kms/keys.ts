import {
  type AliasListEntry,
  DescribeKeyCommand,
  GetKeyPolicyCommand,
  GetKeyRotationStatusCommand,
  type KeyListEntry,
  KMSClient,
  ListAliasesCommand,
  type ListAliasesResponse,
  ListKeyRotationsCommand,
  type ListKeyRotationsResponse,
  ListKeysCommand,
  type ListKeysResponse,
  type RotationsListEntry,
} from '@aws-sdk/client-kms';
import { z } from 'zod';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { CryptoKeyRecord } from '../../../inventory/kinds/crypto-key.ts';
import { CollectorError } from '../../error.ts';
import { ahead } from '../../ahead.ts';
import { common, type Work } from '../dataset.ts';
import { marker, pages } from '../../pages.ts';
import { listed, moment, read } from '../../read.ts';
import { policyOf } from '../resource-policy.ts';
import { type Tags, tagsOf } from '../tagged.ts';
import { refusedAs } from '../storage/errors.ts';
import { holdersOf } from './key-policy.ts';

export const kmsOf = ({ session }: Pick<Work, 'session'>): KMSClient => session.client('kms', KMSClient);

interface Named {
  readonly tags: ReadonlyMap<string, Tags>;
  /** By the key's id. */
  readonly aliases: ReadonlyMap<string, string>;
}

/**
 * Every key of the region: one call each, and for a key of the organisation's own its policy, the state of its rotation where it can have one,
 * and the rotations made by hand where they are the only ones. What a vendor's key allows is the vendor's to say.
 */
export async function* collectKeys(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const known: Named = {
    tags: await tagsOf(work.session, 'kms:key'),
    aliases: await aliasesOf(work),
  };
  const records = ahead(keyIds(work), 8, (id) => unlessGone(id, () => recordOf(work, id, known)));
  for await (const record of records) if (record !== undefined) yield record;
}

interface Page {
  readonly Truncated?: boolean | undefined;
  readonly NextMarker?: string | undefined;
}

const nextOf =
  (operation: string) =>
  ({ Truncated: IsTruncated, NextMarker: Marker }: Page): string | undefined =>
    marker(operation, { IsTruncated, Marker });

async function* keyIds(work: Work): AsyncGenerator<string, void, undefined> {
  const operation = 'kms:ListKeys';
  const fetch = (token: string | undefined) =>
    work.session.call(operation, (options) =>
      kmsOf(work).send(new ListKeysCommand({ Limit: 1000, Marker: token }), options),
    );
  for await (const page of pages<ListKeysResponse>(operation, fetch, nextOf(operation)))
    for (const { KeyId } of listed<KeyListEntry>(operation, 'Keys', page.Keys))
      yield read(operation, 'a key', z.string().min(1), KeyId);
}

/** An alias without a key is one that AWS keeps until a service makes its key. */
async function aliasesOf(work: Work): Promise<ReadonlyMap<string, string>> {
  const operation = 'kms:ListAliases';
  const aliases = new Map<string, string>();
  const fetch = (token: string | undefined) =>
    work.session.call(operation, (options) =>
      kmsOf(work).send(new ListAliasesCommand({ Limit: 100, Marker: token }), options),
    );
  for await (const page of pages<ListAliasesResponse>(operation, fetch, nextOf(operation)))
    for (const { AliasName, TargetKeyId } of listed<AliasListEntry>(operation, 'Aliases', page.Aliases)) {
      const name = read(operation, 'an alias', z.string().min(1), AliasName);
      const first = TargetKeyId === undefined ? undefined : aliases.get(TargetKeyId);
      if (TargetKeyId !== undefined && (first === undefined || name < first)) aliases.set(TargetKeyId, name);
    }
  return aliases;
}

/** Undefined: the key was deleted since it was listed. Any other failure names the key. */
async function unlessGone<T>(id: string, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (refusedAs(error, 'NotFoundException')) return undefined;
    if (!(error instanceof CollectorError)) throw error;
    throw new CollectorError(error.code, `key ${id}: ${error.message}`, { cause: error.cause });
  }
}

const metadata = z.object({
  KeyId: z.string().min(1),
  Arn: z.string().min(1),
  CreationDate: moment,
  KeyManager: z.enum(['AWS', 'CUSTOMER']),
  KeyState: z.string().min(1),
  KeyUsage: z.enum([
    'ENCRYPT_DECRYPT',
    'SIGN_VERIFY',
    'GENERATE_VERIFY_MAC',
    'KEY_AGREEMENT',
    'ENCAPSULATE_DECAPSULATE',
  ]),
  KeySpec: z.string().min(1),
  Origin: z.enum(['AWS_KMS', 'EXTERNAL', 'AWS_CLOUDHSM', 'EXTERNAL_KEY_STORE']),
  ExpirationModel: z.string().optional(),
  ValidTo: moment.optional(),
  DeletionDate: moment.optional(),
});
type Metadata = z.infer<typeof metadata>;

const USAGE = {
  ENCRYPT_DECRYPT: 'encryption',
  SIGN_VERIFY: 'signing',
  GENERATE_VERIFY_MAC: 'mac',
  KEY_AGREEMENT: 'agreement',
  ENCAPSULATE_DECAPSULATE: 'agreement',
} as const satisfies Record<Metadata['KeyUsage'], CryptoKeyRecord['usage']>;

const ORIGIN = {
  AWS_KMS: 'vendor',
  EXTERNAL: 'imported',
  AWS_CLOUDHSM: 'own_store',
  EXTERNAL_KEY_STORE: 'own_store',
} as const satisfies Record<Metadata['Origin'], CryptoKeyRecord['origin']>;

const STATE: Readonly<Record<string, CryptoKeyRecord['state']>> = {
  Enabled: 'enabled',
  Disabled: 'disabled',
  PendingDeletion: 'pending_deletion',
  PendingReplicaDeletion: 'pending_deletion',
  PendingImport: 'pending_import',
  Unavailable: 'unavailable',
};

async function recordOf(work: Work, id: string, { tags, aliases }: Named): Promise<CryptoKeyRecord> {
  const operation = 'kms:DescribeKey';
  const { KeyMetadata } = await work.session.call(operation, (options) =>
    kmsOf(work).send(new DescribeKeyCommand({ KeyId: id }), options),
  );
  const told = read(operation, `key ${id}`, metadata, KeyMetadata);
  const own = told.KeyManager === 'CUSTOMER';
  return {
    ...common(work, 'crypto_key', told.KeyId),
    resource: told.Arn,
    name: aliases.get(told.KeyId) ?? told.KeyId,
    region: work.region,
    managed_by: own ? 'organisation' : 'vendor',
    state: STATE[told.KeyState] ?? 'other',
    usage: USAGE[told.KeyUsage],
    origin: ORIGIN[told.Origin],
    ...(own ? await rotationOf(work, told) : VENDORS),
    created_at: told.CreationDate,
    deletion_at: told.DeletionDate ?? null,
    material_expires: told.Origin === 'EXTERNAL' && told.ExpirationModel !== 'KEY_MATERIAL_DOES_NOT_EXPIRE',
    material_expires_at: told.ValidTo ?? null,
    principals: own ? await principalsOf(work, id) : [],
    tags: tags.get(told.Arn) ?? [],
  };
}

type Rotation = Pick<
  CryptoKeyRecord,
  'rotatable' | 'rotation_enabled' | 'rotation_period_days' | 'rotated_at'
>;

/** AWS rotates its own keys, and tells nothing of it. */
const VENDORS: Rotation = {
  rotatable: true,
  rotation_enabled: null,
  rotation_period_days: null,
  rotated_at: null,
};

const rotation = z.object({
  KeyRotationEnabled: z.boolean(),
  RotationPeriodInDays: z.int().positive().optional(),
});

/**
 * KMS rotates symmetric keys of its own making by itself, and those whose material was imported when told to; others never.
 * https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html
 */
async function rotationOf(work: Work, told: Metadata): Promise<Rotation> {
  const none = { rotatable: false, rotation_enabled: false, rotation_period_days: null };
  if (told.KeySpec !== 'SYMMETRIC_DEFAULT' || ORIGIN[told.Origin] === 'own_store')
    return { ...none, rotated_at: told.CreationDate };
  if (told.Origin === 'EXTERNAL') return { ...none, rotated_at: await lastRotation(work, told) };
  const operation = 'kms:GetKeyRotationStatus';
  const answer = await work.session.call(operation, (options) =>
    kmsOf(work).send(new GetKeyRotationStatusCommand({ KeyId: told.KeyId }), options),
  );
  const { KeyRotationEnabled: enabled, RotationPeriodInDays: days } = read(
    operation,
    `key ${told.KeyId}`,
    rotation,
    answer,
  );
  return {
    rotatable: true,
    rotation_enabled: enabled,
    rotation_period_days: enabled ? (days ?? null) : null,
    // Not asked where KMS does it by itself.
    rotated_at: enabled ? null : await lastRotation(work, told),
  };
}

/** The last rotation, else the making of the key. */
async function lastRotation(work: Work, { KeyId, CreationDate }: Metadata): Promise<number> {
  const operation = 'kms:ListKeyRotations';
  let last = CreationDate;
  const fetch = (token: string | undefined) =>
    work.session.call(operation, (options) =>
      kmsOf(work).send(new ListKeyRotationsCommand({ KeyId, Limit: 1000, Marker: token }), options),
    );
  for await (const page of pages<ListKeyRotationsResponse>(operation, fetch, nextOf(operation)))
    for (const { RotationDate } of listed<RotationsListEntry>(operation, 'Rotations', page.Rotations))
      last = Math.max(last, read(operation, `key ${KeyId}`, moment, RotationDate));
  return last;
}

async function principalsOf(work: Work, id: string): Promise<CryptoKeyRecord['principals']> {
  const operation = 'kms:GetKeyPolicy';
  const { Policy } = await work.session.call(operation, (options) =>
    kmsOf(work).send(new GetKeyPolicyCommand({ KeyId: id, PolicyName: 'default' }), options),
  );
  return holdersOf(policyOf(Policy ?? '', `${operation}: ${id}`));
}
