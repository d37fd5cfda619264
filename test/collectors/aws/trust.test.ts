import { describe, expect, test } from 'vitest';
import { trustsOf } from '../../../src/collectors/aws/iam/trust.ts';
import { encoded, trusting } from './estate/roles.ts';

const OWN = 'o-acme123456';
const home = { account: '111111111111', organization: OWN };
const read = (document: string) => trustsOf(document, 'role r', home);

/** `type account` of each, with what is demanded. */
const told = (principal: object | string, Condition?: object, more: object = {}) =>
  read(trusting(principal, { ...(Condition === undefined ? {} : { Condition }), ...more })).map(
    ({ type, account, external_id, conditioned }) =>
      [type, account, ...(external_id ? ['id'] : []), ...(conditioned ? ['narrowed'] : [])].join(' ').trim(),
  );

const like = (key: string, value: unknown) => ({ StringLike: { [key]: value } });
const equals = (key: string, value: unknown) => ({ StringEquals: { [key]: value } });

describe('who may take a role on', () => {
  test.each<[string, object | string, string[]]>([
    ['everybody', '*', ['everyone']],
    ['everybody of AWS', { AWS: '*' }, ['everyone']],
    ['an account by its number', { AWS: '222222222222' }, ['account 222222222222']],
    ['an account by its root', { AWS: 'arn:aws:iam::222222222222:root' }, ['account 222222222222']],
    ['a role', { AWS: 'arn:aws:iam::222222222222:role/a/b' }, ['principal 222222222222']],
    [
      'a user of another partition',
      { AWS: 'arn:aws-cn:iam::222222222222:user/x' },
      ['principal 222222222222'],
    ],
    ['a session', { AWS: 'arn:aws:sts::222222222222:assumed-role/a/b' }, ['principal 222222222222']],
    ['somebody who was deleted', { AWS: 'AIDA1234567890EXAMPLE' }, ['principal']],
    ['an ARN with a wildcard', { AWS: 'arn:aws:iam::*:root' }, ['everyone']],
    ['services', { Service: ['ec2.amazonaws.com', 'lambda.amazonaws.com'] }, ['service', 'service']],
    ['every service', { Service: '*' }, ['everyone']],
    ['a canonical user', { CanonicalUser: 'abc' }, ['principal abc']],
    ['every provider', { Federated: '*' }, ['everyone']],
    [
      'several at once',
      { AWS: ['222222222222', '*'], Service: 'ec2.amazonaws.com' },
      ['account 222222222222', 'everyone', 'service'],
    ],
  ])('%s', (_, principal, expected) => expect(told(principal)).toEqual(expected));

  test('whoever is not named', () => {
    const document = encoded({
      Effect: 'Allow',
      NotPrincipal: { AWS: '222222222222' },
      Action: 'sts:AssumeRole',
    });
    expect(read(document)).toEqual([
      { principal: '*', type: 'everyone', account: '', external_id: false, conditioned: false },
    ]);
  });

  test.each([
    ['sts:*', true],
    ['*', true],
    ['STS:assumerole', true],
    ['sts:AssumeRoleWith*', true],
    ['sts:TagSession', false],
    ['sts:SetSourceIdentity', false],
  ])('nobody but by an action that takes it on: %s', (Action, counts) => {
    expect(told('*', undefined, { Action })).toEqual(counts ? ['everyone'] : []);
  });

  test('a denial is not weighed, and takes nothing on', () => {
    expect(told('*', undefined, { Effect: 'Deny' })).toEqual([]);
    expect(told('*', undefined, { Action: undefined, NotAction: 'sts:AssumeRole*' })).toEqual([]);
    expect(told('*', undefined, { Action: undefined, NotAction: 'sts:TagSession' })).toEqual(['everyone']);
  });
});

