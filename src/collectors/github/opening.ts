import { z } from 'zod';
import { CollectorError } from '../error.ts';
import type { Session } from './session.ts';

/** The organisation, and who asks. */
export interface Opening {
  /** Immutable, unlike the login. */
  readonly id: number;
  readonly login: string;
  /** Null: it isn't told to who asks. */
  readonly secondFactorRequired: boolean | null;
  readonly caller: string;
  /**
   * Whether an app's installation may read administration: what it isn't told of a repository isn't there. Of a token each repository says
   * whether its owner administers it.
   */
  readonly administration: boolean;
}

const OPENING = `
  query Opening($login: String!) {
    viewer { login }
    organization(login: $login) { databaseId login requiresTwoFactorAuthentication }
  }`;

const opening = z.object({
  viewer: z.object({ login: z.string() }),
  organization: z
    .object({
      databaseId: z.int(),
      login: z.string(),
      requiresTwoFactorAuthentication: z.boolean().nullable(),
    })
    .nullable(),
});

export async function openOrganization(session: Session, login: string): Promise<Opening> {
  const operation = 'graphql:organization';
  const answer = await session.query(operation, OPENING, { login }, opening);
  const organization = visible(operation, answer.organization);
  return {
    id: organization.databaseId,
    login: organization.login,
    secondFactorRequired: organization.requiresTwoFactorAuthentication,
    caller: session.caller ?? answer.viewer.login,
    administration: session.granted?.['administration'] !== undefined,
  };
}

/** What an answer tells of the organisation. GitHub tells what may not be seen as what isn't there. */
export function visible<T>(operation: string, organization: T | null): T {
  if (organization !== null) return organization;
  throw new CollectorError(
    'denied',
    `${operation}: the organisation isn't there, or not visible with these credentials`,
  );
}
