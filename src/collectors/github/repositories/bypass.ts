import type { BranchRecord } from '../../../inventory/kinds/branch.ts';
import type { Allowance } from './query.ts';
import type { BypassActor } from './rulesets.ts';

export type Bypass = BranchRecord['bypasses'][number];

/** Rules that come together: those of one ruleset, or the classic protection. */
export interface Layer {
  /** It makes changes go through pull requests. */
  readonly reviews: boolean;
  /** Administrators may go past it; undefined: it can't be told. */
  readonly admins: boolean | undefined;
  /** Who is named as allowed to go past it; undefined: it can't be told. */
  readonly bypasses: readonly Bypass[] | undefined;
}

/**
 * Whether somebody gets past every layer. One that lets nobody past is enough; where it isn't known of one who may, and none lets nobody past,
 * it can't be told. Who may pass one layer and who another are taken for the same.
 */
export function passable(
  layers: readonly Layer[],
  by: (layer: Layer) => boolean | undefined,
): boolean | null {
  const told = layers.map(by);
  if (told.includes(false)) return false;
  return told.includes(undefined) ? null : true;
}

export function ofAllowance({ actor }: Allowance, mode: Bypass['mode']): Bypass {
  if (actor === null) return { type: 'unknown', name: '', mode };
  if (actor.is === 'User') return { type: 'user', name: actor.login, mode };
  return { type: actor.is === 'Team' ? 'team' : 'app', name: actor.slug, mode };
}

const MODES: Readonly<Record<string, Bypass['mode']>> = { ALWAYS: 'always', PULL_REQUEST: 'pull_request' };

export function ofActor(bypass: BypassActor): Bypass {
  const mode = MODES[bypass.bypassMode ?? ''] ?? 'unknown';
  const { actor, repositoryRoleName, repositoryRoleDatabaseId } = bypass;
  if (bypass.organizationAdmin) return { type: 'organization_admin', name: '', mode };
  if (bypass.enterpriseOwner) return { type: 'enterprise_owner', name: '', mode };
  if (bypass.deployKey) return { type: 'deploy_key', name: '', mode };
  if (repositoryRoleName !== null || repositoryRoleDatabaseId !== null)
    return { type: 'role', name: repositoryRoleName ?? String(repositoryRoleDatabaseId), mode };
  const types: Readonly<Record<string, Bypass['type']>> = { App: 'app', Team: 'team' };
  return { type: types[actor?.is ?? ''] ?? 'unknown', name: actor?.slug ?? '', mode };
}

/** Whoever holds a role of the repository can be made to hold it by an administrator: a role lets administrators past. */
const OF_ADMINS: readonly Bypass['type'][] = ['organization_admin', 'enterprise_owner', 'role', 'unknown'];

export function letsAdminsPast(bypasses: readonly Bypass[]): boolean {
  return bypasses.some(({ type }) => OF_ADMINS.includes(type));
}
