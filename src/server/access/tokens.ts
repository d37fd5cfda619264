import { hash } from 'node:crypto';
import type { AccessToken } from '../../engine/access-log.ts';
import { callerWithRoles, type Identified } from './contract.ts';

/** How every token begins that `annexa token` makes; 32 random bytes in base64url follow. */
export const TOKEN_PREFIX = 'annexa_';

/** SHA-256, hex. */
export function digestOf(token: string): string {
  return hash('sha256', token, 'hex');
}

/** Static tokens by their digest. How long a look takes may tell of a digest, and a digest opens nothing. */
export type KnownTokens = ReadonlyMap<string, AccessToken>;

export function knownTokens(tokens: readonly AccessToken[]): KnownTokens {
  return new Map(tokens.map((token) => [token.sha256, token]));
}

/** Looks a token up. `now` in Unix seconds. */
export function identifyToken(tokens: KnownTokens, token: string, now: number): Identified {
  const found = tokens.get(digestOf(token));
  if (found === undefined) return 'invalid';
  if (now >= found.expires) return 'expired';
  return callerWithRoles(`token:${found.name}`, found.roles);
}
