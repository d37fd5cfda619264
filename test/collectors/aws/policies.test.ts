import { describe, expect, test } from 'vitest';
import { canEscalate, grantsOf, grantsOfText, together } from '../../../src/collectors/aws/iam/grants.ts';
import { encoded } from './estate/roles.ts';

const allow = (fields: object) => ({ Effect: 'Allow', Resource: '*', ...fields });
const given = (...statements: readonly object[]) => grantsOf(encoded(...statements), 'here');

describe('whoever holds a policy can give themselves everything', () => {
  test.each([
    ['everything is allowed', allow({ Action: '*' })],
    ['all of IAM is allowed', allow({ Action: 'iam:*' })],
    ['policies can be written', allow({ Action: 'iam:PutRolePolicy' })],
    ['policies can be attached, in whatever case', allow({ Action: ['s3:Get*', 'IAM:attachuserpolicy'] })],
    ['another version can be put in force', allow({ Action: 'iam:Set*' })],
    ['one character is left open', allow({ Action: 'iam:PutUserPolic?' })],
    ['groups can be joined', allow({ Action: 'iam:AddUserToGroup' })],
    ['a role can be opened to oneself', allow({ Action: 'iam:UpdateAssumeRolePolicy' })],
    ["somebody's credentials can be made", allow({ Action: 'iam:CreateAccessKey' })],
    ['any role may be changed', allow({ Action: 'iam:PutRolePolicy', Resource: 'arn:aws:iam::*:role/*' })],
    [
      'any user of the account may be changed',
      allow({ Action: 'iam:PutUserPolicy', Resource: ['x', 'arn:aws:iam::123456789012:user/*'] }),
    ],
    ['it is not among what is left out', allow({ Action: undefined, NotAction: ['s3:*', 'iam:Delete*'] })],
    [
      'a resource is left out',
      { Effect: 'Allow', Action: 'iam:PutUserPolicy', NotResource: 'arn:aws:iam::1:user/x' },
    ],
  ])('when %s', (_, statement) => expect(canEscalate(given(statement))).toBe(true));

  test.each([
    ['it only reads', allow({ Action: ['iam:Get*', 'iam:List*'] })],
    ['it is one named role', allow({ Action: 'iam:PutRolePolicy', Resource: 'arn:aws:iam::1:role/x' })],
    ['a path is named', allow({ Action: 'iam:PutRolePolicy', Resource: 'arn:aws:iam::*:role/app/*' })],
    ['a condition narrows it', allow({ Action: 'iam:*', Condition: { StringEquals: { 'iam:X': 'y' } } })],
    ['it is denied', { Effect: 'Deny', Action: 'iam:*', Resource: '*' }],
    ['IAM is left out', allow({ Action: undefined, NotAction: 'iam:*' })],
    ['roles can be taken on', allow({ Action: 'sts:AssumeRole' })],
    ['roles can be handed over, but to nothing', allow({ Action: 'iam:PassRole' })],
    ['code can be run, but with no role', allow({ Action: 'lambda:*' })],
    [
      'one role can be handed over',
      allow({ Action: ['iam:PassRole', 'ec2:*'], Resource: 'arn:aws:iam::1:role/x' }),
    ],
  ])('but not when %s', (_, statement) => expect(canEscalate(given(statement))).toBe(false));

  test.each([
    'ec2:RunInstances',
    'lambda:CreateFunction',
    'cloudformation:CreateStack',
    'glue:Create*',
    'ecs:*',
    'codebuild:CreateProject',
  ])('when any role can be handed to what %s starts, also by statements of two policies', (action) => {
    const pass = allow({ Action: 'iam:PassRole', Resource: 'arn:aws:iam::*:role/*' });
    const run = allow({ Action: action, Resource: 'arn:aws:x:::one' });
    expect(canEscalate(given(pass, run))).toBe(true);
    const apart = [given(pass), given(run)];
    expect(apart.map(canEscalate)).toEqual([false, false]);
    expect(canEscalate(together(apart))).toBe(true);
  });
});

describe('services of which everything is allowed', () => {
  test.each([
    ['none', allow({ Action: ['s3:Get*', 's3:P*'] }), []],
    [
      'those with all their actions',
      allow({ Action: ['S3:*', 'sqs:**', 'sqs:*', 'ec2:Describe*'] }),
      ['s3', 'sqs'],
    ],
    ['all', allow({ Action: '*' }), ['*']],
    ['all, written otherwise', allow({ Action: '*:*' }), ['*']],
    ['all but named actions', allow({ Action: undefined, NotAction: ['iam:*'] }), ['*']],
    ['none that is left out', allow({ Action: undefined, NotAction: ['*'] }), []],
    ['none on some resources', allow({ Action: 's3:*', Resource: 'arn:aws:s3:::x/*' }), []],
    ['none under a condition', allow({ Action: 's3:*', Condition: { Bool: { a: 'true' } } }), []],
    ['none that is denied', { Effect: 'Deny', Action: 's3:*', Resource: '*' }, []],
  ])('%s', (_, statement, services) => expect([...given(statement).services]).toEqual(services));
});

describe('a document', () => {
  test('as it was written is read like one that IAM encoded', () => {
    const text = '{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Sid":"100%"}}';
    expect(grantsOfText(text, 'here')).toEqual(grantsOf(encodeURIComponent(text), 'here'));
    expect(grantsOfText(text, 'here').administrator).toBe(true);
  });

  test.each([
    ['no JSON', 'Allow'],
    ['no statements', '{}'],
    ['an unknown effect', '{"Statement":[{"Effect":"Maybe","Action":"*","Resource":"*"}]}'],
    ['an action that is no text', '{"Statement":[{"Effect":"Allow","Action":1,"Resource":"*"}]}'],
  ])('of %s is refused, and named', (_, text) =>
    expect(() => grantsOfText(text, 'policy p')).toThrow(
      expect.objectContaining({ code: 'malformed', message: expect.stringContaining('policy p') }),
    ),
  );
});
