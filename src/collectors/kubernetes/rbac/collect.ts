import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { IdentityRecord } from '../../../inventory/kinds/identity.ts';
import type { RoleBindingRecord } from '../../../inventory/kinds/role-binding.ts';
import type { RoleGrantRecord } from '../../../inventory/kinds/role-grant.ts';
import { common, type Work } from '../dataset.ts';
import { type Binding, bindingsOf, type Role, roleKey, rolesOf } from './bindings.ts';
import { NO_POWER } from './rules.ts';
import { identityOf, isEverybody, isService, loginOf, type Subject } from './subjects.ts';

/**
 * Who is bound to which role. Bindings are listed before roles: a role that isn't there afterwards was not there for any of them, so that a
 * binding never seems to grant nothing only because its role is younger than the list.
 */
export async function* collectRbac(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const bindings = await bindingsOf(work);
  const roles = await rolesOf(work);
  const identities = new Set<string>();
  for (const binding of bindings) {
    const role = roles.get(roleKey(binding.roleScope === 'cluster' ? '' : binding.namespace, binding.role));
    const subjects = new Map(
      binding.subjects.map((subject) => [`${subject.kind}/${loginOf(subject)}`, subject]),
    );
    for (const [key, subject] of subjects) {
      const vendors = isVendors(binding, role, subject);
      // The API server's own parts are nobody's identities.
      const identity = vendors ? undefined : identityOf(subject);
      yield bindingRecord(work, { binding, role, subject, key, vendors, identity });
      if (identity === undefined) continue;
      if (!identities.has(identity)) {
        identities.add(identity);
        yield identityRecord(work, subject, identity);
      }
      yield grantRecord(work, binding, role, subject, identity);
    }
  }
}

interface Bound {
  readonly binding: Binding;
  readonly role: Role | undefined;
  readonly subject: Subject;
  /** The end of the record's id. */
  readonly key: string;
  readonly vendors: boolean;
  readonly identity: string | undefined;
}

function bindingRecord(
  work: Work,
  { binding, role, subject, key, vendors, identity }: Bound,
): RoleBindingRecord {
  const power = role ?? NO_POWER;
  return {
    ...common(work, 'role_binding', `binding/${binding.uid}/${key}`),
    name: binding.name,
    namespace: binding.namespace,
    subject_type: subject.kind === 'User' ? 'user' : subject.kind === 'Group' ? 'group' : 'service_account',
    subject: subject.name,
    subject_namespace: subject.namespace,
    identity: identity === undefined ? '' : common(work, 'identity', identity).id,
    everybody: isEverybody(subject),
    default_account: subject.kind === 'ServiceAccount' && subject.name === 'default',
    role: binding.role,
    role_scope: binding.roleScope,
    role_found: role !== undefined,
    administrator: power.administrator,
    wildcard: power.wildcard,
    escalates: power.escalates,
    reads_secrets: power.readsSecrets,
    executes: power.executes,
    vendor_managed: vendors,
  };
}

/** What the API server itself binds to everybody: to see its version and its API, and to ask about themselves. */
const FOR_EVERYBODY: ReadonlySet<string> = new Set([
  'system:basic-user',
  'system:discovery',
  'system:public-info-viewer',
  'system:service-account-issuer-discovery',
]);

/**
 * The label alone doesn't make a binding the API server's own, since anybody may set it: role and binding must bear it, and the subject be one
 * of its own parts. What gives everything is its own only as it makes it, for `system:masters`; no other group gets anything far-reaching.
 */
function isVendors(binding: Binding, role: Role | undefined, subject: Subject): boolean {
  if (!binding.bootstrapped || role?.bootstrapped !== true) return false;
  const { kind, name, namespace } = subject;
  if (role.administrator)
    return binding.name === 'cluster-admin' && kind === 'Group' && name === 'system:masters';
  if (!binding.name.startsWith('system:')) return false;
  if (kind === 'ServiceAccount') return namespace === 'kube-system';
  if (isEverybody(subject) && !(FOR_EVERYBODY.has(binding.name) && binding.role === binding.name))
    return false;
  if (kind === 'User') return name.startsWith('system:kube-');
  return isService(name) && !(role.wildcard || role.escalates || role.readsSecrets || role.executes);
}

/** Nobody signs in to an API server: who people are, it is told by others with each request. */
function identityRecord(work: Work, subject: Subject, native: string): IdentityRecord {
  const login = loginOf(subject);
  return {
    ...common(work, 'identity', native),
    name: login,
    type: isService(login) ? 'service' : 'user',
    enabled: true,
    can_sign_in: false,
    second_factor: null,
    created_at: null,
    last_active_at: null,
    logins: [login],
    groups: [],
    tags: [],
  };
}

function grantRecord(
  work: Work,
  binding: Binding,
  role: Role | undefined,
  subject: Subject,
  identity: string,
): RoleGrantRecord {
  return {
    ...common(work, 'role_grant', `grant/${binding.uid}/${subject.kind}/${loginOf(subject)}`),
    identity: common(work, 'identity', identity).id,
    // A service account is itself a role that workloads take on.
    grantee_type: subject.kind === 'User' ? 'user' : 'role',
    via: 'direct',
    attachment: 'attached',
    policy: binding.role,
    policy_ref: `${binding.roleScope === 'cluster' ? 'clusterrole' : 'role'}/${binding.role}`,
    // Everything in one namespace is not everything.
    administrator: (role?.administrator ?? false) && binding.namespace === '',
    target: '',
  };
}
