import { z } from 'zod';
import type { RoleRecord } from '../../../inventory/kinds/role.ts';
import { CollectorError } from '../../error.ts';
import { type Condition, conditionsOf, type Home, type Party } from './condition.ts';
import { matches } from './grants.ts';
import { decodedPolicy, oneOrMany, statement, statementsOf } from './policy.ts';

export type Trust = RoleRecord['trusts'][number];

const principals = z.union([
  z.literal('*'),
  z.strictObject({
    AWS: oneOrMany.default([]),
    Service: oneOrMany.default([]),
    Federated: oneOrMany.default([]),
    CanonicalUser: oneOrMany.default([]),
  }),
]);

const trustStatement = statement
  .extend({ Principal: principals.optional(), NotPrincipal: z.unknown().optional() })
  .refine((entry) => entry.Principal !== undefined || entry.NotPrincipal !== undefined, 'names no principal');

const TAKE_ON = ['sts:AssumeRole', 'sts:AssumeRoleWithSAML', 'sts:AssumeRoleWithWebIdentity'];

/**
 * Who may take a role on, by its trust policy as IAM returns it. Denials are not weighed: a trust that one of them takes back is told all
 * the same. Throws `malformed`, naming `where`.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
 */
export function trustsOf(encoded: string, where: string, home: Home): readonly Trust[] {
  return statementsOf(decodedPolicy(encoded, where), where, trustStatement)
    .filter(({ Effect, Action, NotAction }) => Effect === 'Allow' && takesOn(Action, NotAction))
    .flatMap(({ Principal, Condition }) => {
      const conditions = conditionsOf(Condition ?? {}, home, where);
      // Everybody but those named.
      if (Principal === undefined) return [trust('*', { type: 'everyone', account: '' }, conditions, false)];
      if (Principal === '*') return wildcard('*', conditions);
      return [
        ...Principal.AWS.flatMap((name) => ofAws(name, conditions, where)),
        ...Principal.Service.flatMap((name) =>
          name.includes('*')
            ? wildcard(name, conditions)
            : [trust(name, { type: 'service', account: '' }, conditions, conditions.narrowed !== undefined)],
        ),
        ...Principal.Federated.flatMap((name) => ofFederation(name, conditions)),
        // The account that such a user belongs to is not told: the user's own id stands for it.
        ...Principal.CanonicalUser.map((name) =>
          trust(name, { type: 'principal', account: name }, conditions, conditions.narrowed !== undefined),
        ),
      ];
    });
}

function takesOn(actions: readonly string[] | undefined, others: readonly string[] | undefined): boolean {
  const among = (patterns: readonly string[], action: string) =>
    patterns.some((pattern) => matches(pattern, action));
  return TAKE_ON.some((action) =>
    actions === undefined ? others !== undefined && !among(others, action) : among(actions, action),
  );
}

function trust(principal: string, party: Party, { externalId }: Condition, conditioned: boolean): Trust {
  return { principal, ...party, external_id: externalId, conditioned };
}

/** Everybody, unless conditions narrow it to accounts, organisations or services. */
function wildcard(principal: string, conditions: Condition): readonly Trust[] {
  const { narrowed } = conditions;
  if (narrowed === undefined) return [trust(principal, { type: 'everyone', account: '' }, conditions, false)];
  return narrowed.map((party) => trust(principal, party, conditions, true));
}

const ACCOUNT = /^(?:arn:aws[a-z-]*:iam::(\d{12}):root|(\d{12}))$/;
const PRINCIPAL = /^arn:aws[a-z-]*:(?:iam|sts)::(\d{12}):[a-z-]+\/.+$/;
/** What IAM leaves in a policy when the user or role that it named was deleted: nobody else ever has that id. */
const DELETED = /^A[A-Z0-9]{15,127}$/;

function ofAws(name: string, conditions: Condition, where: string): readonly Trust[] {
  if (name.includes('*') || name.includes('?')) return wildcard(name, conditions);
  const conditioned = conditions.narrowed !== undefined;
  const [, root, plain] = ACCOUNT.exec(name) ?? [];
  const account = root ?? plain;
  if (account !== undefined) return [trust(name, { type: 'account', account }, conditions, conditioned)];
  const [, owner] = PRINCIPAL.exec(name) ?? [];
  if (owner !== undefined)
    return [trust(name, { type: 'principal', account: owner }, conditions, conditioned)];
  if (DELETED.test(name)) return [trust(name, { type: 'principal', account: '' }, conditions, conditioned)];
  throw new CollectorError('malformed', `${where}: trusts ${name}, which is no principal of AWS`);
}

/**
 * An identity provider that signs by SAML says in each assertion which roles its subject may take on: that narrows by itself. One of OIDC
 * signs for all of its users alike, so a condition has to name some of them.
 */
function ofFederation(name: string, conditions: Condition): readonly Trust[] {
  if (name.includes('*')) return wildcard(name, conditions);
  const [, account = '', type, provider] =
    /^arn:aws[a-z-]*:iam::(\d{12}):(saml|oidc)-provider\/(.+)$/.exec(name) ?? [];
  const conditioned = type === 'saml' || conditions.namesSubject(provider ?? name);
  return [trust(name, { type: 'federated', account }, conditions, conditioned)];
}
