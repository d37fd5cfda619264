import { z } from 'zod';
import { CollectorError } from '../../error.ts';
import { connection, connectionPages, PAGE } from '../connection.ts';
import type { Work } from '../dataset.ts';
import { databaseId } from '../fields.ts';

const OPERATION = 'graphql:organization.samlIdentityProvider.externalIdentities';

const SAML = `
  query ExternalIdentities($login: String!, $first: Int!, $after: String) {
    organization(login: $login) {
      samlIdentityProvider {
        externalIdentities(first: $first, after: $after, membersOnly: true) {
          ${PAGE}
          nodes {
            user { databaseId }
            samlIdentity { nameId emails { value } }
            scimIdentity { username emails { value } }
          }
        }
      }
    }
  }`;

const emails = z.array(z.object({ value: z.string() })).nullable();
const identity = z.object({
  /** Null: nobody has claimed it. */
  user: z.object({ databaseId }).nullable(),
  samlIdentity: z.object({ nameId: z.string().nullable(), emails }).nullable(),
  scimIdentity: z.object({ username: z.string().nullable(), emails }).nullable(),
});

const answer = z.object({
  organization: z
    .object({
      samlIdentityProvider: z.object({ externalIdentities: connection(identity) }).nullable(),
    })
    .nullable(),
});

/** What the identity provider calls the members, by their number: names and addresses, as far as it gives any. */
export async function samlLogins(work: Work): Promise<ReadonlyMap<number, string[]>> {
  const { session, organization } = work;
  const found = new Map<number, string[]>();
  const fetch = async (after: string | undefined, first: number) => {
    const { login } = organization;
    const told = await session.query(OPERATION, SAML, { login, first, after }, answer);
    const provider = told.organization?.samlIdentityProvider;
    if (provider === undefined || provider === null)
      throw new CollectorError(
        'denied',
        `${OPERATION}: no identity provider, or not visible; an owner's token sees it, else leave saml out of emailsFrom`,
      );
    return provider.externalIdentities;
  };
  for await (const { nodes } of connectionPages({
    operation: OPERATION,
    fetch,
    pageOf: (page) => page,
    first: 100,
  }))
    for (const { user, samlIdentity, scimIdentity } of nodes)
      if (user !== null)
        found.set(user.databaseId, [
          ...(found.get(user.databaseId) ?? []),
          ...namesOf(samlIdentity?.nameId, samlIdentity?.emails),
          ...namesOf(scimIdentity?.username, scimIdentity?.emails),
        ]);
  return found;
}

function namesOf(name: string | null | undefined, addresses: z.infer<typeof emails> | undefined): string[] {
  return [name ?? '', ...(addresses ?? []).map(({ value }) => value)].filter((text) => text !== '');
}
