import { describe, expect, test } from 'vitest';
import { opensToEveryone, policyOf, refusesPlain } from '../../../src/collectors/aws/resource-policy.ts';
import { isPublic, refusesPlainTransport } from '../../../src/collectors/aws/storage/bucket-policy.ts';
import { ALL_BLOCKED, policyText, refusePlain } from './estate/storage.ts';

const ARN = 'arn:aws:s3:::records';
const statements = (...entries: readonly object[]) => policyOf(policyText(...entries), 'a policy');
const deny = (own: object) => ({ ...refusePlain('records'), ...own });

describe('a bucket refuses what is not encrypted', () => {
  test.each<[string, object[]]>([
    ['by one statement for the bucket and all in it', [refusePlain('records')]],
    ['with a wildcard over both', [deny({ Resource: `${ARN}*` })]],
    ['over everything', [deny({ Resource: '*', Action: '*' })]],
    ['named as everybody of AWS', [deny({ Principal: { AWS: '*' } })]],
    ['with a boolean for a value', [deny({ Condition: { Bool: { 'aws:SecureTransport': false } } })]],
    ['by a list of one', [deny({ Condition: { BoolIfExists: { 'aws:securetransport': ['false'] } } })]],
    ['in two halves', [deny({ Resource: ARN }), deny({ Resource: [`${ARN}/*`] })]],
    ['among other actions', [deny({ Action: ['s3:GetObject', 'S3:*'] })]],
    [
      'by the version of TLS, which is absent without TLS',
      [deny({ Condition: { NumericLessThanIfExists: { 's3:TlsVersion': '1.2' } } })],
    ],
  ])('%s', (_, entries) => {
    expect(refusesPlainTransport(statements(...entries), ARN)).toBe(true);
  });

  test.each<[string, object[]]>([
    ['no statement', []],
    [
      'an allowance for what is encrypted',
      [deny({ Effect: 'Allow', Condition: { Bool: { 'aws:SecureTransport': 'true' } } })],
    ],
    ['the wrong way round', [deny({ Condition: { Bool: { 'aws:SecureTransport': 'true' } } })]],
    ['both ways', [deny({ Condition: { Bool: { 'aws:SecureTransport': ['true', 'false'] } } })]],
    ['objects alone', [deny({ Resource: `${ARN}/*` })]],
    ['the bucket alone', [deny({ Resource: ARN })]],
    ['a part of the objects', [deny({ Resource: [ARN, `${ARN}/private/*`] })]],
    ['objects with a suffix', [deny({ Resource: [ARN, `${ARN}/*.pdf`] })]],
    ['another bucket', [refusePlain('recordsx')]],
    ['objects with names of one letter', [deny({ Resource: [ARN, `${ARN}/?`] })]],
    ['some actions', [deny({ Action: ['s3:GetObject', 's3:PutObject'] })]],
    ['reading alone', [deny({ Action: 's3:Get*' })]],
    ['all but some actions', [{ ...deny({ NotAction: 's3:GetObject' }), Action: undefined }]],
    ['one account', [deny({ Principal: { AWS: '111122223333' } })]],
    ['all but one', [{ ...deny({ NotPrincipal: { AWS: '111122223333' } }), Principal: undefined }]],
    [
      'a second condition',
      [
        deny({
          Condition: {
            Bool: { 'aws:SecureTransport': 'false' },
            IpAddress: { 'aws:SourceIp': '10.0.0.0/8' },
          },
        }),
      ],
    ],
    [
      'a second key',
      [deny({ Condition: { Bool: { 'aws:SecureTransport': 'false', 'aws:ViaAWSService': 'false' } } })],
    ],
    ['a variable in the resource', [deny({ Resource: [ARN, 'arn:aws:s3:::${aws:username}/*'] })]],
    ['all but some resources', [{ ...deny({ NotResource: 'arn:aws:s3:::other' }), Resource: undefined }]],
    [
      'the version of TLS where there is one',
      [deny({ Condition: { NumericLessThan: { 's3:TlsVersion': '1.2' } } })],
    ],
  ])('not by %s', (_, entries) => {
    expect(refusesPlainTransport(statements(...entries), ARN)).toBe(false);
  });

  test('a file system needs no resource named, but every client action', () => {
    const entry = { Effect: 'Deny', Principal: '*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } };
    const needed = ['elasticfilesystem:ClientMount', 'elasticfilesystem:ClientWrite'];
    const refuses = (Action: string | string[]) =>
      refusesPlain(statements({ ...entry, Action }), needed, ['arn:fs']);
    expect(refuses('elasticfilesystem:Client*')).toBe(true);
    expect(refuses(needed)).toBe(true);
    expect(refuses('elasticfilesystem:ClientMount')).toBe(false);
  });
});

const allow = (own: object = {}) => ({
  Effect: 'Allow',
  Principal: '*',
  Action: 's3:GetObject',
  Resource: `${ARN}/*`,
  ...own,
});
const when = (operator: string, key: string, value: unknown) =>
  allow({ Condition: { [operator]: { [key]: value } } });

describe('a policy opens to everybody', () => {
  test.each<[string, object]>([
    ['everybody', allow()],
    ['everybody of AWS', allow({ Principal: { AWS: '*' } })],
    ['everybody among others', allow({ Principal: { AWS: ['111122223333', '*'] } })],
    ['all but one', { ...allow({ NotPrincipal: { AWS: '111122223333' } }), Principal: undefined }],
    ['a referer', when('StringLike', 'aws:Referer', 'https://example.com/*')],
    ['any organisation', when('StringLike', 'aws:PrincipalOrgID', '*')],
    ['any account by pattern', when('StringLike', 'aws:PrincipalAccount', '1111*')],
    ['any role of that name', when('ArnLike', 'aws:PrincipalArn', 'arn:aws:iam::*:role/reader')],
    ['one organisation or any', when('StringLike', 'aws:PrincipalOrgID', ['o-abcdefghij', '*'])],
    ['no value at all', when('StringEquals', 'aws:PrincipalOrgID', [])],
    ['a variable', when('StringEquals', 'aws:PrincipalAccount', '${aws:ResourceAccount}x')],
    ['whoever has no organisation, too', when('StringEqualsIfExists', 'aws:PrincipalOrgID', 'o-abcdefghij')],
    ['all of none', when('ForAllValues:StringEquals', 'aws:PrincipalOrgPaths', 'o-abcdefghij/r-1/')],
    ['everybody but an account', when('StringNotEquals', 'aws:PrincipalAccount', '111122223333')],
    ['every address', when('IpAddress', 'aws:SourceIp', '0.0.0.0/0')],
    ['half of all addresses', when('IpAddress', 'aws:SourceIp', ['10.0.0.0/8', '0.0.0.0/1'])],
    ['every address of IPv6', when('IpAddress', 'aws:SourceIp', '2000::/3')],
    ['encrypted connections', when('Bool', 'aws:SecureTransport', 'true')],
    ['any caller by a service', when('StringEquals', 'kms:ViaService', 's3.eu-west-1.amazonaws.com')],
  ])('%s', (_, entry) => {
    expect(opensToEveryone(statements(entry))).toBe(true);
  });

  test.each<[string, object]>([
    ['a named account', allow({ Principal: { AWS: '111122223333' } })],
    ['a service', allow({ Principal: { Service: 'cloudtrail.amazonaws.com' } })],
    ['a denial', allow({ Effect: 'Deny' })],
    ['an organisation', when('StringEquals', 'aws:PrincipalOrgID', 'o-abcdefghij')],
    ['paths of an organisation', when('ForAnyValue:StringLike', 'aws:PrincipalOrgPaths', 'o-abcdefghij/*')],
    ['an account', when('StringEquals', 'AWS:PrincipalAccount', '111122223333')],
    ['roles of an account', when('ArnLike', 'aws:PrincipalArn', 'arn:aws:iam::111122223333:role/*')],
    ['a network', when('StringEquals', 'aws:SourceVpce', 'vpce-0123')],
    ['addresses', when('IpAddress', 'aws:SourceIp', ['192.0.2.0/24', '2001:db8::/32'])],
    ['a source', when('ArnLike', 'aws:SourceArn', 'arn:aws:sns:*:111122223333:*')],
    ['a caller by its account', when('StringEquals', 'kms:CallerAccount', '111122223333')],
  ])('not by %s', (_, entry) => {
    expect(opensToEveryone(statements(entry))).toBe(false);
  });
});

describe('whether a bucket is public', () => {
  const none = {
    BlockPublicAcls: false,
    IgnorePublicAcls: false,
    BlockPublicPolicy: false,
    RestrictPublicBuckets: false,
  };
  const all = { ...none, ...ALL_BLOCKED };
  const delegating = when('StringEquals', 's3:DataAccessPointAccount', '111122223333');
  test.each<[string, object[], object, boolean | null]>([
    ['an open policy', [allow()], {}, true],
    ['an open policy that is restricted, ACLs ignored', [allow()], all, false],
    ['an open policy that is restricted, ACLs read', [allow()], { RestrictPublicBuckets: true }, null],
    ['an open policy, ACLs ignored', [allow()], { IgnorePublicAcls: true }, true],
    ['no policy, ACLs ignored', [], { IgnorePublicAcls: true }, false],
    ['no policy, ACLs read', [], {}, null],
    ['no policy, new ACLs blocked', [], { BlockPublicAcls: true, BlockPublicPolicy: true }, null],
    ['access points decide', [delegating], { IgnorePublicAcls: true }, null],
    ['access points decide, restricted', [delegating], all, false],
  ])('%s', (_, entries, block, expected) => {
    expect(isPublic(statements(...entries), { ...none, ...block })).toBe(expected);
  });
});

test.each<[string, string]>([
  ['not JSON', 'Deny everybody'],
  ['no statements', '{"Version":"2012-10-17"}'],
  ['a statement for nobody', policyText({ Effect: 'Allow', Action: 's3:*', Resource: '*' })],
  ['a statement about nothing', policyText({ Effect: 'Allow', Principal: '*', Resource: '*' })],
  ['an effect that there is not', policyText(allow({ Effect: 'allow' }))],
  ['a condition that is none', policyText(allow({ Condition: 'never' }))],
])('a policy that is %s is refused', (_, text) => {
  expect(() => policyOf(text, 's3:GetBucketPolicy: records')).toThrow(
    expect.objectContaining({ code: 'malformed', message: expect.stringContaining('records') }),
  );
});

test('a single statement need not be in a list', () => {
  expect(policyOf(JSON.stringify({ Statement: allow() }), 'a policy')).toHaveLength(1);
});