describe('a wildcard', () => {
  test.each<[string, object, string[]]>([
    [
      'accounts',
      equals('aws:PrincipalAccount', ['222222222222', '333333333333']),
      ['account 222222222222 narrowed', 'account 333333333333 narrowed'],
    ],
    [
      'its own account by a variable',
      equals('aws:PrincipalAccount', '${aws:ResourceAccount}'),
      ['account 111111111111 narrowed'],
    ],
    [
      'roles of an account',
      like('AWS:principalARN', 'arn:aws:iam::222222222222:role/x*'),
      ['principal 222222222222 narrowed'],
    ],
    [
      'a role by its ARN',
      { ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::222222222222:role/x' } },
      ['principal 222222222222 narrowed'],
    ],
    ['the own organisation', equals('aws:PrincipalOrgID', OWN), ['account  narrowed']],
    [
      'the own organisation by a variable',
      equals('aws:PrincipalOrgID', '${aws:ResourceOrgID}'),
      ['account  narrowed'],
    ],
    [
      'another organisation',
      equals('aws:PrincipalOrgID', ['o-other12345', OWN]),
      ['account o-other12345 narrowed', 'account  narrowed'],
    ],
    [
      'a part of an organisation',
      { 'ForAnyValue:StringLike': { 'aws:PrincipalOrgPaths': 'o-other12345/r-a/*' } },
      ['account o-other12345 narrowed'],
    ],
    [
      'a service for an account',
      equals('aws:SourceAccount', '222222222222'),
      ['service 222222222222 narrowed'],
    ],
    [
      'a service for a bucket',
      { ArnLike: { 'aws:SourceArn': 'arn:aws:s3:::acme-*' } },
      ['service  narrowed'],
    ],
    [
      'a service for a topic',
      { ArnEquals: { 'aws:SourceArn': 'arn:aws:sns:eu-west-1:222222222222:x' } },
      ['service 222222222222 narrowed'],
    ],
    ['a service by its name', equals('aws:PrincipalServiceName', 'x.amazonaws.com'), ['service  narrowed']],
    ['services', { Bool: { 'aws:PrincipalIsAWSService': true } }, ['service  narrowed']],
    [
      'the account before the organisation',
      { StringEquals: { 'aws:PrincipalOrgID': OWN, 'aws:PrincipalAccount': '222222222222' } },
      ['account 222222222222 narrowed'],
    ],
  ])('narrowed to %s', (_, condition, expected) => {
    // Two spaces: no account.
    expect(told({ AWS: '*' }, condition).map((line) => line.replace(/  +/, '  '))).toEqual(expected);
  });

  test.each<[string, object]>([
    ['an address', { IpAddress: { 'aws:SourceIp': '192.0.2.0/24' } }],
    ['a network', equals('aws:SourceVpc', 'vpc-1')],
    ['a tag, which anybody can give themselves', equals('aws:PrincipalTag/team', 'x')],
    ['a second factor', { Bool: { 'aws:MultiFactorAuthPresent': 'true' } }],
    ['any organisation', like('aws:PrincipalOrgID', 'o-*')],
    ['an organisation or a wildcard', like('aws:PrincipalOrgID', [OWN, '*'])],
    ['an organisation if it has one', { StringEqualsIfExists: { 'aws:PrincipalOrgID': OWN } }],
    ['all of no values', { 'ForAllValues:StringEquals': { 'aws:PrincipalOrgID': OWN } }],
    ['whoever is not of an account', { StringNotEquals: { 'aws:PrincipalAccount': '222222222222' } }],
    ['roles of any account', like('aws:PrincipalArn', 'arn:aws:iam::*:role/deploy')],
    ['the account of whoever asks', equals('aws:PrincipalAccount', '${aws:PrincipalAccount}')],
    ['no service', { Bool: { 'aws:PrincipalIsAWSService': 'false' } }],
    ['nothing', {}],
  ])('not narrowed by %s', (_, condition) => expect(told('*', condition)).toEqual(['everyone']));

  test('is not narrowed to the own organisation by an account that is in none', () => {
    const document = trusting('*', { Condition: equals('aws:PrincipalOrgID', '${aws:ResourceOrgID}') });
    expect(trustsOf(document, 'r', { ...home, organization: undefined })).toMatchObject([
      { type: 'everyone' },
    ]);
  });
});

describe('an external id', () => {
  test.each<[object, boolean]>([
    [equals('sts:ExternalId', 'a-1'), true],
    [equals('STS:externalid', ['a', 'b']), true],
    [like('sts:ExternalId', 'acme-*'), true],
    [like('sts:ExternalId', '*'), false],
    [equals('sts:ExternalId', ''), false],
    [{ StringEqualsIfExists: { 'sts:ExternalId': 'a' } }, false],
    [{ StringNotEquals: { 'sts:ExternalId': 'a' } }, false],
    [{ Null: { 'sts:ExternalId': 'false' } }, false],
    [equals('sts:RoleSessionName', 'a'), false],
  ])('%j is asked for: %s', (condition, asked) => {
    expect(told({ AWS: '222222222222' }, condition)).toEqual([`account 222222222222${asked ? ' id' : ''}`]);
  });
});

describe('an identity provider', () => {
  const provider = (host: string) => ({ Federated: `arn:aws:iam::111111111111:oidc-provider/${host}` });
  const github = 'token.actions.githubusercontent.com';
  const eks = 'oidc.eks.eu-west-1.amazonaws.com/id/ABC';

  test.each<[string, string, object]>([
    ['a branch', github, equals(`${github}:sub`, 'repo:acme/app:ref:refs/heads/main')],
    ['an owner', github, like(`${github}:sub`, 'repo:acme/*')],
    [
      'one of several',
      github,
      { 'ForAnyValue:StringLike': { [`${github}:sub`]: ['repo:acme/a:*', 'repo:acme/b:*'] } },
    ],
    ['an environment, with a wildcard that is none', github, equals(`${github}:sub`, 'repo:acme/app:*')],
    ['a repository', github, equals(`${github}:repository`, 'acme/app')],
    ['a workflow', github, like(`${github}:job_workflow_ref`, 'acme/*')],
    ['a service account', eks, equals(`${eks}:sub`, 'system:serviceaccount:prod:app')],
    ['a namespace', eks, like(`${eks.toUpperCase()}:sub`, 'system:serviceaccount:prod:*')],
  ])('names %s', (_, host, condition) => {
    expect(told(provider(host), condition)).toEqual(['federated 111111111111 narrowed']);
  });

  test.each<[string, string, object]>([
    ['an audience', github, equals(`${github}:aud`, 'sts.amazonaws.com')],
    ['every repository', github, like(`${github}:sub`, 'repo:*')],
    ['owners that begin alike', github, like(`${github}:sub`, 'repo:ac*')],
    ['every owner', github, like(`${github}:sub`, 'repo:*/app:ref:refs/heads/main')],
    ['some and everybody', github, like(`${github}:sub`, ['repo:acme/*', '*'])],
    ["another provider's subject", github, equals(`${eks}:sub`, 'system:serviceaccount:prod:app')],
    ['every workload', eks, like(`${eks}:sub`, 'system:serviceaccount:*')],
    ['a subject if there is one', github, { StringLikeIfExists: { [`${github}:sub`]: 'repo:acme/*' } }],
    ['who it is not', github, { StringNotLike: { [`${github}:sub`]: 'repo:other/*' } }],
    ['nobody', github, {}],
  ])('that names %s trusts all its users', (_, host, condition) => {
    expect(told(provider(host), condition)).toEqual(['federated 111111111111']);
  });

  test('of SAML narrows by itself; Cognito by its pool and who was signed in', () => {
    expect(told({ Federated: 'arn:aws:iam::111111111111:saml-provider/acme' })).toEqual([
      'federated 111111111111 narrowed',
    ]);
    const cognito = 'cognito-identity.amazonaws.com';
    const pool = equals(`${cognito}:aud`, 'eu-west-1:1');
    const signedIn = (value: string) => ({ 'ForAnyValue:StringLike': { [`${cognito}:amr`]: value } });
    expect(told({ Federated: cognito }, { ...pool, ...signedIn('authenticated') })).toEqual([
      'federated  narrowed',
    ]);
    expect(told({ Federated: cognito }, { ...pool, ...signedIn('unauthenticated') })).toEqual(['federated']);
    expect(told({ Federated: cognito }, pool)).toEqual(['federated']);
    expect(told({ Federated: 'accounts.google.com' }, equals('accounts.google.com:aud', 'x'))).toEqual([
      'federated',
    ]);
    expect(told({ Federated: 'accounts.google.com' }, equals('accounts.google.com:sub', '1'))).toEqual([
      'federated  narrowed',
    ]);
  });
});

describe('a trust policy is refused', () => {
  test.each<[string, object]>([
    ['that names no principal', { Effect: 'Allow', Action: 'sts:AssumeRole' }],
    ['whose principal is text', { Effect: 'Allow', Principal: 'x', Action: 'sts:AssumeRole' }],
    ['with an unknown kind of principal', { Effect: 'Allow', Principal: { Robot: 'x' }, Action: '*' }],
    ['with a principal that is none of AWS', { Effect: 'Allow', Principal: { AWS: 'alice' }, Action: '*' }],
    ['whose conditions are none', { Effect: 'Allow', Principal: '*', Action: '*', Condition: { Bool: 'x' } }],
  ])('%s', (_, statement) => {
    expect(() => read(encoded(statement))).toThrow(
      expect.objectContaining({ code: 'malformed', message: expect.stringContaining('role r') }),
    );
  });
});
