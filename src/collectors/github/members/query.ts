import { z } from 'zod';
import { edges, PAGE } from '../connection.ts';
import { databaseId, login, time } from '../fields.ts';

export const MEMBERS = `
  query Members($login: String!, $first: Int!, $after: String, $emails: Boolean!) {
    organization(login: $login) {
      membersWithRole(first: $first, after: $after) {
        ${PAGE}
        edges {
          role
          hasTwoFactorEnabled
          node {
            databaseId
            login
            createdAt
            organizationVerifiedDomainEmails(login: $login) @include(if: $emails)
          }
        }
      }
    }
  }`;

const member = z.object({
  role: z.enum(['ADMIN', 'MEMBER']),
  hasTwoFactorEnabled: z.boolean().nullable(),
  node: z.object({
    databaseId,
    login,
    createdAt: time,
    organizationVerifiedDomainEmails: z.array(z.string().min(1)).optional(),
  }),
});

export type Member = z.infer<typeof member>;

export const membersAnswer = z.object({
  organization: z.object({ membersWithRole: edges(member) }).nullable(),
});
