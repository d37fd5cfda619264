import { base, type Estate, SUBJECT, token, userOf } from '../../collectors/google/estate.ts';

const every = (count: number) => Array.from({ length: count }, (_, index) => index);
const addressOf = (index: number): string => (index === 0 ? SUBJECT : `p${index}@acme.example`);

/** A customer of so many users: everybody has a phone and a Chromebook, and every tenth user three grants. */
export function googleEstate(users: number, assignments = 1): Estate {
  return {
    ...base,
    users: every(users).map((index) =>
      userOf(String(10_000 + index), addressOf(index), { aliases: [`alias-${index}@acme.example`] }),
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
    })),
    chromeos: every(users).map((index) => ({
      ...base.chromeos[0],
      deviceId: `c${index}`,
      annotatedUser: addressOf(index),
    })),
  };
}
