import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import type { CollectorContext } from '../contract.ts';
import { CollectorError } from '../error.ts';
import { type Asking, type Common, type Credentials, type Keys, openClient } from './client.ts';
import type { AwsAccount, AwsConfig } from './config.ts';
import { failure } from './failure.ts';
import { sharing, unlessAborted } from '../waiting.ts';

/** Milliseconds before credentials expire from which others are got: the SDK's clients ask for new ones from then on. */
const RENEW_BEFORE = 300_000;

/** Credentials that AWS itself says belong to the account. */
export interface Identity {
  readonly credentials: Credentials;
  /** `arn:aws:sts::<account>:assumed-role/...` or a user's ARN. */
  readonly caller: string;
}

/** The access to one account. */
export interface AccountKeys extends Keys {
  /** Proven once for each set of credentials, and told to the provenance of everyone who asks. */
  identity(asking: Asking): Promise<Identity>;
}

/**
 * The credentials of the collector itself: named ones are read anew whenever they are asked for, so that a secret that was replaced is noticed;
 * else the SDK's default chain, which keeps what it found for as long as that lasts.
 */
export function ownKeys(config: AwsConfig, context: CollectorContext, handler: Common['handler']): Keys {
  const chain = fromNodeProviderChain({ clientConfig: { region: config.region, requestHandler: handler } });
  const named = config.credentials;
  const read = async (forceRefresh: boolean): Promise<Credentials> => {
    if (named === undefined) return chain({ forceRefresh });
    const token = named.sessionToken === undefined ? undefined : await context.secret(named.sessionToken);
    return {
      accessKeyId: await context.secret(named.accessKeyId),
      secretAccessKey: await context.secret(named.secretAccessKey),
      ...(token === undefined ? {} : { sessionToken: token }),
    };
  };
  return {
    current: ({ signal }) => unlessAborted(() => read(false), signal),
    renew: async (refused, { signal }) => !same(await unlessAborted(() => read(true), signal), refused),
  };
}

function same(a: Credentials, b: Credentials): boolean {
  return (
    a.accessKeyId === b.accessKeyId &&
    a.secretAccessKey === b.secretAccessKey &&
    a.sessionToken === b.sessionToken
  );
}

/**
 * The credentials of an account: those of its role, assumed with `own` and kept until five minutes before they expire, or `own` where it has
 * none. What fails is not kept, and is done once for all who wait for it.
 */
export function accountKeys(
  account: AwsAccount,
  own: Keys,
  sts: (keys: Keys, asking: Asking) => Promise<Sts>,
): AccountKeys {
  let held: Identity | undefined;
  const join = sharing<Identity>();
  const obtain = async (offered: Credentials | undefined, asking: Asking): Promise<Identity> => {
    const credentials = offered ?? (await assume(await sts(own, asking), account, asking.signal));
    const fixed: Keys = { current: async () => credentials, renew: async () => false };
    const caller = await callerOf(await sts(fixed, asking), account, asking.signal);
    held = { credentials, caller };
    return held;
  };
  const identity = async (asking: Asking): Promise<Identity> => {
    const offered = account.roleArn === undefined ? await own.current(asking) : undefined;
    const known = held !== undefined && stillGood(held.credentials, offered) ? held : undefined;
    const found =
      known ??
      (await join(offered === undefined ? 'role' : JSON.stringify(offered), asking.signal, (signal) =>
        obtain(offered, { ...asking, signal }),
      ));
    asking.provenance.setCaller(found.caller);
    return found;
  };
  return {
    identity,
    current: async (asking) => (await identity(asking)).credentials,
    renew: async (refused, asking) => {
      if (account.roleArn === undefined) return own.renew(refused, asking);
      if (held !== undefined && same(held.credentials, refused)) held = undefined;
      await identity(asking);
      return true;
    },
  };
}

/** Whether what is held may still be used: own credentials while they are the ones offered, a role's until they are about to expire. */
function stillGood(held: Credentials, offered: Credentials | undefined): boolean {
  if (offered !== undefined) return same(held, offered);
  return held.expiration === undefined || held.expiration.getTime() - Date.now() >= RENEW_BEFORE;
}

/** A client of STS, and AWS's clock at its newest answer. */
export interface Sts {
  readonly client: STSClient;
  /** The Date header; undefined before the first answer, and when it had none. */
  date(): string | undefined;
}

/** Clients of STS in the home region. */
export function stsOf(
  { region }: AwsConfig,
  endpoint: () => Promise<string | undefined>,
  common: Common,
): (keys: Keys, asking: Asking) => Promise<Sts> {
  return async (keys, asking) => {
    let date: string | undefined;
    const spec = { service: 'sts', region, account: '*', endpoint: await endpoint(), keys };
    const onDate = (told: string | undefined): void => void (date = told);
    return {
      client: openClient(STSClient, { ...spec, onDate }, common, asking),
      date: () => date,
    };
  };
}

async function call<T>(operation: string, signal: AbortSignal, send: () => Promise<T>): Promise<T> {
  try {
    return await unlessAborted(send, signal);
  } catch (error) {
    throw failure(operation, error, signal);
  }
}

async function assume(sts: Sts, account: AwsAccount, signal: AbortSignal): Promise<Credentials> {
  const { Credentials: given } = await call('sts:AssumeRole', signal, () =>
    sts.client.send(
      new AssumeRoleCommand({
        RoleArn: account.roleArn,
        RoleSessionName: 'annexa',
        ...(account.externalId === undefined ? {} : { ExternalId: account.externalId }),
      }),
      { abortSignal: signal },
    ),
  );
  if (!given?.AccessKeyId || !given.SecretAccessKey || !given.SessionToken || !given.Expiration)
    throw new CollectorError(
      'malformed',
      'sts:AssumeRole: the answer holds no credentials, or no time of expiry',
    );
  return {
    accessKeyId: given.AccessKeyId,
    secretAccessKey: given.SecretAccessKey,
    sessionToken: given.SessionToken,
    expiration: byOwnClock(given.Expiration, sts.date()),
  };
}

/** An instant of AWS's clock as this machine's clock will show it, however wrong that goes. */
function byOwnClock(instant: Date, answeredAt: string | undefined): Date {
  const answered = Date.parse(answeredAt ?? '');
  return Number.isNaN(answered) ? instant : new Date(instant.getTime() - answered + Date.now());
}

async function callerOf(sts: Sts, account: AwsAccount, signal: AbortSignal): Promise<string> {
  const { Account, Arn } = await call('sts:GetCallerIdentity', signal, () =>
    sts.client.send(new GetCallerIdentityCommand({}), { abortSignal: signal }),
  );
  if (!Account || !Arn)
    throw new CollectorError('malformed', 'sts:GetCallerIdentity: no account or ARN in the answer');
  if (Account !== account.id)
    throw new CollectorError(
      'configuration',
      `the credentials belong to account ${Account}, not to ${account.id}: ${Arn}`,
    );
  return Arn;
}
