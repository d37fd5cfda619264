import {
  GetPolicyCommand,
  GetPolicyVersionCommand,
  ListPoliciesCommand,
  type ListPoliciesResponse,
  type Policy,
} from '@aws-sdk/client-iam';
import { z } from 'zod';
import { CollectorError } from '../../error.ts';
import { ahead } from '../../ahead.ts';
import { marker, pages } from '../../pages.ts';
import { listed, read } from '../../read.ts';
import type { Session } from '../session.ts';
import { iamOf } from './client.ts';
import type { ManagedPolicy } from './details.ts';
import { type Grants, grantsOf } from './grants.ts';

const LIST = 'iam:ListPolicies';

const policy = z.object({
  PolicyId: z.string().min(1),
  PolicyName: z.string().min(1),
  Arn: z.string().min(1),
  DefaultVersionId: z.string().min(1),
  AttachmentCount: z.int().nonnegative(),
});

/**
 * AWS's own policies that are attached in the account, by ARN. Asked for apart from the account's details, whose filter for them is not
 * documented to leave out the thousand that nobody uses. Calls: one a thousand, and one for each that is attached.
 */
export async function attachedVendorPolicies(session: Session): Promise<ReadonlyMap<string, ManagedPolicy>> {
  const found = new Map<string, ManagedPolicy>();
  for await (const one of ahead(vendorPolicies(session), 8, (item) => withGrants(session, item))) {
    if (found.has(one.arn)) throw new CollectorError('incomplete', `${LIST}: ${one.arn} came twice`);
    found.set(one.arn, one);
  }
  return found;
}

async function* vendorPolicies(session: Session): AsyncGenerator<Policy, void, undefined> {
  const fetch = (token: string | undefined) =>
    session.call(LIST, (options) =>
      iamOf(session).send(
        new ListPoliciesCommand({ Scope: 'AWS', OnlyAttached: true, MaxItems: 1000, Marker: token }),
        options,
      ),
    );
  for await (const page of pages<ListPoliciesResponse>(LIST, fetch, (page) => marker(LIST, page)))
    yield* listed(LIST, 'Policies', page.Policies);
}

async function withGrants(session: Session, item: Policy): Promise<ManagedPolicy> {
  const { PolicyId, PolicyName, Arn, DefaultVersionId, AttachmentCount } = read(
    LIST,
    item.Arn ?? 'a policy',
    policy,
    item,
  );
  return {
    id: PolicyId,
    name: PolicyName,
    arn: Arn,
    attachments: AttachmentCount,
    grants: await grantsOfVersion(session, Arn, DefaultVersionId),
  };
}

/** What one of AWS's own policies gives today, whether it is attached anywhere or not. Two calls. */
export async function grantsOfVendorPolicy(session: Session, arn: string): Promise<Grants> {
  const { Policy: found } = await session.call('iam:GetPolicy', (options) =>
    iamOf(session).send(new GetPolicyCommand({ PolicyArn: arn }), options),
  );
  if (!found?.DefaultVersionId)
    throw new CollectorError('malformed', `iam:GetPolicy: ${arn} has no DefaultVersionId`);
  return grantsOfVersion(session, arn, found.DefaultVersionId);
}

async function grantsOfVersion(session: Session, arn: string, version: string): Promise<Grants> {
  const { PolicyVersion } = await session.call('iam:GetPolicyVersion', (options) =>
    iamOf(session).send(new GetPolicyVersionCommand({ PolicyArn: arn, VersionId: version }), options),
  );
  if (!PolicyVersion?.Document)
    throw new CollectorError('malformed', `iam:GetPolicyVersion: ${arn} ${version} has no Document`);
  return grantsOf(PolicyVersion.Document, `iam:GetPolicyVersion: ${arn}`);
}
