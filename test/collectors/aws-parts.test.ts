import { describe, expect, test } from 'vitest';
import { aws } from '../../src/collectors/aws/index.ts';
import { grantsOf } from '../../src/collectors/aws/iam/grants.ts';
import { isAdministratorAccess } from '../../src/collectors/aws/iam/policy.ts';
import { GetAccountAuthorizationDetailsCommand, IAMClient } from '@aws-sdk/client-iam';
import { writeAnswer } from './aws-model.ts';
import { GetAccountAuthorizationDetailsResponse$ } from '@aws-sdk/client-iam';
import { startAwsStub } from './aws-stub.ts';

describe('a policy grants everything', () => {
  const statement = (fields: object) =>
    encodeURIComponent(JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', ...fields } }));

  test.each([
    ['every action on every resource', { Action: '*', Resource: '*' }],
    ['among others', { Action: ['s3:Get*', '*:*'], Resource: ['arn:aws:s3:::a', '*'] }],
    ['spelled with more stars', { Action: '**', Resource: 'arn:aws:*:*:*:*' }],
    ['all but some actions, IAM left in', { NotAction: 'aws-portal:*', Resource: '*' }],
    ['all but some resources', { Action: '*', NotResource: 'arn:aws:s3:::a' }],
    ['with a condition that is empty', { Action: '*', Resource: '*', Condition: {} }],
  ])('when it allows %s', (_, fields) =>
    expect(grantsOf(statement(fields), 'here').administrator).toBe(true),
  );

  test.each([
    ['it denies', { Effect: 'Deny', Action: '*', Resource: '*' }],
    ['its actions are one service’s', { Action: 'iam:*', Resource: '*' }],
    ['its resources are few', { Action: '*', Resource: 'arn:aws:s3:::*' }],
    [
      'it has a condition',
      { Action: '*', Resource: '*', Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } } },
    ],
    ['IAM is among what is left out', { NotAction: ['iam:*', 'organizations:*'], Resource: '*' }],
    ['it leaves out everything', { NotAction: '*', Resource: '*' }],
  ])('but not when %s', (_, fields) => expect(grantsOf(statement(fields), 'here').administrator).toBe(false));

  test.each([
    ['not JSON', '%7B'],
    ['not URL-encoded', '%'],
    ['no statement', '%7B%7D'],
    ['an effect of its own', statement({ Effect: 'Maybe' })],
  ])('nor when it can’t be read (%s): that is malformed, and named', (_, text) =>
    expect(() => grantsOf(text, 'policy p')).toThrow(
      expect.objectContaining({ code: 'malformed', message: expect.stringContaining('policy p') }),
    ),
  );

  test.each([
    ['arn:aws:iam::aws:policy/AdministratorAccess', true],
    ['arn:aws-us-gov:iam::aws:policy/AdministratorAccess', true],
    ['arn:aws:iam::aws:policy/AdministratorAccess-Amplify', false],
    ['arn:aws:iam::123456789012:policy/AdministratorAccess', false],
  ])('%s: %s', (arn, expected) => expect(isAdministratorAccess(arn)).toBe(expected));
});

describe('the manifest of an aws collector', () => {
  const account = { id: '123456789012' };
  test('needs accounts only', () => {
    expect(aws.config.parse({ accounts: [account] })).toMatchObject({ region: 'us-east-1', maxAttempts: 4 });
  });
  test.each([
    ['an unknown field', { accounts: [account], zones: [] }, ''],
    ['no account', { accounts: [] }, 'accounts'],
    ['an account id of another form', { accounts: [{ id: '1234' }] }, 'accounts.0.id'],
    ['an account twice', { accounts: [account, account] }, 'accounts.1.id'],
    [
      'an external id without a role',
      { accounts: [{ ...account, externalId: 'acme' }] },
      'accounts.0.externalId',
    ],
    [
      'a role of another account',
      { accounts: [{ ...account, roleArn: 'arn:aws:iam::210987654321:role/annexa' }] },
      'accounts.0.roleArn',
    ],
    [
      'a secret given inline',
      { accounts: [account], credentials: { accessKeyId: 'AKIA', secretAccessKey: 'x' } },
      'credentials.accessKeyId',
    ],
    ['an endpoint that is no URL', { accounts: [account], endpoint: 'ftp://x' }, 'endpoint'],
  ])('is refused with %s', (_, settings, path) => {
    const result = aws.config.safeParse(settings);
    expect(result.error?.issues.map((issue) => issue.path.join('.'))).toContain(path);
  });
});

test('every operation offered only reads, or makes the report', () => {
  for (const operation of aws.datasets.flatMap(({ operations }) => operations))
    expect(operation).toMatch(
      /^([a-z0-9-]+:(Get|List|Describe|BatchGet|Select)\w+|iam:GenerateCredentialReport|sts:AssumeRole)$/,
    );
});

describe('the stub', () => {
  test('answers what the SDK reads back as it was meant', async () => {
    await using stub = await startAwsStub({ users: 3, pageSize: 2 });
    const iam = new IAMClient({
      region: 'us-east-1',
      endpoint: stub.endpoint,
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    });
    const { UserDetailList, IsTruncated, Marker } = await iam.send(
      new GetAccountAuthorizationDetailsCommand({}),
    );
    iam.destroy();
    expect({ IsTruncated, Marker }).toEqual({ IsTruncated: true, Marker: '1' });
    expect(UserDetailList).toMatchObject([
      { UserName: 'user-0000', GroupList: ['staff'] },
      { UserName: 'user-0001' },
    ]);
    expect(UserDetailList?.[0]?.CreateDate).toBeInstanceOf(Date);
  });

  test.each([
    ['a member that the model does not know', { Users: [] }, 'the model has no Users'],
    ['a value of another type', { IsTruncated: 'no' }, "expected the model's type 2"],
    ['a required member missing', { UserDetailList: [{ Tags: [{ Key: 'a' }] }] }, 'Value is required'],
  ])('can’t answer %s', (_, answer, message) => {
    expect(() =>
      writeAnswer('GetAccountAuthorizationDetails', GetAccountAuthorizationDetailsResponse$, answer, 'r'),
    ).toThrow(message);
  });
});
