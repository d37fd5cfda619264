import type { Kind } from './kind.ts';
import { account } from './kinds/account.ts';
import { credential } from './kinds/credential.ts';
import { departure } from './kinds/departure.ts';
import { identity } from './kinds/identity.ts';
import { person } from './kinds/person.ts';
import { roleGrant } from './kinds/role-grant.ts';

/** Every kind of record, by name. A new one is a file under kinds/ and a line here. */
export const kinds: ReadonlyMap<string, Kind> = new Map(
  [account, credential, departure, identity, person, roleGrant].map((kind) => [kind.name, kind]),
);
