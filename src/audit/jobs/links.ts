import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { StoredLink } from './folder.ts';

/** How every secret of a link begins; 32 random bytes in base64url follow. */
const PREFIX = 'annexa_link_';

/** `open`: it lets in. */
export type Standing = 'open' | 'spent' | 'revoked' | 'expired';

/** The secret is not in what is stored. */
export function makeLink(asked: Pick<StoredLink, 'for' | 'by' | 'createdAt' | 'expiresAt'>): {
  readonly link: StoredLink;
  readonly secret: string;
} {
  const secret = PREFIX + randomBytes(32).toString('base64url');
  const sha256 = digestOf(secret).toString('hex');
  return { link: { id: randomBytes(8).toString('hex'), ...asked, sha256, ended: null }, secret };
}

/** In the same time whichever it is. */
export function linkOf(links: readonly StoredLink[], secret: string): StoredLink | undefined {
  const digest = digestOf(secret);
  let found: StoredLink | undefined;
  for (const one of links) if (timingSafeEqual(Buffer.from(one.sha256, 'hex'), digest)) found = one;
  return found;
}

/** `now` in Unix seconds. */
export function standingOf({ ended, expiresAt }: StoredLink, now: number): Standing {
  return ended ?? (now >= expiresAt ? 'expired' : 'open');
}

function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
