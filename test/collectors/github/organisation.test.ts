import { expect, test } from 'vitest';
import { verdictsOf } from '../../engine/verdicts.ts';
import { EMPTY, type Estate, type PlantedActor, type PlantedRequest } from './estate.ts';
import { startStub } from './stub.ts';

const NOW = Math.floor(Date.now() / 1000);
const DAY = 86_400;
const day = (ago: number): string => new Date((NOW - ago * DAY) * 1000).toISOString();
const ANN: PlantedActor = { type: 'User', id: 1, login: 'ann' };
const BOB: PlantedActor = { type: 'User', id: 2, login: 'bob' };

const request = (id: number, more: Partial<PlantedRequest> = {}): PlantedRequest => ({
  id,
  by: ANN,
  mergedAt: NOW - DAY,
  reviews: [{ by: BOB, at: NOW - 2 * DAY }],
  ...more,
});
const requests = [
  request(1),
  request(2, { reviews: [] }),
  request(3, { checks: 'FAILURE' }),
  request(4, { committer: 2 }),
  request(5, {
    association: 'COLLABORATOR',
    reviews: [{ by: BOB, at: NOW - 2 * DAY, association: 'COLLABORATOR' }],
  }),
];
const secret = (number: number, more: object): object => ({
  number,
  state: 'open',
  secret_type: 'key',
  created_at: day(5),
  repository: { id: 1, full_name: 'Acme/web' },
  ...more,
});

const estate: Estate = {
  ...EMPTY,
  basePermission: 'write',
  members: [
    { id: 1, login: 'ann', owner: true, emails: ['ann@acme.example'] },
    { id: 2, login: 'bob', secondFactor: false, emails: ['bob@acme.example'] },
    { id: 3, login: 'lea', emails: ['Lea@acme.example'] },
  ],
  outsiders: [
    { id: 8, login: 'contractor', secondFactor: true },
    { id: 9, login: 'stranger', secondFactor: false },
  ],
  repositories: [
    {
      id: 1,
      name: 'web',
      collaborators: [
        { id: 2, login: 'bob', permission: 'WRITE', source: 'Repository' },
        { id: 8, login: 'contractor', permission: 'WRITE', source: 'Repository' },
        { id: 9, login: 'stranger', permission: 'ADMIN', source: 'Repository' },
      ],
      branch: {
        commits: [
          ...requests.map((one) => ({
            oid: `c${one.id}`,
            at: NOW - DAY,
            parents: [`c${one.id + 1}`],
            requests: [one],
          })),
          { oid: 'c6', at: NOW - DAY, author: ANN, parents: [] },
        ],
      },
    },
  ],
  secrets: [
    secret(1, {}),
    secret(2, { created_at: day(0.1) }),
    secret(3, { state: 'resolved', resolution: 'wont_fix', validity: 'active', resolved_at: day(1) }),
  ],
};

const PEOPLE = `id,email,logins,last,asof
1,ann@acme.example,,,${day(0)}
2,bob@acme.example,,,${day(0)}
3,lea@acme.example,,${day(10).slice(0, 10)},${day(0)}
4,con@else.example,github:contractor,,${day(0)}
`;

const collector = (name: string, spec: object): string =>
  JSON.stringify({ apiVersion: 'annexa.dev/v1alpha1', kind: 'Collector', metadata: { name }, spec });

const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  'identity-second-factor': ['user/2', 'user/9'],
  'repository-outsiders-known': ['user/9'],
  'repository-outsiders-limited': ['grant/1/user/9'],
  'repository-grants-by-team': ['grant/1/user/2'],
  'repository-administration-by-team': ['grant/1/user/9'],
  'repository-base-permission': ['grant/everyone'],
  'leaked-secrets-closed-in-time': ['secret-scanning/1/1'],
  'leaked-secrets-revoked': ['secret-scanning/1/3'],
  'change-reviewed': ['pull/2'],
  'change-direct': ['commit/1/c6'],
  'change-checks-passed': ['pull/3'],
  'change-author-not-approver': ['pull/2', 'pull/4'],
  'change-outsiders-reviewed': ['pull/5'],
};

test('an organisation with people of HR: every verdict is as planted, a leaver who is still a member among them', async () => {
  await using stub = await startStub(estate);
  const settings = { organizations: ['Acme'], auth: { token: { env: 'TOKEN' } }, baseUrl: stub.endpoint };
  const hr = {
    scope: 'acme',
    file: 'people.csv',
    asOf: { column: 'asof' },
    columns: {
      personId: 'id',
      workEmail: 'email',
      logins: { column: 'logins', separator: ';' },
      lastDay: 'last',
    },
  };
  const manifests = {
    'github.yaml': collector('github', { plugin: 'github', settings }),
    'hr.yaml': collector('hr', { plugin: 'hr', settings: hr }),
    'people.csv': PEOPLE,
  };
  const checks = [...Object.keys(EXPECTED), 'leaver-grants'];
  const verdicts = await verdictsOf({ manifests, env: { TOKEN: 'ghp_stub' } }, checks, ({ id }) =>
    id.replace('github:acme:', ''),
  );
  for (const [name, failing] of Object.entries(EXPECTED))
    expect({ name, ...verdicts[name] }).toMatchObject({ name, outcome: 'fail', failing, unknown: [] });
  expect(verdicts['leaver-grants']).toMatchObject({
    outcome: 'fail',
    failing: [expect.stringMatching(/^hr:acme:.*3/)],
  });
});
