import type { RoleDetail } from '@aws-sdk/client-iam';
import {
  AWSOrganizationsNotInUseException,
  DescribeOrganizationCommand,
  OrganizationsClient,
} from '@aws-sdk/client-organizations';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { PolicyRecord } from '../../../inventory/kinds/policy.ts';
import type { RoleRecord } from '../../../inventory/kinds/role.ts';
import { CollectorError } from '../../error.ts';
import { common, type Work } from '../dataset.ts';
import type { Session } from '../session.ts';
import type { Home } from './condition.ts';
import {
  detailPages,
  type Holder,
  isServiceRole,
  type ManagedPolicy,
  need,
  once,
  readCreated,
  readHolder,
  readPolicy,
  readTags,
} from './details.ts';
import { canEscalate, type Grants, together } from './grants.ts';
import { isAwsManaged } from './policy.ts';
import { accountSummary, type AccountSummary, isEveryRole } from './summary.ts';
import { trustsOf } from './trust.ts';
import { attachedVendorPolicies } from './vendor-policies.ts';

/** A role whose documents were judged and let go. */
interface Role extends Pick<
  RoleRecord,
  'resource' | 'name' | 'vendor_managed' | 'created_at' | 'last_active_at' | 'trusts' | 'tags'
> {
  readonly id: string;
  readonly arn: string;
  /** By its inline policies. */
  readonly inline: Grants;
  readonly attached: Holder['attached'];
}

interface Listing {
  readonly roles: readonly Role[];
  /** The account's own and those of AWS that are attached in it, by ARN. */
  readonly policies: ReadonlyMap<string, ManagedPolicy>;
}

/** The account's roles and the policies that can be attached: its own, and of AWS's those that are. */
export async function* collectRoles(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const { session, account, provenance } = work;
  const home = { account: account.id, organization: await ownOrganization(session) };
  const { roles, policies } = await listing(session, home);
  provenance.note('roles', roles.length);
  provenance.note('policies', policies.size);
  for (const policy of policies.values()) yield policyRecord(work, policy);
  for (const role of roles) yield roleRecord(work, role, policies);
}

/** The id of the organisation that the account is in; undefined: in none. Every member may ask. */
export async function ownOrganization(session: Session): Promise<string | undefined> {
  const operation = 'organizations:DescribeOrganization';
  const answer = await session.call(operation, async (options) => {
    try {
      return await session
        .client('organizations', OrganizationsClient)
        .send(new DescribeOrganizationCommand({}), options);
    } catch (error) {
      if (error instanceof AWSOrganizationsNotInUseException) return undefined;
      throw error;
    }
  });
  if (answer === undefined) return undefined;
  if (!answer.Organization?.Id) throw new CollectorError('malformed', `${operation}: the answer has no Id`);
  return answer.Organization.Id;
}

/** Taken once more when it differs from IAM's own count: the account may have changed in between. */
async function listing(session: Session, home: Home): Promise<Listing> {
  for (let last = false; ; last = true) {
    const vendor = await attachedVendorPolicies(session);
    const own = await ownListing(session, home);
    const wrong = gaps(own, vendor, await accountSummary(session));
    if (wrong === undefined) return { roles: own.roles, policies: new Map([...own.policies, ...vendor]) };
    if (last)
      throw new CollectorError(
        'incomplete',
        `iam:GetAccountAuthorizationDetails: listed twice, still ${wrong}`,
      );
  }
}

async function ownListing(session: Session, home: Home): Promise<Listing> {
  const roles: Role[] = [];
  const policies = new Map<string, ManagedPolicy>();
  const seen = new Set<string>();
  for await (const page of detailPages(session, ['Role', 'LocalManagedPolicy'])) {
    for (const detail of page.RoleDetailList ?? []) roles.push(once(readRole(detail, home), seen));
    for (const detail of page.Policies ?? []) {
      const policy = once(readPolicy(detail), seen);
      policies.set(policy.arn, policy);
    }
  }
  return { roles, policies };
}

/** Undefined: nowhere. */
function gaps(
  { roles, policies }: Listing,
  vendor: ReadonlyMap<string, ManagedPolicy>,
  summary: AccountSummary,
): string | undefined {
  const wrong: string[] = [];
  const service = roles.filter((role) => role.vendor_managed).length;
  if (!isEveryRole(roles.length, service, summary)) wrong.push(`${roles.length} of ${summary.Roles} roles`);
  if (policies.size !== summary.Policies) wrong.push(`${policies.size} of ${summary.Policies} policies`);
  const unknown = roles
    .flatMap(({ attached }) => attached)
    .find(({ arn }) => !policies.has(arn) && !vendor.has(arn));
  if (unknown !== undefined) wrong.push(`policy ${unknown.arn} is attached but not there`);
  return wrong.length === 0 ? undefined : wrong.join('; ');
}

function readRole(detail: RoleDetail, home: Home): Role {
  const arn = need(detail.Arn, `role ${detail.RoleName ?? ''}`, 'Arn');
  const created = readCreated(arn, detail.CreateDate);
  const { inline, attached } = readHolder(arn, detail.RolePolicyList, detail.AttachedManagedPolicies);
  return {
    id: need(detail.RoleId, arn, 'RoleId'),
    arn,
    resource: arn,
    name: need(detail.RoleName, arn, 'RoleName'),
    vendor_managed: isServiceRole(need(detail.Path, arn, 'Path')),
    created_at: created,
    last_active_at: lastActive(arn, created, detail.RoleLastUsed),
    trusts: [...trustsOf(need(detail.AssumeRolePolicyDocument, arn, 'AssumeRolePolicyDocument'), arn, home)],
    tags: readTags(arn, detail.Tags),
    inline: together(inline.map(({ grants }) => grants)),
    attached,
  };
}

/**
 * IAM remembers use for 400 days, and says nothing of a role that was not used in them: then the role was last active when it was made, or
 * later but longer ago than that. Null: it is not said whether there was any use.
 */
function lastActive(arn: string, created: number, use: RoleDetail['RoleLastUsed']): number | null {
  if (use === undefined) return null;
  if (use.LastUsedDate === undefined) return created;
  const used = use.LastUsedDate.getTime();
  if (Number.isNaN(used))
    throw new CollectorError(
      'malformed',
      `iam:GetAccountAuthorizationDetails: ${arn}: LastUsedDate is no date`,
    );
  return Math.max(created, Math.floor(used / 1000));
}

function roleRecord(
  work: Work,
  { id, arn, inline, attached, ...told }: Role,
  policies: ReadonlyMap<string, ManagedPolicy>,
): RoleRecord {
  const held = attached.map((policy) => policies.get(policy.arn)?.grants);
  const known = held.filter((grants) => grants !== undefined);
  if (known.length < held.length)
    throw new CollectorError('incomplete', `${arn}: an attached policy was not listed`);
  const all = together([inline, ...known]);
  return {
    ...common(work, 'role', id),
    ...told,
    administrator: all.administrator,
    can_escalate: canEscalate(all),
  };
}

function policyRecord(work: Work, { id, name, arn, attachments, grants }: ManagedPolicy): PolicyRecord {
  return {
    ...common(work, 'policy', need(id, arn, 'PolicyId')),
    resource: arn,
    name: need(name, arn, 'PolicyName'),
    managed_by: isAwsManaged(arn) ? 'vendor' : 'organisation',
    attachments: need(attachments, arn, 'AttachmentCount'),
    administrator: grants.administrator,
    can_escalate: canEscalate(grants),
    services: [...grants.services],
  };
}
