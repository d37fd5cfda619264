import { IAMClient } from '@aws-sdk/client-iam';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { z } from 'zod';
import type { CollectorContext, Provenance } from '../contract.ts';
import { CollectorError } from '../error.ts';
import type { AwsAccount, AwsConfig } from './config.ts';
import { failure, isThrottled } from './failure.ts';

type Credentials = { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
type CredentialSource = Credentials | ReturnType<typeof fromNodeProviderChain>;

/** The clients of one collection in one account. Every attempt they make is counted in its provenance. */
export interface Session extends Disposable {
  readonly iam: IAMClient;
  /** `arn:aws:sts::<account>:assumed-role/...` or a user's ARN. */
  readonly caller: string;
  readonly signal: AbortSignal;
  /** Unix seconds: IAM's own clock at its earliest answer so far, from the Date headers; undefined when an answer had none. */
  answeredAt(): number | undefined;
}

const answered = z.object({ headers: z.record(z.string(), z.string()) });
/** An answer that passed, or the SDK's error about one that did not. */
const exchange = z.object({ response: answered.optional(), $response: answered.optional() });
const sent = z.object({
  request: z.object({ protocol: z.string(), hostname: z.string(), port: z.number().optional() }),
});

function headersOf(value: unknown): Readonly<Record<string, string>> | undefined {
  const { response, $response } = exchange.safeParse(value).data ?? {};
  return (response ?? $response)?.headers;
}

const VENDOR_HOST = /(^|\.)(amazonaws\.com(\.cn)?|api\.aws)$/;

interface Watch {
  readonly service: 'iam' | 'sts';
  readonly provenance: Provenance;
  /** Longest time of an attempt. */
  readonly seconds: number;
  readonly onDate?: (date: string | undefined) => void;
}

const INSIDE_RETRIES = {
  name: 'annexaAttempt',
  relation: 'after',
  toMiddleware: 'retryMiddleware',
  override: true,
} as const;

/** Middleware that sees every attempt, ends one that takes too long with its body, and reports it with the request id of its answer. */
function attempts({ service, provenance, seconds, onDate }: Watch) {
  return <Args extends object, Answer extends object>(
    next: (args: Args) => Promise<Answer>,
    context: { commandName?: string },
  ) => {
    const operation = `${service}:${(context.commandName ?? 'Unknown').replace(/Command$/, '')}`;
    return async (args: Args): Promise<Answer> => {
      if (service === 'iam') tellEndpoint(args, provenance);
      try {
        const answer = await within(next(args), seconds, operation);
        const headers = headersOf(answer);
        provenance.call(operation, { throttled: false, requestId: headers?.['x-amzn-requestid'] });
        onDate?.(headers?.['date']);
        return answer;
      } catch (error) {
        const requestId = headersOf(error)?.['x-amzn-requestid'];
        provenance.call(operation, { throttled: isThrottled(error), requestId });
        throw error;
      }
    };
  };
}

/** Told from the request itself, since the SDK also takes endpoints from the environment and from shared files. */
function tellEndpoint(args: unknown, provenance: Provenance): void {
  const request = sent.safeParse(args).data?.request;
  if (request === undefined) return;
  const port = request.port === undefined ? '' : `:${request.port}`;
  const vendor = request.protocol === 'https:' && VENDOR_HOST.test(request.hostname);
  provenance.setEndpoint(`${request.protocol}//${request.hostname}${port}`, vendor);
}

/** A TimeoutError, which the SDK retries, when `work` takes longer: its own timers stop at the headers. */
async function within<T>(work: Promise<T>, seconds: number, operation: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new Error(`${operation} was not answered in full within ${seconds} s`);
      error.name = 'TimeoutError';
      reject(error);
    }, seconds * 1000);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
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

/** One operation: its answer, or a CollectorError that names it. */
export async function call<T>(operation: string, signal: AbortSignal, send: () => Promise<T>): Promise<T> {
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

/**
 * Opens the clients of one collection: default chain or named credentials, then AssumeRole where the account has a role, then proof that the
 * caller's account is the one configured. Assumed credentials last an hour and are not renewed within a collection.
 */
export async function openSession(
  config: AwsConfig,
  account: AwsAccount,
  context: CollectorContext,
  provenance: Provenance,
  signal: AbortSignal,
): Promise<Session> {
  const endpoint = await endpointOf(config, context);
  const seconds = config.requestTimeout;
  const opened: { destroy(): void }[] = [];
  const settings = (credentials: CredentialSource) => ({
    region: config.region,
    credentials,
    maxAttempts: config.maxAttempts,
    retryMode: 'adaptive',
    requestHandler: new NodeHttpHandler({
      connectionTimeout: Math.min(10, seconds) * 1000,
      requestTimeout: seconds * 1000,
      socketTimeout: seconds * 1000,
      throwOnRequestTimeout: true,
    }),
    ...(endpoint === undefined ? {} : { endpoint }),
  });
  const openSts = (credentials: CredentialSource): STSClient => {
    const sts = new STSClient(settings(credentials));
    opened.push(sts);
    sts.middlewareStack.addRelativeTo(attempts({ service: 'sts', provenance, seconds }), INSIDE_RETRIES);
    return sts;
  };
  const close = (): void => {
    for (const client of opened) client.destroy();
  };
  try {
    let credentials = await ownCredentials(config, context);
    let sts = openSts(credentials);
    if (account.roleArn !== undefined) {
      credentials = await assume(sts, account, account.roleArn, signal);
      sts = openSts(credentials);
    }
    const caller = await callerOf(sts, account, signal);
    provenance.setCaller(caller);
    const iam = new IAMClient(settings(credentials));
    opened.push(iam);
    const dates: number[] = [];
    const onDate = (date: string | undefined): void => {
      dates.push(Math.floor(Date.parse(date ?? '') / 1000));
    };
    iam.middlewareStack.addRelativeTo(
      attempts({ service: 'iam', provenance, seconds, onDate }),
      INSIDE_RETRIES,
    );
    const answeredAt = (): number | undefined => {
      const earliest = Math.min(...dates);
      return Number.isSafeInteger(earliest) ? earliest : undefined;
    };
    return { iam, caller, signal, answeredAt, [Symbol.dispose]: close };
  } catch (error) {
    close();
    throw error;
  }
}
