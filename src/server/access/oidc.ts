import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import type { AccessRole, OidcSpec } from '../../engine/access-log.ts';
import { ServerError } from '../error.ts';
import { callerWithRoles, type Identified, isCallerName } from './contract.ts';

/** Signatures by a key pair alone: a key that both sides know would let everybody who verifies also sign. */
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'];
/** Seconds that clocks may differ by. */
const SKEW = 30;
/** Seconds after which the provider's description is read again, and after which it is asked again when it couldn't be. */
const DISCOVERED = 3600;
const RETRY = 10;
/** Milliseconds for one answer, and between two looks for a key that isn't known. */
const PATIENCE = 5000;
const COOLDOWN = 10_000;
const LONGEST = 1 << 20;

const description = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) });

export interface Provider {
  /** Rejects with ServerError `unavailable` while the provider's keys can't be had. */
  identify(token: string): Promise<Identified>;
}

/** Verifies access tokens (JWT) of one OpenID Connect provider. Nothing is asked of it before the first token comes. `now` in Unix seconds. */
export function createProvider(spec: OidcSpec, now: () => number): Provider {
  let keys: JWTVerifyGetKey | undefined;
  let knownUri: string | undefined;
  let discoveredAt = -Infinity;
  let discovering: Promise<void> | undefined;
  let failed: { readonly at: number; readonly error: ServerError } | undefined;

  async function discover(): Promise<void> {
    try {
      const uri = await jwksUri(spec.issuer);
      // The keys known so far go on counting while the same place has them.
      if (keys === undefined || uri !== knownUri) {
        keys = createRemoteJWKSet(new URL(uri), { timeoutDuration: PATIENCE, cooldownDuration: COOLDOWN });
        knownUri = uri;
      }
      discoveredAt = now();
      failed = undefined;
    } catch (error) {
      failed = { at: now(), error: unavailable(spec.issuer, error) };
    }
  }
  async function keysNow(): Promise<JWTVerifyGetKey> {
    const isDue = now() - discoveredAt >= DISCOVERED && !(failed !== undefined && now() - failed.at < RETRY);
    if (isDue || discovering !== undefined) {
      discovering ??= discover().finally(() => (discovering = undefined));
      await discovering;
    }
    if (keys !== undefined) return keys;
    throw failed?.error ?? unavailable(spec.issuer, 'it was not asked');
  }

  return {
    async identify(token) {
      const key = await keysNow();
      try {
        const { payload } = await jwtVerify(token, key, {
          issuer: spec.issuer,
          audience: spec.audience,
          algorithms: ALGORITHMS,
          clockTolerance: SKEW,
          currentDate: new Date(now() * 1000),
          requiredClaims: ['exp', spec.subject],
        });
        return callerIn(payload, spec);
      } catch (error) {
        if (error instanceof errors.JWTExpired) return 'expired';
        if (isTokensFault(error)) return 'invalid';
        throw unavailable(spec.issuer, error);
      }
    },
  };
}

function unavailable(issuer: string, cause: unknown): ServerError {
  // What fetch itself says is that it failed.
  const reason = cause instanceof TypeError && cause.cause !== undefined ? cause.cause : cause;
  return new ServerError('unavailable', `the provider ${issuer} can't be asked: ${String(reason)}`, {
    cause,
  });
}

/** Whether the token is to blame, and not that the keys could not be had. */
function isTokensFault(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError)) return false;
  return !(
    error instanceof errors.JWKSTimeout ||
    error instanceof errors.JWKSInvalid ||
    error.code === 'ERR_JOSE_GENERIC'
  );
}

const keySet = z.object({ keys: z.array(z.unknown()) });

/** How many keys a provider publishes. Rejects when it can't be asked, or describes another issuer. */
export async function publishedKeys(issuer: string): Promise<number> {
  return keySet.parse(await json(await jwksUri(issuer))).keys.length;
}

async function json(url: string): Promise<unknown> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(PATIENCE) });
  if (response.status !== 200) throw new Error(`${url}: answered ${response.status}`);
  const found: unknown = JSON.parse(await limitedText(response));
  return found;
}

/** OpenID Connect Discovery 1.0, 4. */
async function jwksUri(issuer: string): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const found = description.parse(await json(url));
  if (found.issuer !== issuer) throw new Error(`${url}: describes the issuer ${found.issuer}`);
  // Keys that come over plain HTTP are anybody's, unless the issuer itself is on this machine.
  if (issuer.startsWith('https:') && !found.jwks_uri.startsWith('https:'))
    throw new Error(`${url}: jwks_uri is not https`);
  return found.jwks_uri;
}

async function limitedText(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    parts.push(part);
    length += part.length;
    if (length > LONGEST) throw new Error(`an answer of more than ${LONGEST} bytes`);
  }
  return Buffer.concat(parts).toString('utf8');
}

function callerIn(payload: JWTPayload, { subject, roles: { claim, map } }: OidcSpec): Identified {
  const name = payload[subject];
  if (typeof name !== 'string' || !isCallerName(name)) return 'invalid';
  const roles = new Set<AccessRole>();
  for (const value of valuesOf(claim, payload)) {
    for (const role of Object.hasOwn(map, value) ? (map[value] ?? []) : []) roles.add(role);
  }
  return callerWithRoles(`oidc:${name}`, [...roles]);
}

const record = z.record(z.string(), z.unknown());
const values = z.array(z.string());

/** The values of a claim. Scopes are one text with spaces (RFC 8693, 4.2); any other text is one value. */
function valuesOf(claim: string, payload: JWTPayload): readonly string[] {
  const value = claimAt(claim, payload);
  if (typeof value === 'string') return claim === 'scope' || claim === 'scp' ? value.split(' ') : [value];
  return values.safeParse(value).data ?? [];
}

/** A claim of that whole name, else what the path with dots leads to. */
function claimAt(claim: string, payload: JWTPayload): unknown {
  if (Object.hasOwn(payload, claim)) return payload[claim];
  let at: unknown = payload;
  for (const part of claim.split('.')) {
    const inside = record.safeParse(at).data;
    if (inside === undefined || !Object.hasOwn(inside, part)) return undefined;
    at = inside[part];
  }
  return at;
}
