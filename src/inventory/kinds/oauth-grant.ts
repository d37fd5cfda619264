import { z } from 'zod';
import { identifier, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'oauth_grant',
  {
    /** Id of the identity record in whose name the application acts. */
    identity: identifier,
    /** The application's client id. */
    client: identifier,
    /** What the application calls itself. */
    name: text,
    /** Whether the application isn't registered with the source. */
    anonymous: z.boolean().nullable(),
    /** Whether it is installed on a computer or phone. */
    native: z.boolean().nullable(),
    /** What it may do, in the source's words. */
    scopes: z.array(identifier),
  },
  { indexes: ['identity', 'client'] },
);

/** Leave that somebody gave to an application to act in their name. */
export type OauthGrantRecord = z.infer<typeof table.schema>;

export const oauthGrant = table.kind;
