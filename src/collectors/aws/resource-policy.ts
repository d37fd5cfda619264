import { z } from 'zod';
import { oneOrMany, statement as grammar, statementsOf } from './iam/policy.ts';

const scalar = z.union([z.string(), z.boolean(), z.number()]).transform(String);
const values = z
  .union([scalar, z.array(scalar)])
  .transform((value) => (typeof value === 'string' ? [value] : value));

/** Whom a policy names: `type` is the policy's own word, such as `AWS`, `Service` or `Federated`. */
export interface Principal {
  readonly type: string;
  readonly value: string;
}

/** One key of one operator. Both are in lower case, as IAM compares them without regard to it. */
export interface Condition {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

export interface Statement {
  readonly effect: 'Allow' | 'Deny';
  readonly principals: readonly Principal[];
  /** Everybody but some: who they are does not matter here. */
  readonly allButSome: boolean;
  readonly actions: readonly string[] | undefined;
  readonly notActions: readonly string[] | undefined;
  /** Undefined with `notResources` undefined: what the policy is attached to. */
  readonly resources: readonly string[] | undefined;
  readonly notResources: readonly string[] | undefined;
  /** All of them must hold. */
  readonly conditions: readonly Condition[];
}

const principals = z
  .union([z.literal('*'), z.record(z.string(), oneOrMany)])
  .transform((value): readonly Principal[] =>
    value === '*'
      ? [{ type: 'AWS', value }]
      : Object.entries(value).flatMap(([type, named]) => named.map((value) => ({ type, value }))),
  );

const conditions = z
  .record(z.string(), z.record(z.string(), values))
  .transform((operators): readonly Condition[] =>
    Object.entries(operators).flatMap(([operator, keys]) =>
      Object.entries(keys).map(([key, values]) => ({
        operator: operator.toLowerCase(),
        key: key.toLowerCase(),
        values,
      })),
    ),
  );

const statement = grammar
  .extend({
    Principal: principals.optional(),
    NotPrincipal: principals.optional(),
    Condition: conditions.optional(),
  })
  .refine(({ Principal, NotPrincipal }) => (Principal === undefined) !== (NotPrincipal === undefined), {
    error: 'expected either Principal or NotPrincipal',
  })
  .refine(({ Action, NotAction }) => (Action === undefined) !== (NotAction === undefined), {
    error: 'expected either Action or NotAction',
  })
  .transform((read): Statement => ({
    effect: read.Effect,
    principals: read.Principal ?? [],
    allButSome: read.NotPrincipal !== undefined,
    actions: read.Action,
    notActions: read.NotAction,
    resources: read.Resource,
    notResources: read.NotResource,
    conditions: read.Condition ?? [],
  }));

/**
 * The statements of a policy that is attached to a resource: a bucket, a key, a file system. Throws `malformed`, naming `where`.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
export function policyOf(text: string, where: string): readonly Statement[] {
  return statementsOf(text, where, statement);
}

/** Whether all that the pattern `needed` stands for is among what `pattern` stands for. `*` is any text, `?` one character. */
function covers(pattern: string, needed: string, flags = ''): boolean {
  if (pattern.includes('${')) return false;
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '[^*]');
  return new RegExp(`^${source}$`, `s${flags}`).test(needed);
}

/** Whether the statement is about the action. */
export function concerns({ actions, notActions }: Statement, action: string): boolean {
  if (actions !== undefined) return actions.some((pattern) => covers(pattern, action, 'i'));
  return notActions?.some((pattern) => covers(pattern, action, 'i')) === false;
}

function isAbout({ resources, notResources }: Statement, resource: string): boolean {
  if (resources !== undefined) return resources.some((pattern) => covers(pattern, resource));
  return notResources === undefined;
}

/** Whether an Allow is for everybody, conditions aside. */
export function isForEveryone({ principals, allButSome }: Statement): boolean {
  return allButSome || principals.some(({ value }) => value.includes('*'));
}

