import { describe, expect, test } from 'vitest';
import { powerOf } from '../../../src/collectors/kubernetes/rbac/rules.ts';
import { estate, meta } from './estate.ts';
import { collected } from './harness.ts';

const rule = (
  verbs: string,
  apiGroups: string,
  resources: string,
  resourceNames: readonly string[] = [],
) => ({
  verbs: verbs.split(' '),
  apiGroups: [apiGroups],
  resources: resources.split(' '),
  resourceNames: [...resourceNames],
});
const RBAC = 'rbac.authorization.k8s.io';
const BOOT = { labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' } };

describe('what the rules of a role allow', () => {
  test.each([
    ['nothing', [], []],
    ['reading pods', [rule('get list watch', '', 'pods')], []],
    [
      'everything',
      [rule('*', '*', '*')],
      ['administrator', 'escalates', 'executes', 'readsSecrets', 'wildcard'],
    ],
    [
      'everything of one name',
      [rule('*', '*', '*', ['one'])],
      ['escalates', 'executes', 'readsSecrets', 'wildcard'],
    ],
    [
      'everything of the core group',
      [rule('*', '', '*')],
      ['escalates', 'executes', 'readsSecrets', 'wildcard'],
    ],
    ['every verb of pods', [rule('*', '', 'pods')], ['wildcard']],
    ['reading everything', [rule('get', '*', '*')], ['executes', 'readsSecrets', 'wildcard']],
    ['a path that is no resource', [{ verbs: ['*'], apiGroups: [], resources: [], resourceNames: [] }], []],
    ['secrets by name', [rule('get', '', 'secrets', ['one'])], ['readsSecrets']],
    ['making secrets', [rule('create', '', 'secrets')], []],
    ['secrets of another group', [rule('get', 'example.org', 'secrets')], []],
    ['exec', [rule('create', '', 'pods/exec')], ['executes']],
    ['exec by a star for the resource', [rule('create', '', '*/exec')], ['executes']],
    ['a debug container', [rule('patch', '', 'pods/ephemeralcontainers')], ['executes']],
    ['the proxy of a node', [rule('get', '', 'nodes/proxy')], ['executes']],
    ['bind', [rule('bind', RBAC, 'clusterroles')], ['escalates']],
    ['escalate', [rule('escalate', RBAC, 'roles')], ['escalates']],
    ['impersonate', [rule('impersonate', '', 'users')], ['escalates']],
    ['tokens of service accounts', [rule('create', '', 'serviceaccounts/token')], ['escalates']],
    ['making service accounts', [rule('create', '', 'serviceaccounts')], []],
  ])('%s', (_, rules, expected) => {
    const held = Object.entries(powerOf(rules)).flatMap(([name, holds]) => (holds ? [name] : []));
    expect(held.sort()).toEqual(expected);
  });
});

interface Bound {
  readonly name: string;
  readonly role: string;
  readonly subject: object;
  readonly more?: object;
}

/** Cluster-wide bindings and cluster roles, with one record each of the kind. */
async function bindingsOf(roles: readonly object[], ...bindings: readonly Bound[]) {
  const all = estate();
  const put = (plural: string, kind: string, objects: readonly object[]) =>
    all.set(`/apis/${RBAC}/v1/${plural}`, { apiVersion: `${RBAC}/v1`, kind, objects });
  put('clusterroles', 'ClusterRole', roles);
  put('roles', 'Role', []);
  put('rolebindings', 'RoleBinding', []);
  put(
    'clusterrolebindings',
    'ClusterRoleBinding',
    bindings.map(({ name, role, subject, more }) => ({
      metadata: meta(name, { ...more }, ''),
      roleRef: { kind: 'ClusterRole', name: role },
      subjects: [subject],
    })),
  );
  const { records } = await collected('rbac', all);
  return { records, bindings: records.filter(({ kind }) => kind === 'role_binding') };
}

const admin = { metadata: meta('cluster-admin', BOOT, ''), rules: [rule('*', '*', '*')] };
const masters = { kind: 'Group', name: 'system:masters' };

describe('bindings', () => {
  test('what the API server binds itself is marked, but not what only looks like it', async () => {
    const scheduler = { metadata: meta('system:kube-scheduler', BOOT, ''), rules: [rule('get', '', 'pods')] };
    const own = { metadata: meta('system:own', {}, ''), rules: [rule('get', '', 'pods')] };
    const basic = { metadata: meta('system:basic-user', BOOT, ''), rules: [rule('create', '', 'reviews')] };
    const secrets = { metadata: meta('system:secrets', BOOT, ''), rules: [rule('get', '', 'secrets')] };
    const everybody = { kind: 'Group', name: 'system:authenticated' };
    const user = { kind: 'User', name: 'ann@example.org' };
    const { bindings } = await bindingsOf(
      [admin, scheduler, own, basic, secrets],
      { name: 'cluster-admin', role: 'cluster-admin', subject: masters, more: BOOT },
      {
        name: 'system:kube-scheduler',
        role: 'system:kube-scheduler',
        subject: { kind: 'User', name: 'system:kube-scheduler' },
        more: BOOT,
      },
      {
        name: 'system:hidden',
        role: 'cluster-admin',
        subject: { kind: 'ServiceAccount', name: 'x', namespace: 'kube-system' },
        more: BOOT,
      },
      { name: 'system:person', role: 'system:kube-scheduler', subject: user, more: BOOT },
      { name: 'system:no-label', role: 'system:kube-scheduler', subject: masters },
      { name: 'system:own-role', role: 'system:own', subject: masters, more: BOOT },
      { name: 'other-name', role: 'cluster-admin', subject: masters, more: BOOT },
      { name: 'system:basic-user', role: 'system:basic-user', subject: everybody, more: BOOT },
      { name: 'system:discovery', role: 'system:kube-scheduler', subject: everybody, more: BOOT },
      { name: 'system:for-all', role: 'system:basic-user', subject: everybody, more: BOOT },
      {
        name: 'system:secrets',
        role: 'system:secrets',
        subject: { kind: 'Group', name: 'system:nodes' },
        more: BOOT,
      },
      {
        name: 'system:disguised',
        role: 'system:basic-user',
        subject: { kind: 'User', name: 'system:serviceaccount:shop:x' },
        more: BOOT,
      },
    );
    const marked = bindings.flatMap((record) =>
      'vendor_managed' in record && record.vendor_managed === true && 'name' in record ? [record.name] : [],
    );
    expect(marked).toEqual(['cluster-admin', 'system:kube-scheduler', 'system:basic-user']);
  });

  test('a binding to a role that is not there is kept, and grants nothing', async () => {
    const { bindings, records } = await bindingsOf([], {
      name: 'b',
      role: 'nowhere',
      subject: { kind: 'User', name: 'ann@example.org' },
    });
    expect(bindings).toMatchObject([
      {
        role_found: false,
        administrator: false,
        role: 'nowhere',
        identity: 'kubernetes:test:user/ann@example.org',
      },
    ]);
    expect(records.find(({ kind }) => kind === 'role_grant')).toMatchObject({
      administrator: false,
      policy: 'nowhere',
    });
  });

  test('users and service accounts are identities that nobody signs in with; groups have no members here', async () => {
    const { records } = await bindingsOf(
      [admin],
      { name: 'a', role: 'cluster-admin', subject: { kind: 'User', name: 'ann@example.org' } },
      {
        name: 'b',
        role: 'cluster-admin',
        subject: { kind: 'ServiceAccount', name: 'app', namespace: 'shop' },
      },
      { name: 'c', role: 'cluster-admin', subject: { kind: 'Group', name: 'platform' } },
      { name: 'd', role: 'cluster-admin', subject: { kind: 'User', name: 'ann@example.org' } },
    );
    expect(records.filter(({ kind }) => kind === 'identity')).toMatchObject([
      {
        name: 'ann@example.org',
        type: 'user',
        can_sign_in: false,
        second_factor: null,
        last_active_at: null,
        logins: ['ann@example.org'],
      },
      { name: 'system:serviceaccount:shop:app', type: 'service', enabled: true },
    ]);
    expect(records.filter(({ kind }) => kind === 'role_grant')).toMatchObject([
      { grantee_type: 'user', administrator: true },
      { grantee_type: 'role', administrator: true },
      { grantee_type: 'user', administrator: true },
    ]);
  });

  test.each([
    ['system:authenticated', true],
    ['system:unauthenticated', true],
    ['system:serviceaccounts', true],
    ['system:serviceaccounts:shop', true],
    ['platform', false],
  ])('the group %s is everybody: %s', async (name, everybody) => {
    const { bindings } = await bindingsOf([admin], {
      name: 'a',
      role: 'cluster-admin',
      subject: { kind: 'Group', name },
    });
    expect(bindings).toMatchObject([{ everybody, identity: '', subject_type: 'group' }]);
  });
});

test('everything in one namespace is no administrator of the cluster', async () => {
  const all = estate();
  const path = `/apis/${RBAC}/v1`;
  all.set(`${path}/clusterroles`, { apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', objects: [admin] });
  all.set(`${path}/clusterrolebindings`, {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRoleBinding',
    objects: [],
  });
  const roleRef = { kind: 'ClusterRole', name: 'cluster-admin' };
  const subjects = [{ kind: 'ServiceAccount', name: 'default' }];
  all.set(`${path}/rolebindings`, {
    apiVersion: `${RBAC}/v1`,
    kind: 'RoleBinding',
    objects: [{ metadata: meta('a'), roleRef, subjects }],
  });
  const { records } = await collected('rbac', all);
  expect(records).toMatchObject([
    {
      kind: 'role_binding',
      namespace: 'shop',
      administrator: true,
      default_account: true,
      subject_namespace: 'shop',
    },
    { kind: 'identity', name: 'system:serviceaccount:shop:default' },
    { kind: 'role_grant', administrator: false, via: 'direct' },
  ]);
});
