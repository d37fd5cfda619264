import type { ManagedPolicyDetail, RoleDetail } from '@aws-sdk/client-iam';
import { type Handlers, refuse } from '../stub.ts';
import { type EstateOptions, pageOf } from './options.ts';

const DAY = 86_400_000;
const VENDOR = 'arn:aws:iam::aws:policy/';

/** A policy document as IAM returns it. */
export function encoded(...statements: readonly object[]): string {
  return encodeURIComponent(JSON.stringify({ Version: '2012-10-17', Statement: statements }));
}

const readOnly = encoded({ Effect: 'Allow', Action: 's3:Get*', Resource: '*' });

/** AWS's own policies, by name, as far as an estate uses them. */
const vendorDocuments: Readonly<Record<string, string>> = {
  AdministratorAccess: encoded({ Effect: 'Allow', Action: '*', Resource: '*' }),
  ReadOnlyAccess: encoded({ Effect: 'Allow', Action: ['ec2:Describe*', 's3:Get*'], Resource: '*' }),
  SupportUser: encoded({ Effect: 'Allow', Action: 'support:*', Resource: '*' }),
};

/** The trust policy of a role that whoever is named may take on. */
export function trusting(principal: object | string, more: object = {}): string {
  return encoded({ Effect: 'Allow', Principal: principal, Action: 'sts:AssumeRole', ...more });
}

/** A role that was made 400 days ago and used yesterday. */
export function roleOf(
  account: string,
  name: string,
  now: number,
  told: Partial<RoleDetail> = {},
): RoleDetail {
  const path = told.Path ?? '/';
  return {
    Path: path,
    RoleName: name,
    RoleId: `AROA${name.replaceAll(/[^A-Za-z0-9]/g, '').toUpperCase()}`,
    Arn: `arn:aws:iam::${account}:role${path}${name}`,
    CreateDate: new Date(now - 400 * DAY),
    AssumeRolePolicyDocument: trusting({ AWS: `arn:aws:iam::${account}:root` }),
    RoleLastUsed: { LastUsedDate: new Date(now - DAY), Region: 'eu-west-1' },
    ...told,
  };
}

/** A policy of the account's own. */
export function policyOf(
  account: string,
  name: string,
  document: string,
  attachments = 1,
): ManagedPolicyDetail {
  return {
    PolicyName: name,
    PolicyId: `ANPA${name.replaceAll(/[^A-Za-z0-9]/g, '').toUpperCase()}`,
    Arn: `arn:aws:iam::${account}:policy/${name}`,
    Path: '/',
    DefaultVersionId: 'v2',
    AttachmentCount: attachments,
    PolicyVersionList: [
      { Document: readOnly, VersionId: 'v1', IsDefaultVersion: false },
      { Document: document, VersionId: 'v2', IsDefaultVersion: true },
    ],
  };
}

/** What healthy roles look like: of people, of services (`size` of them), of a code host's jobs, of Identity Center and of AWS itself. */
export function rolesOf(account: string, { now, size = 12 }: EstateOptions): readonly RoleDetail[] {
  const role = (name: string, told: Partial<RoleDetail>) => roleOf(account, name, now, told);
  const vendor = (name: string) => ({ PolicyName: name, PolicyArn: `${VENDOR}${name}` });
  const own = { PolicyName: 'acme-read', PolicyArn: `arn:aws:iam::${account}:policy/acme-read` };
  const host = 'token.actions.githubusercontent.com';
  return [
    role('annexa', { AttachedManagedPolicies: [vendor('ReadOnlyAccess')] }),
    role('operators', { AttachedManagedPolicies: [vendor('AdministratorAccess')] }),
    ...Array.from({ length: size }, (_, index) =>
      role(`worker-${index}`, {
        AssumeRolePolicyDocument: trusting({ Service: 'lambda.amazonaws.com' }),
        AttachedManagedPolicies: [own],
        RolePolicyList: [{ PolicyName: 'logs', PolicyDocument: readOnly }],
      }),
    ),
    role('deploy', {
      AssumeRolePolicyDocument: trusting(
        { Federated: `arn:aws:iam::${account}:oidc-provider/${host}` },
        {
          Action: 'sts:AssumeRoleWithWebIdentity',
          Condition: {
            StringEquals: { [`${host}:aud`]: 'sts.amazonaws.com' },
            StringLike: { [`${host}:sub`]: 'repo:acme/*' },
          },
        },
      ),
    }),
    role('AWSReservedSSO_Read', {
      Path: '/aws-reserved/sso.amazonaws.com/',
      AssumeRolePolicyDocument: trusting(
        { Federated: `arn:aws:iam::${account}:saml-provider/AWSSSO` },
        { Action: ['sts:AssumeRoleWithSAML', 'sts:TagSession'] },
      ),
    }),
    role('AWSServiceRoleForSupport', {
      Path: '/aws-service-role/support.amazonaws.com/',
      AssumeRolePolicyDocument: trusting({ Service: 'support.amazonaws.com' }),
      AttachedManagedPolicies: [vendor('SupportUser')],
      RoleLastUsed: {},
    }),
  ];
}

export function policiesOf(account: string): readonly ManagedPolicyDetail[] {
  return [policyOf(account, 'acme-read', readOnly)];
}

/** AWS's own policies that are attached, and the text of each. */
export function rolesEstate({ pageSize = 5 }: EstateOptions): Handlers {
  const names = Object.keys(vendorDocuments);
  const documentOf = (arn: string): string => {
    const document = vendorDocuments[arn.slice(VENDOR.length)];
    if (document === undefined) throw refuse('NoSuchEntity', 404);
    return document;
  };
  return {
    'iam:ListPolicies': ({ Marker }: { Marker?: string }) => {
      const { items, next } = pageOf(names, pageSize, Marker);
      return {
        Policies: items.map((name) => ({
          PolicyName: name,
          PolicyId: `ANPA${name.toUpperCase()}`,
          Arn: `${VENDOR}${name}`,
          DefaultVersionId: 'v3',
          AttachmentCount: 1,
        })),
        IsTruncated: next !== undefined,
        Marker: next,
      };
    },
    'iam:GetPolicy': ({ PolicyArn }: { PolicyArn: string }) => {
      documentOf(PolicyArn);
      return { Policy: { Arn: PolicyArn, DefaultVersionId: 'v3' } };
    },
    'iam:GetPolicyVersion': ({ PolicyArn, VersionId }: { PolicyArn: string; VersionId: string }) => ({
      PolicyVersion: { Document: documentOf(PolicyArn), VersionId, IsDefaultVersion: true },
    }),
  };
}
