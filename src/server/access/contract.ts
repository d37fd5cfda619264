import type { AccessRole } from '../../engine/access-log.ts';

/** What a route asks of its caller. */
export interface RouteAccess {
  /** `open`: of nobody. Every other role includes `viewer`; none includes another. */
  readonly role: AccessRole | 'open';
  /** Each answer is recorded, and sealed as `access/v1`: routes that give evidence, and those that write. */
  readonly sealed: boolean;
  /** A link of the bundle that the path names lets in, too. */
  readonly link?: boolean;
}

/** What a caller wants to do. */
export interface Operation {
  readonly role: AccessRole;
  /** Method in lower case. */
  readonly verb: string;
  /** Without the query, in its one spelling. */
  readonly path: string;
}

/** Somebody who has shown who they are. */
export interface Caller {
  /** `<method>:<name>`: `token:prometheus`, `oidc:<subject>`, `kubernetes:<username>`, `link:<id>`. */
  readonly name: string;
  /** Empty where the cluster, or a link, says what they may do. */
  readonly roles: readonly AccessRole[];
  /** Rejects with ServerError `unavailable`. */
  may(operation: Operation): Promise<boolean>;
  /** By which they were let in. */
  readonly link?: { readonly id: string; readonly for: string };
}

/**
 * - `missing`: no bearer token
 * - `invalid`: forged, unknown, malformed, or meant for somebody else
 * - `expired`: it was valid once
 * - `role`: the caller may not do this
 * - `rate`: too many requests
 * - `unavailable`: who could tell isn't reached, or the agent is starting
 * - `link`: the link opens nothing here
 * - `spent`: the link has been used, was revoked or has expired
 * - `unsealed`: access can't be recorded, so evidence is not given
 */
export const denialReasons = [
  'missing',
  'invalid',
  'expired',
  'role',
  'rate',
  'unavailable',
  'link',
  'spent',
  'unsealed',
] as const;
export type DenialReason = (typeof denialReasons)[number];

/** Who holds a token, or why it isn't taken. */
export type Identified = Caller | Extract<DenialReason, 'invalid' | 'expired' | 'rate'>;

/** Whether a caller with these roles has the one that is needed. */
export function holds(roles: readonly AccessRole[], needed: AccessRole): boolean {
  return needed === 'viewer' ? roles.length > 0 : roles.includes(needed);
}

const callerName = /^[^\p{Cc}\p{Cs}]{1,256}$/u;

/** Whether a name that somebody else gave can be sealed. */
export function isCallerName(name: string): boolean {
  return callerName.test(name);
}

export function callerWithRoles(name: string, roles: readonly AccessRole[]): Caller {
  return { name, roles, may: ({ role }) => Promise.resolve(holds(roles, role)) };
}
