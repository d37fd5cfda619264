import { describe, expect, test } from 'vitest';
import { verdictsOf } from '../../engine/verdicts.ts';
import {
  ASSIGNED,
  base,
  CUSTOMER,
  type Estate,
  HELP_ROLE,
  soundEstate,
  SUBJECT,
  SUPER_ROLE,
  token,
  userOf,
} from './estate.ts';
import { keyFile } from './identities.ts';
import { type StubOptions, startStub } from './stub.ts';

const NOW = Date.parse('2026-06-01T12:00:00Z');
const clock = (): number => NOW;
const ago = (days: number): string => new Date(NOW - days * 86_400_000).toISOString();

const CHECKS = [
  'identity-second-factor',
  'identity-second-factor-enforced',
  'identity-dormant',
  'identity-owner',
  'administrators-few',
  'administrators-named',
  'leaver-accounts',
  'leaver-grants',
  'leaver-devices',
  'oauth-known-clients',
  'oauth-broad-scopes',
  'device-encrypted',
  'device-screen-lock',
  'device-compromised',
  'device-verified-boot',
  'device-managed',
];

/** Person, work address, other logins, last day. */
const PEOPLE = `id,email,logins,last,asof
1,auditor@acme.example,,,2026-06-01
2,Ann@acme.example,,,2026-06-01
3,lea@acme.example,,2026-05-01,2026-06-01
4,max@acme.example,,2026-05-01,2026-06-01
5,ned@acme.example,,2026-05-31,2026-06-01
`;

const manifests = (endpoint: string): string => `
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: google }
spec:
  plugin: google
  settings:
    scope: ${CUSTOMER}
    subject: ${SUBJECT}
    credentials: { env: KEY }
    endpoint: ${endpoint}
    maxAttempts: 1
    oauthGrants: {}
---
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: hr }
spec:
  plugin: hr
  settings:
    scope: acme
    file: people.csv
    asOf: { column: asof }
    columns: { personId: id, workEmail: email, logins: { column: logins, separator: ';' }, lastDay: last }
`;

async function verdicts(estate: Estate, options: StubOptions = {}) {
  await using stub = await startStub(estate, { clock, ...options });
  return await verdictsOf(
    {
      manifests: { 'collectors.yaml': manifests(stub.endpoint), 'people.csv': PEOPLE },
      env: { KEY: keyFile() },
      now: NOW / 1000,
    },
    CHECKS,
    ({ id }) => id.replace(/^google:C01234567:|^hr:acme:/, ''),
  );
}

const healthy = soundEstate(NOW / 1000);

/** A fault for each check, beside what is sound. */
const planted: Estate = {
  ...healthy,
  users: [
    ...healthy.users,
    userOf('4', 'max@acme.example', { aliases: ['maxim@acme.example'], isEnforcedIn2Sv: false }),
    // Left yesterday, within every deadline.
    userOf('5', 'NED@acme.example'),
    userOf('6', 'ghost@acme.example', { isAdmin: true, isEnrolledIn2Sv: false, lastLoginTime: ago(200) }),
  ],
  assignments: [
    ...healthy.assignments,
    { ...ASSIGNED, roleAssignmentId: '92', roleId: SUPER_ROLE, assignedTo: '6', assigneeType: 'user' },
    { ...ASSIGNED, roleAssignmentId: '93', roleId: HELP_ROLE, assignedTo: '5001', assigneeType: 'group' },
  ],
  members: { '5001': [{ kind: 'admin#directory#member', id: '4', type: 'USER' }] },
  tokens: {
    '4': [token('c1', 'Notes', ['openid'])],
    '6': [token('c2', 'Mailer', ['https://mail.google.com/'])],
  },
  mobile: [
    ...healthy.mobile,
    { ...base.mobile[1]!, resourceId: 'm2', email: ['Max@acme.example'], lastSync: ago(1) },
    { ...base.mobile[0]!, resourceId: 'm3', email: ['ned@acme.example'], lastSync: ago(60) },
  ],
  chromeos: [
    ...healthy.chromeos,
    { deviceId: 'c2', status: 'ACTIVE', bootMode: 'Dev', annotatedUser: SUBJECT, lastSync: ago(2) },
  ],
};

test('a customer without a fault passes every check that there is something to examine for', async () => {
  const found = await verdicts(healthy);
  const outcomes = Object.fromEntries(Object.entries(found).map(([name, { outcome }]) => [name, outcome]));
  expect(outcomes).toEqual({
    ...Object.fromEntries(CHECKS.map((name) => [name, 'pass'])),
    'oauth-known-clients': 'not_applicable',
    'oauth-broad-scopes': 'not_applicable',
  });
});

test('each planted fault is found, and nothing else', async () => {
  const found = await verdicts(planted);
  const failing = Object.fromEntries(Object.entries(found).map(([name, { failing }]) => [name, failing]));
  expect(failing).toEqual({
    'identity-second-factor': ['6'],
    'identity-second-factor-enforced': ['4'],
    'identity-dormant': ['6'],
    'identity-owner': ['6'],
    'administrators-few': [],
    // What the user and what the role's assignment say: either is told without the other.
    'administrators-named': ['6/super-admin', '92'],
    'leaver-accounts': [expect.stringContaining('4')],
    'leaver-grants': [expect.stringContaining('4')],
    'leaver-devices': [expect.stringContaining('4')],
    'oauth-known-clients': ['4/c1', '6/c2'],
    'oauth-broad-scopes': ['6/c2'],
    'device-encrypted': ['mobile/m2'],
    'device-screen-lock': ['mobile/m2'],
    'device-compromised': ['mobile/m2'],
    'device-verified-boot': ['chromeos/c2'],
    'device-managed': ['mobile/m2', 'mobile/m3'],
  });
});

describe('what can not be read passes nothing', () => {
  const blind = [
    {
      forbidden: ['directory.users.list', 'directory.chromeosdevices.list'],
      checks: [
        'identity-second-factor-enforced',
        'leaver-accounts',
        'oauth-known-clients',
        'device-verified-boot',
        'device-managed',
        'leaver-devices',
      ],
    },
    {
      forbidden: ['directory.roleAssignments.list', 'directory.tokens.list', 'directory.mobiledevices.list'],
      checks: [
        'administrators-few',
        'administrators-named',
        'leaver-grants',
        'oauth-known-clients',
        'oauth-broad-scopes',
        'device-encrypted',
        'device-compromised',
        'leaver-devices',
      ],
    },
  ];
  test.each(blind)('$forbidden', async ({ forbidden, checks }) => {
    const found = await verdicts(healthy, { forbidden });
    for (const name of checks) expect(found[name]?.outcome, name).toBe('unknown');
  });
});