const POSITIVE =
  /^(foranyvalue:)?(stringequals|stringequalsignorecase|stringlike|arnequals|arnlike|ipaddress|bool)$/;

/** Keys by whose fixed values a wildcard comes down to an account, an organisation, a network or a resource of somebody's. */
const NARROWING = new Set([
  'aws:principalaccount',
  'aws:principalarn',
  'aws:principalorgid',
  'aws:principalorgpaths',
  'aws:principalservicename',
  'aws:sourceaccount',
  'aws:sourcearn',
  'aws:sourceip',
  'aws:sourceorgid',
  'aws:sourceorgpaths',
  'aws:sourceowner',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:userid',
  'kms:calleraccount',
]);

/** The conditions that narrow a statement for everybody to somebody. `also` are keys, in lower case, that do so for the resource at hand. */
export function narrowings(
  { conditions }: Pick<Statement, 'conditions'>,
  also: readonly string[] = [],
): readonly Condition[] {
  return conditions.filter(
    ({ operator, key, values }) =>
      POSITIVE.test(operator) &&
      (NARROWING.has(key) || also.includes(key)) &&
      values.length > 0 &&
      values.every((value) => isFixed(key, value)),
  );
}

/**
 * Whether a value stands for something particular, by what AWS takes for public.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status
 */
function isFixed(key: string, value: string): boolean {
  if (value === '' || value.includes('${')) return false;
  if (key === 'aws:sourceip') return !isBroad(value);
  if (/^(.*:)?accessedviamounttarget$/.test(key)) return value.toLowerCase() === 'true';
  if (!/[*?]/.test(value)) return true;
  if (key.endsWith('orgpaths')) return /^o-[a-z0-9]+\//.test(value);
  return key.endsWith('arn') && accountIn(value) !== '';
}

/** Wider than a /8 of IPv4 or a /32 of IPv6. */
function isBroad(range: string): boolean {
  const [, address = '', length] = /^([0-9a-fA-F.:]+)(?:\/(\d+))?$/.exec(range) ?? [];
  if (address === '') return true;
  return length !== undefined && Number(length) < (address.includes(':') ? 32 : 8);
}

/** The account in an ARN, or the account that the text is; empty: none. */
export function accountIn(text: string): string {
  const account = text.startsWith('arn:') ? (text.split(':')[4] ?? '') : text;
  return /^\d{12}$/.test(account) ? account : '';
}

/** Whether a statement allows anything to everybody. Denials are not weighed: they take something away, but leave the rest open. */
export function opensToEveryone(statements: readonly Statement[], also: readonly string[] = []): boolean {
  return statements.some(
    (statement) =>
      statement.effect === 'Allow' && isForEveryone(statement) && narrowings(statement, also).length === 0,
  );
}

/**
 * Whether everybody is denied every one of the actions on every one of the resources unless the connection is encrypted. A denial that anything
 * else narrows does not count. `s3:TlsVersion` is not there without TLS, so that a comparison counts only where it holds for what is absent, too.
 */
export function refusesPlain(
  statements: readonly Statement[],
  actions: readonly string[],
  resources: readonly string[],
): boolean {
  const denials = statements.filter(
    ({ effect, principals, conditions }) =>
      effect === 'Deny' &&
      principals.some(({ type, value }) => type === 'AWS' && value === '*') &&
      conditions.length === 1 &&
      conditions.every(isPlain),
  );
  return resources.every((resource) =>
    actions.every((action) =>
      denials.some(
        (denial) => denial.actions !== undefined && concerns(denial, action) && isAbout(denial, resource),
      ),
    ),
  );
}

function isPlain({ operator, key, values }: Condition): boolean {
  if (values.length === 0) return false;
  if (key === 'aws:securetransport')
    return /^bool(ifexists)?$/.test(operator) && values.every((value) => value.toLowerCase() === 'false');
  return (
    key === 's3:tlsversion' &&
    operator === 'numericlessthanifexists' &&
    values.every((value) => Number(value) >= 1)
  );
}
