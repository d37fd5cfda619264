import type { KeyMetadata } from '@aws-sdk/client-kms';
import { describe, expect, test } from 'vitest';
import { healthyKeys, keyId, kmsHandlers, type KeyState, metadataOf, ownAccount } from './estate/kms.ts';
import { policyText } from './estate/storage.ts';
import { taggingHandlers } from './estate/tagging.ts';
import { collectFrom, NOW, REGION, WHERE } from './storage-harness.ts';
import { refuse } from './stub.ts';

const SCOPE = `${WHERE.account}:${REGION}`;
const DAY = 86_400;
const at = (days: number) => NOW / 1000 + days * DAY;
const date = (days: number) => new Date(at(days) * 1000);

const handlersOf = (keys: readonly KeyState[], pageSize = 5) => ({
  ...kmsHandlers(() => keys, { now: NOW, pageSize }),
  ...taggingHandlers(
    () => [{ arn: `arn:aws:kms:${REGION}:${WHERE.account}:key/abc`, tags: { owner: 'ops' } }],
    {},
  ),
});
const keyWith = (own: Partial<KeyMetadata>, state: Omit<KeyState, 'metadata'> = {}): KeyState => ({
  metadata: metadataOf(WHERE, NOW, 'abc', own),
  ...state,
});
/** The record of one key, and what was asked about it. */
async function only(own: Partial<KeyMetadata>, state: Omit<KeyState, 'metadata'> = {}) {
  const { records, calls } = await collectFrom(handlersOf([keyWith(own, state)]), 'kms-keys');
  const listings = ['kms:ListKeys', 'kms:ListAliases', 'tag:GetResources'];
  return {
    record: records.get('abc'),
    asked: calls.map(({ operation }) => operation).filter((operation) => !listings.includes(operation)),
  };
}

