import { z } from 'zod';
import type { RoleRecord } from '../../../inventory/kinds/role.ts';
import { read } from '../../read.ts';

/** Whom something is narrowed to. */
export type Party = Pick<RoleRecord['trusts'][number], 'type' | 'account'>;

/** Where a role lives: its account, and the id of the organisation that the account is in, if it is in one. */
export interface Home {
  readonly account: string;
  readonly organization: string | undefined;
}

/** What the conditions of one statement of a trust policy do. */
export interface Condition {
  /** Whether an external id is asked for. */
  readonly externalId: boolean;
  /** Whom they narrow everybody to; undefined: to nobody in particular. */
  readonly narrowed: readonly Party[] | undefined;
  /** Whether they name some of the users of an OIDC provider, which is named without `https://`. */
  readonly namesSubject: (provider: string) => boolean;
}

const scalar = z.union([z.string(), z.boolean(), z.number()]).transform(String);
const block = z.record(
  z.string(),
  z.record(z.string(), z.union([z.array(scalar), scalar.transform((value) => [value])])),
);

/** What a value asks for: the text before its first wildcard, and whether that is all of it. */
interface Value {
  readonly start: string;
  readonly whole: boolean;
}
/** The values of the tests of each key, in lower case: at least one value of every test must match. */
type Tests = ReadonlyMap<string, readonly (readonly Value[])[]>;

/**
 * Reads a statement's conditions. What counts narrows always: tests that also pass when the key is missing (`...IfExists`, `ForAllValues:`,
 * `Null`), negative ones and those of addresses or tags don't.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
export function conditionsOf(
  condition: Readonly<Record<string, unknown>>,
  home: Home,
  where: string,
): Condition {
  const tests = testsOf(read('a trust policy', where, block, condition), home);
  return {
    externalId: all(tests, 'sts:externalid', ({ start, whole }) => whole || start !== ''),
    narrowed: narrowing(tests, home),
    namesSubject: (provider) => namesSubject(tests, provider.toLowerCase()),
  };
}

const EXACT = new Set(['stringequals', 'stringequalsignorecase', 'bool']);
const PATTERN = new Set(['stringlike', 'arnequals', 'arnlike']);

function testsOf(condition: z.output<typeof block>, home: Home): Tests {
  const tests = new Map<string, (readonly Value[])[]>();
  for (const [operator, keys] of Object.entries(condition)) {
    const name = operator.toLowerCase().replace(/^foranyvalue:/, '');
    if (!EXACT.has(name) && !PATTERN.has(name)) continue;
    for (const [key, values] of Object.entries(keys)) {
      const known = tests.get(key.toLowerCase()) ?? [];
      tests.set(key.toLowerCase(), [
        ...known,
        values.map((value) => valueOf(value, PATTERN.has(name), home)),
      ]);
    }
  }
  return tests;
}

/** Of the policy variables only those that are the same for every caller say something: where the role itself lives. */
function valueOf(value: string, pattern: boolean, { account, organization = '' }: Home): Value {
  const text = value
    .replaceAll(/\$\{aws:ResourceAccount\}/gi, account)
    .replaceAll(/\$\{aws:ResourceOrgID\}/gi, organization);
  const [start = ''] = text.split(pattern ? /[*?]|\$\{/ : /\$\{/, 1);
  return { start, whole: start.length === text.length && text !== '' };
}

/** Whether one of the tests of the key holds for each of its values, so that no value lets more in. */
function all(tests: Tests, key: string, holds: (value: Value) => boolean): boolean {
  return (tests.get(key) ?? []).some((values) => values.length > 0 && values.every(holds));
}

type Narrow = (tests: Tests, home: Home) => readonly Party[] | undefined;

/** By the first that tells: the narrowest come first. */
function narrowing(tests: Tests, home: Home): readonly Party[] | undefined {
  for (const narrow of NARROWINGS) {
    const parties = narrow(tests, home);
    if (parties !== undefined) return parties;
  }
  return undefined;
}

const by =
  (type: Party['type'], key: string, account: (value: Value, home: Home) => string | undefined): Narrow =>
  (tests, home) => {
    for (const values of tests.get(key) ?? []) {
      const accounts = values.map((value) => account(value, home));
      if (values.length > 0 && accounts.every((known) => known !== undefined))
        return accounts.map((known) => ({ type, account: known }));
    }
    return undefined;
  };

const ownId = ({ start, whole }: Value) => (whole && /^\d{12}$/.test(start) ? start : undefined);
const ofArn = ({ start }: Value) => /^arn:aws[a-z-]*:(?:iam|sts)::(\d{12}):/.exec(start)?.[1];
/** The role's own organisation is no outsider; another's id stands for its accounts. */
const ofOrganization = ({ start }: Value, { organization }: Home) => {
  const [, id] = /^(o-[a-z0-9]{10,32})(?:\/|$)/.exec(start) ?? [];
  return id === organization && id !== undefined ? '' : id;
};

const NARROWINGS: readonly Narrow[] = [
  by('principal', 'aws:principalarn', ofArn),
  by('account', 'aws:principalaccount', ownId),
  by('account', 'aws:principalorgid', (value, home) =>
    value.whole ? ofOrganization(value, home) : undefined,
  ),
  by('account', 'aws:principalorgpaths', ofOrganization),
  // Only services send these, for the account or resource on whose behalf they act.
  by('service', 'aws:sourceaccount', ownId),
  by(
    'service',
    'aws:sourcearn',
    ({ start }) => /^arn:aws[a-z-]*:[a-z0-9-]+:[^:]*:(\d{12}|):./.exec(start)?.[1],
  ),
  by('service', 'aws:sourceorgid', (value, home) => (value.whole ? ofOrganization(value, home) : undefined)),
  by('service', 'aws:sourceorgpaths', ofOrganization),
  by('service', 'aws:principalservicename', ({ whole }) => (whole ? '' : undefined)),
  by('service', 'aws:principalisawsservice', ({ start }) => (start === 'true' ? '' : undefined)),
];

/** Claims that tell one user, job or repository from another, with how many parts of the value must be spelled out. */
const SUBJECTS = [
  ['sub', 2],
  ['repository', 1],
  ['repository_id', 1],
  ['job_workflow_ref', 1],
] as const;

/**
 * An audience alone names nobody: whoever has an account with the provider can ask for a token for it. Amazon Cognito's is the exception: its
 * audience is one pool of the organisation's own, of whose users guests are told apart.
 */
function namesSubject(tests: Tests, provider: string): boolean {
  if (
    SUBJECTS.some(([claim, parts]) => all(tests, `${provider}:${claim}`, (value) => spelledOut(value, parts)))
  )
    return true;
  const exact = (claim: string, holds: (text: string) => boolean) =>
    all(tests, `${provider}:${claim}`, ({ start, whole }) => whole && holds(start));
  if (provider === 'cognito-identity.amazonaws.com')
    return exact('aud', () => true) && exact('amr', (text) => text !== 'unauthenticated');
  if (provider === 'graph.facebook.com') return exact('id', () => true);
  return provider === 'www.amazon.com' && exact('user_id', () => true);
}

/**
 * No wildcard, or none before so many parts are complete: `repo:acme/*` names an owner, `repo:*` and `repo:ac*` name nobody. What Kubernetes
 * calls its accounts begins with two parts that are always the same.
 */
function spelledOut({ start, whole }: Value, parts: number): boolean {
  const fixed = start.startsWith('system:serviceaccount:') ? 1 : 0;
  return whole || start.split(/[:/]/).length > parts + fixed;
}
