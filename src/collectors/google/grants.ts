import { z } from 'zod';
import type { OauthGrantRecord } from '../../inventory/kinds/oauth-grant.ts';
import { ahead } from '../ahead.ts';
import { read } from '../read.ts';
import { confirmCustomer } from './customer.ts';
import { common, CUSTOMER, directoryScope, type GoogleWorker, recordId, type Work } from './dataset.ts';
import { listUsers, probeUsers } from './users.ts';

const OPERATION = 'directory.tokens.list';
const FIELDS = 'kind,items(clientId,displayText,anonymous,nativeApp,scopes)';

const user = z.object({ id: z.string() });
const token = z.object({
  clientId: z.string().min(1),
  displayText: z.string().default(''),
  anonymous: z.boolean().nullable().default(null),
  nativeApp: z.boolean().nullable().default(null),
  scopes: z.array(z.string()).min(1),
});
type Token = z.output<typeof token>;
const tokens = z.object({
  kind: z.string().endsWith('directory#tokenList', 'expected directory#tokenList'),
  items: z.array(token).default([]),
});

/** What applications may do in each user's name: one call a user, suspended ones included. */
export const oauthGrants: GoogleWorker = {
  async *collect(work) {
    const { concurrency } = work.config.oauthGrants ?? { concurrency: 1 };
    const users = listUsers(work, 'id', user);
    for await (const grants of ahead(users, concurrency, ({ id }) => grantsOf(work, id))) yield* grants;
  },
  probes: {
    [CUSTOMER]: confirmCustomer,
    [directoryScope('user.readonly')]: probeUsers,
    [directoryScope('user.security')]: ({ session, config }) =>
      session.call(OPERATION, (directory, options) =>
        directory.tokens.list({ userKey: config.subject, fields: 'kind' }, options),
      ),
  },
};

async function grantsOf(work: Work, userKey: string): Promise<readonly OauthGrantRecord[]> {
  const data = await work.session.call(OPERATION, (directory, options) =>
    directory.tokens.list({ userKey, fields: FIELDS }, options),
  );
  const { items } = read(OPERATION, `user ${userKey}`, tokens, data);
  return [...Map.groupBy(items, ({ clientId }) => clientId)]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([clientId, granted]) => grantOf(work, userKey, clientId, granted));
}

/** A client may hold more than one token of a user: what it may do is what they allow together. */
function grantOf(work: Work, user: string, client: string, granted: readonly Token[]): OauthGrantRecord {
  return {
    ...common(work, 'oauth_grant', `${user}/${client}`),
    identity: recordId(work.config.scope, user),
    client,
    name: [...new Set(granted.map(({ displayText }) => displayText))].sort().join(', '),
    anonymous: worst(granted.map(({ anonymous }) => anonymous)),
    native: worst(granted.map(({ nativeApp }) => nativeApp)),
    scopes: [...new Set(granted.flatMap(({ scopes }) => scopes))].sort(),
  };
}

function worst(said: readonly (boolean | null)[]): boolean | null {
  return said.includes(true) ? true : said.includes(null) ? null : false;
}
