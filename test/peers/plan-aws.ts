import type { AccountPlan, PlannedKey, PlannedUser } from './fill-aws.ts';
import { everything } from './fill-aws.ts';

/** `users` users, `leavers` of them of people who have left: every state in known numbers, all by the user's place in the row. */
export function plannedAccount({ users, leavers }: { users: number; leavers: number }): AccountPlan {
  const every = Math.floor(users / leavers);
  return {
    policies: [
      { name: 'AdministratorAccess', administrator: true },
      { name: 'ReadOnlyAccess', administrator: false },
      { name: 'acme-break-glass', document: everything, administrator: true },
      {
        name: 'acme-deploy',
        document: {
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Action: ['ecs:*'], Resource: '*' }],
        },
        administrator: false,
      },
    ],
    groups: [
      { name: 'administrators', attached: ['AdministratorAccess'], inline: [] },
      { name: 'developers', attached: ['acme-deploy', 'ReadOnlyAccess'], inline: ['developers-read'] },
      { name: 'responders', attached: ['acme-break-glass'], inline: [] },
    ],
    roles: ['deployer', 'backup', 'annexa'],
    passwordPolicy: { length: 14, reuse: 24, all: true },
    users: Array.from({ length: users }, (_, index) => plannedUser(index, every)),
  };
}

function plannedUser(index: number, every: number): PlannedUser {
  const number = String(index).padStart(4, '0');
  if (index % 40 === 39) return serviceUser(`svc-${number}`, index);
  const console = index % 5 !== 4;
  const leaver = index % every === 8;
  return {
    name: `user.${number}@acme.example`,
    created: index % 10 === 1 ? 30 : 400,
    ...(console ? { password: { signedIn: index % 50 === 1 ? null : index % 50 === 2 ? 200 : 2 } } : {}),
    ...(console && index % 20 !== 3 ? { mfa: 20 } : {}),
    keys: keysOf(index),
    groups: [
      ...(index % 4 === 0 ? ['developers'] : []),
      ...(index % 400 === 8 ? ['administrators'] : []),
      ...(index % 400 === 2 ? ['responders'] : []),
    ],
    attached: index % 250 === 1 ? ['ReadOnlyAccess'] : index % 1000 === 2 ? ['acme-break-glass'] : [],
    inline: index % 500 === 2 ? ['own-everything'] : index % 500 === 3 ? ['own-read'] : [],
    person: {
      id: `P${number}`,
      ...(leaver ? { lastDay: [1, 10, 60][((index / every) % 3) | 0] ?? 60 } : {}),
    },
  };
}

function serviceUser(name: string, index: number): PlannedUser {
  return {
    name,
    created: 400,
    keys: [{ created: index % 80 === 39 ? 200 : 30, used: 1, active: true }],
    groups: [],
    attached: ['acme-deploy'],
    inline: [],
    tags: { purpose: 'pipeline' },
  };
}

/** None, one that is used, one that is old, one never used, one that was closed beside its successor. */
function keysOf(index: number): readonly PlannedKey[] {
  if (index % 4 !== 0) return [];
  switch ((index / 4) % 4) {
    case 0:
      return [{ created: 20, used: 2, active: true }];
    case 1:
      return [{ created: 200, used: 2, active: true }];
    case 2:
      return [{ created: 60, used: null, active: true }];
    default:
      return [
        { created: 200, used: 20, active: false },
        { created: 20, used: 2, active: true },
      ];
  }
}

/** The HR export that fits the plan: everybody who owns a user, with days counted back from `now` (Unix seconds). */
export function hrExport(plan: AccountPlan, now: number): string {
  const day = (ago: number): string => new Date((now - ago * 86_400) * 1000).toISOString().slice(0, 10);
  const rows = plan.users.flatMap(({ name, created, person }) =>
    person === undefined
      ? []
      : [
          [
            person.id,
            name,
            '',
            person.lastDay === undefined ? 'active' : 'left',
            day(created),
            person.lastDay === undefined ? '' : day(person.lastDay),
            day(0),
          ].join(','),
        ],
  );
  return ['person_id,work_email,other_logins,status,start,last_day,exported_at', ...rows, ''].join('\n');
}
