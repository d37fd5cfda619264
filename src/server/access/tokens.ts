import { hash, timingSafeEqual } from 'node:crypto';
import type { AccessToken } from '../../engine/access-log.ts';
import { callerWithRoles, type Identified } from './contract.ts';

/** How every token begins that `annexa token` makes; 32 random bytes in base64url follow. */
export const TOKEN_PREFIX = 'annexa_';

export function digestOf(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}

export interface KnownToken extends AccessToken {
  readonly digest: Buffer;
}

export function knownToken(token: AccessToken): KnownToken {
  return { ...token, digest: Buffer.from(token.sha256, 'hex') };
}

/** Looks a token up by its digest, in the same time whichever it is. `now` in Unix seconds. */
export function identifyToken(tokens: readonly KnownToken[], token: string, now: number): Identified {
  const digest = digestOf(token);
  let found: AccessToken | undefined;
  for (const one of tokens) if (timingSafeEqual(one.digest, digest)) found = one;
  if (found === undefined) return 'invalid';
  if (now >= found.expires) return 'expired';
  return callerWithRoles(`token:${found.name}`, found.roles);
}
