import { CUSTOMER, directoryScope, type GoogleDataset } from './dataset.ts';

/** What every collection needs: a token, and the customer's id. Signing is called only where there is no key. */
const ALWAYS = [
  'oauth2.token',
  'iamcredentials.projects.serviceAccounts.signJwt',
  'directory.customers.get',
] as const;

const USERS = directoryScope('user.readonly');

export const datasets: readonly GoogleDataset[] = [
  {
    name: 'users',
    kinds: ['identity', 'role_grant'],
    cadence: 'every 4h',
    operations: [...ALWAYS, 'directory.users.list'],
    permissions: [CUSTOMER, USERS],
    privileges: ['Users > Read'],
    minRecords: 1,
    maxShrink: 0.1,
    load: async () => (await import('./users.ts')).users,
  },
  {
    name: 'admin-roles',
    kinds: ['role_grant'],
    cadence: 'every 4h',
    operations: [
      ...ALWAYS,
      'directory.roles.list',
      'directory.roleAssignments.list',
      'directory.members.list',
    ],
    permissions: [
      CUSTOMER,
      directoryScope('rolemanagement.readonly'),
      directoryScope('group.member.readonly'),
    ],
    privileges: ['Super Admin', 'Groups > Read'],
    minRecords: 1,
    load: async () => (await import('./roles.ts')).adminRoles,
  },
  {
    name: 'oauth-grants',
    kinds: ['oauth_grant'],
    cadence: 'every 24h',
    operations: [...ALWAYS, 'directory.users.list', 'directory.tokens.list'],
    permissions: [CUSTOMER, USERS, directoryScope('user.security')],
    privileges: ['Users > Read', 'Security > User Security Management'],
    minRecords: 0,
    maxShrink: 0.5,
    needs: 'oauthGrants',
    load: async () => (await import('./grants.ts')).oauthGrants,
  },
  {
    name: 'mobile-devices',
    kinds: ['device'],
    cadence: 'every 12h',
    operations: [...ALWAYS, 'directory.mobiledevices.list'],
    permissions: [CUSTOMER, directoryScope('device.mobile.readonly')],
    privileges: ['Mobile Device Management > Manage Devices and Settings'],
    minRecords: 0,
    maxShrink: 0.5,
    load: async () => (await import('./mobile.ts')).mobileDevices,
  },
  {
    name: 'chromeos-devices',
    kinds: ['device'],
    cadence: 'every 12h',
    operations: [...ALWAYS, 'directory.chromeosdevices.list'],
    permissions: [CUSTOMER, directoryScope('device.chromeos.readonly')],
    privileges: ['Chrome Management > Manage Chrome OS Devices (read only)'],
    minRecords: 0,
    maxShrink: 0.5,
    load: async () => (await import('./chromeos.ts')).chromeosDevices,
  },
];
