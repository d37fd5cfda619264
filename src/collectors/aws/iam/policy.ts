import { z } from 'zod';
import { CollectorError } from '../../error.ts';

export const oneOrMany = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (typeof value === 'string' ? [value] : value));

// IAM's grammar of policies: only what decides who gets what is read, the rest may be anything.
export const statement = z.object({
  Effect: z.enum(['Allow', 'Deny']),
  Action: oneOrMany.optional(),
  NotAction: oneOrMany.optional(),
  Resource: oneOrMany.optional(),
  NotResource: oneOrMany.optional(),
  Condition: z.record(z.string(), z.unknown()).optional(),
});

export type Statement = z.infer<typeof statement>;

function documentOf<S extends z.ZodType>(entry: S) {
  return z.object({ Statement: z.union([z.array(entry), entry.transform((value) => [value])]) });
}

/** The text of a document as IAM returns it: URL-encoded JSON (RFC 3986). Throws `malformed`, naming `where`. */
export function decodedPolicy(encoded: string, where: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch (error) {
    throw new CollectorError('malformed', `${where}: the policy document is not URL-encoded JSON`, {
      cause: error,
    });
  }
}

/** The statements of a policy document, each in the form that is asked for. Throws `malformed`, naming `where`. */
export function statementsOf<S extends z.ZodType>(text: string, where: string, entry: S): z.output<S>[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new CollectorError('malformed', `${where}: the policy document is not JSON`, {
      cause: error,
    });
  }
  const result = documentOf(entry).safeParse(parsed);
  if (!result.success)
    throw new CollectorError(
      'malformed',
      `${where}: not a policy document: ${z.prettifyError(result.error)}`,
    );
  return result.data.Statement;
}

const EVERY_ACTION = /^\*+(:\*+)?$/;
const EVERY_RESOURCE = /^(\*+|arn:(\*+|aws[a-z-]*)(:\*+)+)$/;

/** All actions, or all but some while IAM's own stay in: whoever holds those can grant the rest. */
function everyAction({ Action, NotAction }: Statement): boolean {
  if (Action !== undefined) return Action.some((action) => EVERY_ACTION.test(action));
  return (
    NotAction !== undefined &&
    !NotAction.some((action) => EVERY_ACTION.test(action) || /^iam:\*+$/i.test(action))
  );
}

export function everyResource({ Resource, NotResource }: Statement): boolean {
  if (Resource !== undefined) return Resource.some((resource) => EVERY_RESOURCE.test(resource));
  return NotResource !== undefined && !NotResource.some((resource) => EVERY_RESOURCE.test(resource));
}

/**
 * Whether a statement allows every action on every resource without a condition, as AdministratorAccess does, or all but named ones.
 * Denials and permissions boundaries are not weighed: they may take something away, but do not make the grant ordinary.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
export function allowsEverything(entry: Statement): boolean {
  return allows(entry) && everyAction(entry) && everyResource(entry);
}

/** Allows something, whoever asks and from wherever. */
export function allows({ Effect, Condition }: Statement): boolean {
  return Effect === 'Allow' && Object.keys(Condition ?? {}).length === 0;
}

const AWS_MANAGED = /^arn:aws(-[a-z]+)*:iam::aws:policy\//;

/** Policies that AWS owns and words; account listings leave them out. */
export function isAwsManaged(arn: string): boolean {
  return AWS_MANAGED.test(arn);
}

/** Among AWS's own policies only this one allows every action on every resource. */
export function isAdministratorAccess(arn: string): boolean {
  return isAwsManaged(arn) && arn.endsWith(':policy/AdministratorAccess');
}
