import { everything, type AccountPlan, type PlannedKey, type PlannedUser } from './fill-aws.ts';

/** The sample company: made-up people, one account. Whole days before the recording. */
interface Person {
  readonly id: string;
  /** `first.last` */
  readonly name: string;
  readonly started: number;
  readonly status: 'active' | 'leave' | 'left' | 'future';
  readonly lastDay?: number;
  /** A login in AWS that is not the work address. */
  readonly login?: string;
}

const FIRST =
  'alva bero cato dara elin faro gita hale imre joro kaia lumo mira nilo orla pavo quin rhea sori tavi'.split(
    ' ',
  );
const LAST = 'ashgrove birkfield cobbleway dunmarch elderwick fernhollow'.split(' ');

const address = (person: Person): string => `${person.name}@acme.example`;

/** Sixty-two, in the order in which they came. */
const people: readonly Person[] = Array.from({ length: 62 }, (_, index): Person => {
  const name = `${FIRST[(index * 7) % 20]}.${LAST[(index * 5 + Math.floor(index / 20)) % 6]}`;
  const base = { id: `A${String(101 + index)}`, name, started: 1900 - index * 30 };
  if (index < 4) return { ...base, status: 'active', login: `aws:${name.split('.')[0]}` };
  if (index === 21) return { ...base, status: 'left', lastDay: 34 };
  if (index === 33) return { ...base, status: 'left', lastDay: 6 };
  if (index === 40) return { ...base, status: 'left', lastDay: 120 };
  if (index === 47) return { ...base, status: 'left', lastDay: 15 };
  if (index === 28) return { ...base, status: 'leave' };
  return index === 61 ? { ...base, status: 'future', started: -12 } : { ...base, status: 'active' };
});

const person = (index: number): Person => {
  const found = people[index];
  if (found === undefined) throw new Error(`there is no person ${index}`);
  return found;
};

const key = (created: number, used: number | null, active = true): PlannedKey => ({ created, used, active });

/** Somebody's own user: signed in lately, with a second factor and without keys, unless told otherwise. */
function own(index: number, changes: Partial<PlannedUser> = {}): PlannedUser {
  const who = person(index);
  const created = Math.min(Math.floor(who.started / 100) * 100 - 5, 895);
  return {
    name: who.login?.slice('aws:'.length) ?? address(who),
    created,
    password: { signedIn: (index % 5) + 1 },
    mfa: Math.min(created, 300),
    keys: [],
    groups: [index % 3 === 0 ? 'platform' : index % 3 === 1 ? 'engineering' : 'support'],
    attached: [],
    inline: [],
    person: { id: who.id, ...(who.lastDay === undefined ? {} : { lastDay: who.lastDay }) },
    ...changes,
  };
}

function service(
  name: string,
  purpose: string,
  keys: readonly PlannedKey[],
  attached: readonly string[],
): PlannedUser {
  return { name, created: 700, keys, groups: [], attached, inline: [], tags: { purpose } };
}

/** Those who work with AWS, with the states that a small company's account really has. */
const users: readonly PlannedUser[] = [
  own(0, { groups: ['administrators'] }),
  own(1, { groups: ['administrators', 'engineering'], keys: [key(40, 3)] }),
  own(2),
  // The founder's user, from before there were groups.
  own(3, { attached: ['AdministratorAccess'], groups: [], keys: [key(610, 2)] }),
  ...[4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15].map((index) =>
    own(index, index % 4 === 1 ? { keys: [key(55, 4)] } : {}),
  ),
  own(11, { keys: [key(200, 150, false), key(60, 1)] }),
  own(16, { keys: [key(260, 5)] }),
  own(17, { password: { signedIn: 170 } }),
  // Came by the support rota and never set up a second factor.
  withoutMfa(own(18)),
  own(19, { attached: ['ReadOnlyAccess'] }),
  own(20),
  // Left five weeks ago: nobody told the platform team.
  own(21, { keys: [key(300, 40)], password: { signedIn: 36 } }),
  ...[22, 23, 24, 25, 26, 27].map((index) => own(index)),
  // On leave.
  own(28, { password: { signedIn: 63 } }),
  own(29, { inline: ['read-invoices'] }),
  own(30, { keys: [key(75, null)] }),
  ...[31, 32].map((index) => own(index)),
  // Left last week.
  own(33, { password: { signedIn: 6 } }),
  ...[34, 35].map((index) => own(index)),
  withoutMfa(own(36, { password: { signedIn: null } })),
  ...[37, 38].map((index) => own(index)),
  service('svc-deploy', 'releases from the pipeline', [key(30, 1)], ['acme-deploy']),
  service('svc-backup', 'nightly copies', [key(410, 1)], ['acme-backup']),
  service('svc-metrics', 'dashboards', [key(80, 1)], ['ReadOnlyAccess']),
  service('svc-invoices', 'monthly invoices', [key(70, 20)], ['acme-invoices']),
  // Nobody remembers what it was for.
  service('test-migration', 'unknown', [key(520, 480)], ['acme-backup']),
];

function withoutMfa(user: PlannedUser): PlannedUser {
  const { mfa, ...rest } = user;
  return mfa === undefined ? user : rest;
}

const allow = (...Action: string[]): object => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action, Resource: '*' }],
});

export const acme: AccountPlan = {
  policies: [
    { name: 'AdministratorAccess', administrator: true },
    { name: 'ReadOnlyAccess', administrator: false },
    { name: 'acme-deploy', document: allow('ecr:*', 'ecs:*'), administrator: false },
    {
      name: 'acme-backup',
      document: allow('s3:GetObject', 's3:PutObject', 's3:ListBucket'),
      administrator: false,
    },
    { name: 'acme-invoices', document: allow('ses:SendRawEmail', 's3:GetObject'), administrator: false },
    { name: 'acme-break-glass', document: everything, administrator: true },
  ],
  groups: [
    { name: 'administrators', attached: ['AdministratorAccess'], inline: [] },
    { name: 'platform', attached: ['acme-deploy', 'ReadOnlyAccess'], inline: [] },
    { name: 'engineering', attached: ['acme-deploy'], inline: ['read-logs'] },
    { name: 'support', attached: ['ReadOnlyAccess'], inline: [] },
  ],
  roles: ['annexa', 'ecs-task', 'backup'],
  passwordPolicy: { length: 14, reuse: 24, all: true },
  users,
};

/** The HR export of the day. `now`: Unix seconds. */
export function hrExport(now: number): string {
  const day = (ago: number): string => new Date((now - ago * 86_400) * 1000).toISOString().slice(0, 10);
  const rows = people.map((who) =>
    [
      who.id,
      address(who),
      who.login ?? '',
      who.status,
      day(who.started),
      who.lastDay === undefined ? '' : day(who.lastDay),
      day(0),
    ].join(','),
  );
  return ['person_id,work_email,other_logins,status,start,last_day,exported_at', ...rows, ''].join('\n');
}
