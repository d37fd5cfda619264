import { base, type Estate, SUBJECT, token, userOf } from '../../collectors/google/estate.ts';

const every = (count: number) => Array.from({ length: count }, (_, index) => index);
const addressOf = (index: number): string => (index === 0 ? SUBJECT : `p${index}@acme.example`);

/**
 * A customer of so many users, whose accounts and devices are in use: everybody has a phone and a Chromebook, and every tenth user three
 * grants.
 */
export function googleEstate(users: number, assignments = 1): Estate {
  const yesterday = new Date(Date.now() - 86_400_000).toISOString();
  return {
    ...base,
    users: every(users).map((index) =>
      userOf(String(10_000 + index), addressOf(index), {
        aliases: [`alias-${index}@acme.example`],
        lastLoginTime: yesterday,
      }),
    ),
    assignments: every(assignments).map((index) => ({
      ...base.assignments[0],
      roleAssignmentId: String(90_000 + index),
      assignedTo: String(10_000 + index),
    })),
    tokens: Object.fromEntries(
      every(Math.ceil(users / 10)).map((index) => [
        String(10_000 + index * 10),
        every(3).map((client) =>
          token(`${client}.apps.example`, `Application ${client}`, ['openid', 'email']),
        ),
      ]),
    ),
    mobile: every(users).map((index) => ({
      ...base.mobile[0],
      resourceId: `m${index}`,
      email: [addressOf(index)],
      lastSync: yesterday,
    })),
    chromeos: every(users).map((index) => ({
      ...base.chromeos[0],
      deviceId: `c${index}`,
      annotatedUser: addressOf(index),
      lastSync: yesterday,
    })),
  };
}
