import { describe, expect, test } from 'vitest';
import { aws } from '../../../src/collectors/aws/index.ts';
import { grantsOf } from '../../../src/collectors/aws/iam/grants.ts';
import { isAdministratorAccess } from '../../../src/collectors/aws/iam/policy.ts';

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
