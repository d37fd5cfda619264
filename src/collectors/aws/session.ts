import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { CollectorContext, Provenance } from '../contract.ts';
import { CollectorError } from '../error.ts';
import { attempts, INSIDE_RETRIES } from './attempts.ts';
import type { AwsAccount, AwsConfig } from './config.ts';
import { failure } from './failure.ts';

type Credentials = { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
type CredentialSource = Credentials | ReturnType<typeof fromNodeProviderChain>;

/** What all of the SDK's clients have in common here. */
interface AwsClient {
  readonly middlewareStack: {
    addRelativeTo(middleware: ReturnType<typeof attempts>, options: typeof INSIDE_RETRIES): void;
  };
  destroy(): void;
}
type Settings = ReturnType<typeof clientSettings>;

/** The clients of one collection in one account. Every attempt they make is counted in its provenance. */
export interface Session extends Disposable {
  /** `arn:aws:sts::<account>:assumed-role/...` or a user's ARN. */
  readonly caller: string;
  readonly signal: AbortSignal;
  /**
   * The one client of this kind and region, made when first asked for. `service` is IAM's prefix of its operations; `region` is the
   * session's unless given.
   */
  client<C extends AwsClient>(service: string, Client: new (settings: Settings) => C, region?: string): C;
  /** One operation, such as `ec2:DescribeVolumes`: its answer, or a CollectorError that names it. `options` go to the client's `send`. */
  call<T>(operation: string, send: (options: { abortSignal: AbortSignal }) => Promise<T>): Promise<T>;
  /** Unix seconds: AWS's own clock at the earliest answer so far, from the Date headers; undefined when an answer had none. */
  answeredAt(): number | undefined;
}

async function endpointOf(config: AwsConfig, context: CollectorContext): Promise<string | undefined> {
  if (config.endpoint === undefined || typeof config.endpoint === 'string') return config.endpoint;
  const value = await context.secret(config.endpoint);
  if (!URL.canParse(value))
    throw new CollectorError(
      'configuration',
      `endpoint: expected a URL in the environment variable ${config.endpoint.env}`,
    );
  return value;
}

async function ownCredentials(config: AwsConfig, context: CollectorContext): Promise<CredentialSource> {
  const named = config.credentials;
  if (named === undefined) return fromNodeProviderChain({ clientConfig: { region: config.region } });
  const session = named.sessionToken === undefined ? undefined : await context.secret(named.sessionToken);
  return {
    accessKeyId: await context.secret(named.accessKeyId),
    secretAccessKey: await context.secret(named.secretAccessKey),
    ...(session === undefined ? {} : { sessionToken: session }),
  };
}

/** Rejects as soon as the signal is aborted, whatever the SDK is waiting for (its rate limiter sleeps without looking). */
async function unlessAborted<T>(start: () => Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([start(), promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function call<T>(operation: string, signal: AbortSignal, send: () => Promise<T>): Promise<T> {
  try {
    return await unlessAborted(send, signal);
  } catch (error) {
    throw failure(operation, error, signal);
  }
}

async function assume(
  sts: STSClient,
  account: AwsAccount,
  roleArn: string,
  signal: AbortSignal,
): Promise<Credentials> {
  const { Credentials: given } = await call('sts:AssumeRole', signal, () =>
    sts.send(
      new AssumeRoleCommand({
        RoleArn: roleArn,
        RoleSessionName: 'annexa',
        ...(account.externalId === undefined ? {} : { ExternalId: account.externalId }),
      }),
      { abortSignal: signal },
    ),
  );
  if (!given?.AccessKeyId || !given.SecretAccessKey || !given.SessionToken)
    throw new CollectorError('malformed', 'sts:AssumeRole: the answer holds no credentials');
  return {
    accessKeyId: given.AccessKeyId,
    secretAccessKey: given.SecretAccessKey,
    sessionToken: given.SessionToken,
  };
}

async function callerOf(sts: STSClient, account: AwsAccount, signal: AbortSignal): Promise<string> {
  const { Account, Arn } = await call('sts:GetCallerIdentity', signal, () =>
    sts.send(new GetCallerIdentityCommand({}), { abortSignal: signal }),
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

function clientSettings(
  config: AwsConfig,
  endpoint: string | undefined,
  credentials: CredentialSource,
  region: string,
) {
  const milliseconds = config.requestTimeout * 1000;
  return {
    region,
    credentials,
    maxAttempts: config.maxAttempts,
    retryMode: 'adaptive',
    requestHandler: new NodeHttpHandler({
      connectionTimeout: Math.min(10_000, milliseconds),
      requestTimeout: milliseconds,
      socketTimeout: milliseconds,
      throwOnRequestTimeout: true,
    }),
    ...(endpoint === undefined ? {} : { endpoint }),
  };
}

/**
 * Opens the clients of one collection: default chain or named credentials, then AssumeRole where the account has a role, then proof that the
 * caller's account is the one configured.
 */
export async function openSession(
  config: AwsConfig,
  account: AwsAccount,
  region: string,
  context: CollectorContext,
  provenance: Provenance,
  signal: AbortSignal,
): Promise<Session> {
  using failed = new DisposableStack();
  const owned = failed.use(new DisposableStack());
  const endpoint = await endpointOf(config, context);
  const seconds = config.requestTimeout;
  let credentials = await ownCredentials(config, context);
  let answeredAt = Infinity;
  const onDate = (date: string | undefined): void => {
    answeredAt = Math.min(answeredAt, Math.floor(Date.parse(date ?? '') / 1000));
  };
  const open = <C extends AwsClient>(
    service: string,
    Client: new (settings: Settings) => C,
    where: string,
  ): C => {
    const settings = clientSettings(config, endpoint, credentials, where);
    const client = owned.adopt(new Client(settings), (made) => made.destroy());
    const watch = service === 'sts' ? {} : { onDate };
    client.middlewareStack.addRelativeTo(
      attempts({ service, provenance, seconds, ...watch }),
      INSIDE_RETRIES,
    );
    return client;
  };
  let sts = open('sts', STSClient, config.region);
  if (account.roleArn !== undefined) {
    credentials = await assume(sts, account, account.roleArn, signal);
    sts = open('sts', STSClient, config.region);
  }
  const caller = await callerOf(sts, account, signal);
  provenance.setCaller(caller);
  const clients = new Map<string, unknown>();
  failed.move();
  return {
    caller,
    signal,
    client: (service, Client, where = region) => {
      const key = `${service} ${where}`;
      const known = clients.get(key);
      if (known instanceof Client) return known;
      const made = open(service, Client, where);
      clients.set(key, made);
      return made;
    },
    call: (operation, send) => call(operation, signal, () => send({ abortSignal: signal })),
    answeredAt: () => (Number.isSafeInteger(answeredAt) ? answeredAt : undefined),
    [Symbol.dispose]: () => owned.dispose(),
  };
}
