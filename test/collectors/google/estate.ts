import type { admin_directory_v1 } from '@googleapis/admin';

/** A customer of Google Workspace, in the words of the Directory API's own types. */
export interface Estate {
  readonly customer: admin_directory_v1.Schema$Customer;
  readonly users: readonly admin_directory_v1.Schema$User[];
  readonly roles: readonly admin_directory_v1.Schema$Role[];
  readonly assignments: readonly admin_directory_v1.Schema$RoleAssignment[];
  /** By the group's id, with those of the groups within it. */
  readonly members: Readonly<Record<string, readonly admin_directory_v1.Schema$Member[]>>;
  /** By the user's id. */
  readonly tokens: Readonly<Record<string, readonly admin_directory_v1.Schema$Token[]>>;
  readonly mobile: readonly admin_directory_v1.Schema$MobileDevice[];
  readonly chromeos: readonly admin_directory_v1.Schema$ChromeOsDevice[];
}

export const CUSTOMER = 'C01234567';
export const SUBJECT = 'auditor@acme.example';

/** A user who works here, with what Google tells beside. */
export function userOf(
  id: string,
  email: string,
  told: admin_directory_v1.Schema$User = {},
): admin_directory_v1.Schema$User {
  return {
    kind: 'admin#directory#user',
    id,
    primaryEmail: email,
    name: { givenName: 'Given', familyName: 'Family', fullName: 'Given Family' },
    isAdmin: false,
    isDelegatedAdmin: false,
    lastLoginTime: '2026-05-30T08:00:00.000Z',
    creationTime: '2024-01-02T03:04:05.000Z',
    suspended: false,
    archived: false,
    isEnrolledIn2Sv: true,
    isEnforcedIn2Sv: true,
    customerId: CUSTOMER,
    orgUnitPath: '/',
    ...told,
  };
}

export const SUPER_ROLE = '101';
export const HELP_ROLE = '102';
const AUDIT_ROLE = '103';
const roles: readonly admin_directory_v1.Schema$Role[] = [
  {
    kind: 'admin#directory#role',
    roleId: SUPER_ROLE,
    roleName: '_SEED_ADMIN_ROLE',
    isSystemRole: true,
    isSuperAdminRole: true,
  },
  { kind: 'admin#directory#role', roleId: HELP_ROLE, roleName: '_HELP_DESK_ADMIN_ROLE', isSystemRole: true },
  { kind: 'admin#directory#role', roleId: AUDIT_ROLE, roleName: 'Auditors', isSystemRole: false },
];