describe('kms-keys', () => {
  test("tells a key of the organisation's own with its rotation and whom its policy names", async () => {
    const rotation = { KeyRotationEnabled: true, RotationPeriodInDays: 180 };
    const { record, asked } = await only({}, { rotation, aliases: ['alias/zebra', 'alias/data'] });
    expect(record).toEqual({
      id: `aws:${SCOPE}:abc`,
      kind: 'crypto_key',
      source: 'aws',
      scope: SCOPE,
      resource: `arn:aws:kms:${REGION}:${WHERE.account}:key/abc`,
      name: 'alias/data',
      region: REGION,
      managed_by: 'organisation',
      state: 'enabled',
      usage: 'encryption',
      origin: 'vendor',
      rotatable: true,
      rotation_enabled: true,
      rotation_period_days: 180,
      rotated_at: null,
      created_at: at(-400),
      deletion_at: null,
      material_expires: false,
      material_expires_at: null,
      principals: [
        {
          principal: `arn:aws:iam::${WHERE.account}:root`,
          type: 'account',
          account: WHERE.account,
          may_decrypt: true,
          may_administer: true,
          conditioned: false,
        },
      ],
      tags: [{ key: 'owner', value: 'ops' }],
    });
    expect(asked).toEqual(['kms:DescribeKey', 'kms:GetKeyRotationStatus', 'kms:GetKeyPolicy']);
  });

  const byHand = { rotations: [{ RotationDate: date(-30) }, { RotationDate: date(-90) }] };
  test.each<[string, Partial<KeyMetadata>, Omit<KeyState, 'metadata'>, object, number]>([
    [
      "AWS's own",
      { KeyManager: 'AWS' },
      {},
      { managed_by: 'vendor', rotation_enabled: null, principals: [] },
      1,
    ],
    [
      'not rotated',
      {},
      {},
      { rotatable: true, rotation_enabled: false, rotation_period_days: null, rotated_at: at(-400) },
      4,
    ],
    ['rotated by hand', {}, byHand, { rotation_enabled: false, rotated_at: at(-30) }, 4],
    [
      'rotated, without a word on how often',
      {},
      { rotation: { KeyRotationEnabled: true } },
      { rotation_period_days: null },
      3,
    ],
    [
      'for signing',
      { KeyUsage: 'SIGN_VERIFY', KeySpec: 'RSA_2048' },
      {},
      { usage: 'signing', rotatable: false, rotation_enabled: false, rotated_at: at(-400) },
      2,
    ],
    [
      'for message codes',
      { KeyUsage: 'GENERATE_VERIFY_MAC', KeySpec: 'HMAC_256' },
      {},
      { usage: 'mac', rotatable: false },
      2,
    ],
    ['for agreement', { KeyUsage: 'KEY_AGREEMENT', KeySpec: 'ECC_NIST_P256' }, {}, { usage: 'agreement' }, 2],
    [
      'in a store of its own',
      { Origin: 'AWS_CLOUDHSM' },
      {},
      { origin: 'own_store', rotatable: false, rotated_at: at(-400) },
      2,
    ],
    [
      'in a store elsewhere',
      { Origin: 'EXTERNAL_KEY_STORE' },
      {},
      { origin: 'own_store', rotatable: false },
      2,
    ],
    [
      'imported, to expire',
      { Origin: 'EXTERNAL', ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo: date(10) },
      byHand,
      {
        origin: 'imported',
        rotatable: false,
        rotated_at: at(-30),
        material_expires: true,
        material_expires_at: at(10),
      },
      3,
    ],
    [
      'imported, to stay',
      { Origin: 'EXTERNAL', ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' },
      {},
      { material_expires: false },
      3,
    ],
    [
      'imported, without a word on expiry',
      { Origin: 'EXTERNAL' },
      {},
      { material_expires: true, material_expires_at: null },
      3,
    ],
    [
      'about to be deleted',
      { KeyState: 'PendingDeletion', DeletionDate: date(7) },
      {},
      { state: 'pending_deletion', deletion_at: at(7) },
      4,
    ],
    [
      'about to be deleted with its replicas',
      { KeyState: 'PendingReplicaDeletion' },
      {},
      { state: 'pending_deletion' },
      4,
    ],
    ['disabled', { KeyState: 'Disabled' }, {}, { state: 'disabled' }, 4],
    [
      'without its material',
      { KeyState: 'PendingImport', Origin: 'EXTERNAL' },
      {},
      { state: 'pending_import' },
      3,
    ],
    ['out of reach', { KeyState: 'Unavailable' }, {}, { state: 'unavailable' }, 4],
    ['in the making', { KeyState: 'Creating' }, {}, { state: 'other' }, 4],
  ])('%s', async (_, own, state, expected, calls) => {
    const { record, asked } = await only(own, state);
    expect(record).toMatchObject(expected);
    expect(asked).toHaveLength(calls);
  });

  test('a key that was deleted since it was listed is left out', async () => {
    const { records } = await collectFrom(handlersOf([keyWith({}, { gone: true })]), 'kms-keys');
    expect(records.size).toBe(0);
  });

  test('costs three calls a key that is rotated, and pages of listings', async () => {
    const keys = healthyKeys(WHERE, { now: NOW, size: 6 });
    const { calls, records } = await collectFrom(handlersOf(keys, 4), 'kms-keys');
    expect(records.size).toBe(9);
    expect(records.get(keyId(5))).toMatchObject({ name: 'alias/data-5' });
    // Nine keys and eight aliases by four; signing two calls, brought two and one page of rotations, AWS's own one.
    expect(calls).toHaveLength(3 + 2 + 1 + 6 * 3 + 2 + 3 + 1);
  });

  test.each<[string, Partial<KeyMetadata>]>([
    ['a usage that is not known', { KeyUsage: undefined }],
    ['an origin that is not known', { Origin: undefined }],
    ['no manager', { KeyManager: undefined }],
    ['no ARN', { Arn: undefined }],
  ])('%s is refused', async (_, own) => {
    await expect(only(own)).rejects.toMatchObject({
      code: 'malformed',
      message: expect.stringContaining('key abc'),
    });
  });

  test.each(['kms:DescribeKey', 'kms:GetKeyPolicy', 'kms:GetKeyRotationStatus', 'kms:ListKeyRotations'])(
    '%s denied for one key, which is named',
    async (operation) => {
      const denied = {
        ...handlersOf([keyWith({})]),
        [operation]: () => {
          throw refuse('AccessDeniedException');
        },
      };
      await expect(collectFrom(denied, 'kms-keys')).rejects.toMatchObject({
        code: 'denied',
        message: expect.stringContaining(`key abc: ${operation}`),
      });
    },
  );

  test.each([
    'kms:ListKeys',
    'kms:ListAliases',
    'kms:GetKeyPolicy',
    'kms:ListKeyRotations',
    'tag:GetResources',
  ])('%s with an answer that says nothing', async (operation) => {
    const handlers = { ...handlersOf([keyWith({})]), [operation]: () => ({}) };
    await expect(collectFrom(handlers, 'kms-keys')).rejects.toMatchObject({ code: 'malformed' });
  });
});

describe('whom a policy lets use a key', () => {
  const allow = (Principal: unknown, own: object = {}) => ({
    Effect: 'Allow',
    Principal,
    Action: 'kms:Decrypt',
    Resource: '*',
    ...own,
  });
  const when = (operator: string, key: string, value: unknown) =>
    allow('*', { Condition: { [operator]: { [key]: value } } });
  const OTHER = '210987654321';
  const role = `arn:aws:iam::${OTHER}:role/reader`;
  const viaS3 = {
    StringEquals: { 'kms:ViaService': 's3.eu-west-1.amazonaws.com', 'kms:CallerAccount': OTHER },
  };

  test.each<[string, object, object[]]>([
    ['everybody', allow('*'), [{ principal: '*', type: 'everyone', account: '', conditioned: false }]],
    ['everybody of AWS', allow({ AWS: '*' }), [{ type: 'everyone' }]],
    [
      'all but one',
      { ...allow('*'), Principal: undefined, NotPrincipal: { AWS: role } },
      [{ principal: 'NotPrincipal', type: 'everyone' }],
    ],
    [
      'whoever comes by S3',
      when('StringEquals', 'kms:ViaService', 's3.eu-west-1.amazonaws.com'),
      [{ type: 'everyone', conditioned: true }],
    ],
    [
      'an account that comes by S3',
      allow({ AWS: '*' }, { Condition: viaS3 }),
      [{ principal: '*', type: 'account', account: OTHER, conditioned: true }],
    ],
    [
      'an organisation',
      when('StringEquals', 'aws:PrincipalOrgID', 'o-abcdefghij'),
      [{ type: 'principal', account: '' }],
    ],
    [
      'sources of which one names no account',
      when('ArnLike', 'aws:SourceArn', ['arn:aws:s3:::records', `arn:aws:sns:*:${OTHER}:*`]),
      [{ type: 'principal', account: '' }],
    ],
    [
      'two accounts',
      when('StringEquals', 'kms:CallerAccount', [OTHER, WHERE.account]),
      [{ account: OTHER }, { account: WHERE.account }],
    ],
    [
      'an account by its root',
      allow({ AWS: `arn:aws:iam::${OTHER}:root` }),
      [{ type: 'account', account: OTHER }],
    ],
    [
      'an account by its number',
      allow({ AWS: OTHER }),
      [{ principal: OTHER, type: 'account', account: OTHER }],
    ],
    ['a role', allow({ AWS: role }), [{ principal: role, type: 'principal', account: OTHER }]],
    ['somebody who is gone', allow({ AWS: 'AIDACKCEVSQ6C2EXAMPLE' }), [{ type: 'principal', account: '' }]],
    ['a service', allow({ Service: 'logs.amazonaws.com' }), [{ type: 'service', account: '' }]],
    [
      'a provider',
      allow({ Federated: `arn:aws:iam::${OTHER}:saml-provider/idp` }),
      [{ type: 'federated', account: OTHER }],
    ],
    ['nobody, by a denial', allow('*', { Effect: 'Deny' }), []],
  ])('%s', async (_, entry, expected) => {
    const { record } = await only({}, { policy: policyText(entry) });
    expect(record).toMatchObject({ principals: expected });
  });

  test.each<[string, object, boolean, boolean]>([
    ['looking at it', { Action: ['kms:DescribeKey', 'kms:Encrypt'] }, false, false],
    ['decryption', { Action: 'kms:decrypt' }, true, false],
    ['decryption among what begins alike', { Action: 'kms:De*' }, true, true],
    ['encryption anew', { Action: 'kms:ReEncrypt*' }, true, false],
    ['giving it to others', { Action: 'kms:CreateGrant' }, true, false],
    ['its policy', { Action: 'kms:Put*' }, false, true],
    ['its deletion', { Action: 'kms:ScheduleKeyDeletion' }, false, true],
    ['all but its policy', { Action: undefined, NotAction: 'kms:PutKeyPolicy' }, true, true],
    ['all but what matters', { Action: undefined, NotAction: 'kms:*' }, false, false],
  ])('for %s', async (_, own, may_decrypt, may_administer) => {
    const { record } = await only({}, { policy: policyText(allow({ AWS: role }, own)) });
    expect(record).toMatchObject({ principals: [{ may_decrypt, may_administer }] });
  });

  test('what several statements give to one is told together, but what a condition narrows apart', async () => {
    const policy = policyText(
      ownAccount(WHERE),
      allow({ AWS: role }),
      allow({ AWS: role }, { Action: 'kms:PutKeyPolicy' }),
      allow({ AWS: role }, { Condition: { Bool: { 'kms:GrantIsForAWSResource': 'true' } } }),
    );
    const { record } = await only({}, { policy });
    expect(record).toMatchObject({
      principals: [
        { type: 'account', account: WHERE.account },
        { principal: role, may_decrypt: true, may_administer: true, conditioned: false },
        { principal: role, may_decrypt: true, may_administer: false, conditioned: true },
      ],
    });
  });
});
