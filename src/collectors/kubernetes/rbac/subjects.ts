import { z } from 'zod';

export const subject = z.object({
  kind: z.enum(['User', 'Group', 'ServiceAccount']),
  name: z.string().min(1),
  namespace: z.string().default(''),
});
export type Subject = z.output<typeof subject>;

/** Groups that everybody is in, and the user that whoever isn't signed in is. */
export function isEverybody({ kind, name }: Subject): boolean {
  if (kind === 'User') return name === 'system:anonymous';
  if (kind !== 'Group') return false;
  return (
    name === 'system:authenticated' ||
    name === 'system:unauthenticated' ||
    name === 'system:serviceaccounts' ||
    name.startsWith('system:serviceaccounts:')
  );
}

/** The user name by which the API server knows it. */
export function loginOf({ kind, name, namespace }: Subject): string {
  return kind === 'ServiceAccount' ? `system:serviceaccount:${namespace}:${name}` : name;
}

/** The end of the id of its identity; undefined: a group, whose members only the one who signs people in knows. */
export function identityOf(subject: Subject): string | undefined {
  return subject.kind === 'Group' ? undefined : `user/${loginOf(subject)}`;
}

/** Names that the API server keeps for its own parts, or a service account. */
export function isService(login: string): boolean {
  return login.startsWith('system:');
}