export const base: Estate = {
  customer: { kind: 'admin#directory#customer', id: CUSTOMER, customerDomain: 'acme.example' },
  users: [
    userOf('1001', SUBJECT, { isDelegatedAdmin: true }),
    userOf('1002', 'bob@acme.example', { isAdmin: true, aliases: ['robert@acme.example', 'b@acme.example'] }),
    userOf('1003', 'carol@acme.example', {
      suspended: true,
      lastLoginTime: '1970-01-01T00:00:00.000Z',
      isEnrolledIn2Sv: false,
      isEnforcedIn2Sv: false,
      nonEditableAliases: ['carol@acme.example.test-google-a.com'],
    }),
    userOf('1004', 'dora@acme.example', { archived: true }),
    userOf('1005', 'guest@partner.example', { isGuestUser: true, isEnforcedIn2Sv: false }),
  ],
  roles,
  assignments: [
    {
      kind: 'admin#directory#roleAssignment',
      roleAssignmentId: '9001',
      roleId: SUPER_ROLE,
      assignedTo: '1002',
      assigneeType: 'user',
      scopeType: 'CUSTOMER',
    },
    {
      kind: 'admin#directory#roleAssignment',
      roleAssignmentId: '9002',
      roleId: HELP_ROLE,
      assignedTo: '5001',
      assigneeType: 'group',
      scopeType: 'CUSTOMER',
    },
    {
      kind: 'admin#directory#roleAssignment',
      roleAssignmentId: '9003',
      roleId: AUDIT_ROLE,
      assignedTo: '1001',
      assigneeType: 'USER',
      scopeType: 'ORG_UNIT',
      orgUnitId: 'ou1',
    },
  ],
  members: {
    '5001': [
      { kind: 'admin#directory#member', id: '1003', type: 'USER', role: 'MEMBER' },
      { kind: 'admin#directory#member', id: '5002', type: 'GROUP', role: 'MEMBER' },
      { kind: 'admin#directory#member', id: '1005', type: 'USER', role: 'MEMBER' },
    ],
  },
  tokens: {
    '1002': [
      token('222.apps.googleusercontent.com', 'Mailer', ['https://mail.google.com/', 'openid']),
      token('111.apps.googleusercontent.com', 'Notes', ['openid'], { nativeApp: true }),
      token('222.apps.googleusercontent.com', 'Mailer', ['email']),
    ],
    '1005': [token('anonymous', 'Old script', ['openid'], { anonymous: true })],
  },
  mobile: [
    {
      kind: 'admin#directory#mobiledevice',
      resourceId: 'm1',
      type: 'ANDROID',
      model: 'Pixel 9',
      os: 'Android 16',
      email: ['Bob@acme.example'],
      status: 'APPROVED',
      encryptionStatus: 'Encrypted',
      devicePasswordStatus: 'On',
      deviceCompromisedStatus: 'No compromise detected',
      lastSync: '2026-05-31T08:00:00.000Z',
      serialNumber: 'SECRET-SERIAL',
    },
    {
      kind: 'admin#directory#mobiledevice',
      resourceId: 'm2',
      type: 'IOS_SYNC',
      model: 'iPhone',
      os: 'iOS 19',
      email: ['carol@acme.example'],
      status: 'Pending',
      encryptionStatus: 'Not encrypted',
      devicePasswordStatus: 'Off',
      deviceCompromisedStatus: 'Compromised',
      lastSync: '2026-01-31T08:00:00.000Z',
    },
    {
      kind: 'admin#directory#mobiledevice',
      resourceId: 'm3',
      type: 'GOOGLE_SYNC',
      email: ['dora@acme.example'],
      status: 'Something new',
      encryptionStatus: 'Something new',
      deviceCompromisedStatus: 'Undetected',
    },
  ],
  chromeos: [
    {
      kind: 'admin#directory#chromeosdevice',
      deviceId: 'c1',
      status: 'ACTIVE',
      model: 'Chromebook',
      osVersion: '140.0',
      bootMode: 'Verified',
      annotatedUser: 'Bob@acme.example',
      recentUsers: [{ email: 'carol@acme.example', type: 'USER_TYPE_MANAGED' }],
      lastSync: '2026-05-31T08:00:00.000Z',
      serialNumber: 'SECRET-SERIAL',
    },
    {
      kind: 'admin#directory#chromeosdevice',
      deviceId: 'c2',
      status: 'DEPROVISIONED',
      bootMode: 'Dev',
      annotatedUser: 'reception',
      recentUsers: [{ email: 'Dora@acme.example', type: 'USER_TYPE_MANAGED' }],
    },
    {
      kind: 'admin#directory#chromeosdevice',
      deviceId: 'c3',
      status: 'ACTIVE',
      lastSync: '2026-02-01T00:00:00.000Z',
    },
  ],
};

export function token(
  clientId: string,
  displayText: string,
  scopes: string[],
  told: admin_directory_v1.Schema$Token = {},
): admin_directory_v1.Schema$Token {
  return {
    kind: 'admin#directory#token',
    clientId,
    displayText,
    scopes,
    anonymous: false,
    nativeApp: false,
    ...told,
  };
}

export const ASSIGNED = { kind: 'admin#directory#roleAssignment', scopeType: 'CUSTOMER' };

/** Nobody and nothing that any check would find, and a leaver whose account was suspended and whose phone was wiped. `now`: Unix seconds. */
export function soundEstate(now: number): Estate {
  const yesterday = new Date((now - 86_400) * 1000).toISOString();
  const user = (id: string, email: string, told: admin_directory_v1.Schema$User = {}) =>
    userOf(id, email, { lastLoginTime: yesterday, ...told });
  return {
    ...base,
    users: [
      user('1', SUBJECT),
      user('2', 'ann@acme.example', { isAdmin: true }),
      user('3', 'lea@acme.example', { suspended: true }),
    ],
    assignments: [
      { ...ASSIGNED, roleAssignmentId: '91', roleId: SUPER_ROLE, assignedTo: '2', assigneeType: 'user' },
    ],
    members: {},
    tokens: {},
    mobile: [
      { ...base.mobile[0]!, email: ['ann@acme.example'], lastSync: yesterday },
      { resourceId: 'm9', type: 'ANDROID', status: 'WIPED', email: ['lea@acme.example'] },
    ],
    chromeos: [{ ...base.chromeos[0]!, annotatedUser: 'ann@acme.example', lastSync: yesterday }],
  };
}
