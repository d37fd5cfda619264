import type { CryptoKeyRecord } from '../../../inventory/kinds/crypto-key.ts';
import {
  accountIn,
  concerns,
  type Condition,
  isForEveryone,
  narrowings,
  type Principal,
  type Statement,
} from '../resource-policy.ts';

type Holder = CryptoKeyRecord['principals'][number];
type Who = Pick<Holder, 'principal' | 'type' | 'account'>;

/** Whoever may make grants may let anybody decrypt. */
const DECRYPTING = ['kms:Decrypt', 'kms:ReEncryptFrom', 'kms:CreateGrant'];
const ADMINISTERING = [
  'kms:PutKeyPolicy',
  'kms:ScheduleKeyDeletion',
  'kms:DisableKey',
  'kms:DeleteImportedKeyMaterial',
];

/** Whom a key's policy lets do what. Denials are not weighed, and grants are not read. */
export function holdersOf(statements: readonly Statement[]): Holder[] {
  const holders = new Map<string, Holder>();
  for (const statement of statements) {
    if (statement.effect !== 'Allow') continue;
    const may_decrypt = DECRYPTING.some((action) => concerns(statement, action));
    const may_administer = ADMINISTERING.some((action) => concerns(statement, action));
    const conditioned = statement.conditions.length > 0;
    for (const who of namedBy(statement)) {
      const key = JSON.stringify([who, conditioned]);
      const known = holders.get(key);
      holders.set(key, {
        ...who,
        conditioned,
        may_decrypt: may_decrypt || known?.may_decrypt === true,
        may_administer: may_administer || known?.may_administer === true,
      });
    }
  }
  return [...holders.values()];
}

function namedBy(statement: Statement): Who[] {
  if (statement.allButSome) return everyone('NotPrincipal', statement);
  return statement.principals.flatMap((principal) =>
    isForEveryone({ ...statement, principals: [principal] })
      ? everyone(principal.value, statement)
      : [whoIs(principal)],
  );
}

/** A wildcard is everybody unless conditions bring it down to accounts, or to something else in particular. */
function everyone(principal: string, statement: Statement): Who[] {
  const narrowed = narrowings(statement);
  if (narrowed.length === 0) return [{ principal, type: 'everyone', account: '' }];
  const accounts = narrowed.map(accountsOf).find((found) => found.length > 0);
  return accounts === undefined
    ? [{ principal, type: 'principal', account: '' }]
    : accounts.map((account) => ({ principal, type: 'account', account }));
}

function accountsOf({ values }: Condition): readonly string[] {
  const accounts = values.map(accountIn);
  return accounts.includes('') ? [] : accounts;
}

function whoIs({ type, value: principal }: Principal): Who {
  if (type === 'Service') return { principal, type: 'service', account: '' };
  if (type === 'Federated') return { principal, type: 'federated', account: accountIn(principal) };
  const account = accountIn(principal);
  const whole = /^(\d{12}|arn:[^:]+:iam::\d{12}:root)$/.test(principal);
  return { principal, type: whole ? 'account' : 'principal', account };
}
