import type { NodeHttpHandler } from '@smithy/node-http-handler';
import type { Provenance } from '../contract.ts';
import { attempts, INSIDE_RETRIES } from './attempts.ts';
import type { AwsConfig } from './config.ts';
import { isExpired, isHung } from './failure.ts';
import type { Silences } from './silence.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** When they expire, by the clock of this machine. Absent: they don't. */
  readonly expiration?: Date;
}

/** On whose behalf calls are made: they are counted in its provenance and end with its signal. */
export interface Asking {
  readonly provenance: Provenance;
  readonly signal: AbortSignal;
}

/** Where a client's credentials come from. */
export interface Keys {
  current(asking: Asking): Promise<Credentials>;
  /** Looks for others, since AWS says that these have expired; false when there are none but these. */
  renew(refused: Credentials, asking: Asking): Promise<boolean>;
}

/** What all clients of a connected collector share. */
export interface Common {
  readonly config: AwsConfig;
  /** Connections are kept alive and shared; whoever made the handler destroys it. */
  readonly handler: NodeHttpHandler;
  readonly silences: Silences;
}

interface ClientSpec {
  /** IAM's prefix of its operations. */
  readonly service: string;
  readonly region: string;
  /** An account's id, or `*` for what is asked before an account is reached. */
  readonly account: string;
  readonly endpoint: string | undefined;
  readonly keys: Keys;
  readonly onDate?: (date: string | undefined) => void;
}

type Step<Args, Answer> = (args: Args) => Promise<Answer>;

/** What all of the SDK's clients have in common here. */
export interface AwsClient {
  readonly config: { credentials(options?: { forceRefresh?: boolean }): Promise<Credentials> };
  readonly middlewareStack: {
    add(middleware: ReturnType<typeof guard>, options: typeof OUTERMOST): void;
    addRelativeTo(middleware: ReturnType<typeof attempts>, options: typeof INSIDE_RETRIES): void;
  };
}
export type Settings = ReturnType<typeof settingsOf>;

const OUTERMOST = { name: 'annexaGuard', step: 'initialize', priority: 'high', override: true } as const;

/** A client of the SDK. It owns nothing that would have to be closed. */
export function openClient<C extends AwsClient>(
  Client: new (settings: Settings) => C,
  spec: ClientSpec,
  common: Common,
  asking: Asking,
): C {
  const { service, region, account, onDate } = spec;
  const { config, silences } = common;
  const place = `${account} ${region}`;
  const client = new Client(settingsOf(spec, common, asking));
  client.middlewareStack.addRelativeTo(
    attempts({
      service,
      provenance: asking.provenance,
      seconds: config.requestTimeout,
      onAnswer: () => silences.heard(place),
      ...(onDate === undefined ? {} : { onDate }),
    }),
    INSIDE_RETRIES,
  );
  client.middlewareStack.add(guard({ client, place, service, silences, keys: spec.keys, asking }), OUTERMOST);
  return client;
}

function settingsOf({ region, endpoint, keys }: ClientSpec, { config, handler }: Common, asking: Asking) {
  return {
    region,
    // Asked by the client when it has none yet, from five minutes before those it has expire, and when it is told to.
    credentials: () => keys.current(asking),
    maxAttempts: config.maxAttempts,
    retryMode: 'adaptive',
    requestHandler: handler,
    ...(endpoint === undefined ? {} : { endpoint }),
  };
}

interface Guarded {
  readonly client: Pick<AwsClient, 'config'>;
  readonly place: string;
  readonly service: string;
  readonly silences: Silences;
  readonly keys: Keys;
  readonly asking: Asking;
}

/**
 * Middleware around an operation with all its retries: nothing is asked of a place that was silent a moment ago, and what is refused because
 * the credentials have expired is asked once more with others.
 */
function guard({ client, place, service, silences, keys, asking }: Guarded) {
  return <Args extends object, Answer extends object>(
    next: Step<Args, Answer>,
    context: { commandName?: string },
  ): Step<Args, Answer> => {
    const operation = `${service}:${(context.commandName ?? 'Unknown').replace(/Command$/, '')}`;
    const heeded = async (args: Args): Promise<Answer> => {
      silences.check(place, operation);
      const answers = silences.answers(place);
      try {
        return await next(args);
      } catch (error) {
        if (!asking.signal.aborted && isHung(error)) silences.unanswered(place, answers, operation);
        throw error;
      }
    };
    return async (args) => {
      const used = await client.config.credentials();
      try {
        return await heeded(args);
      } catch (error) {
        if (!isExpired(error) || !(await keys.renew(used, asking))) throw error;
        await client.config.credentials({ forceRefresh: true });
        return await heeded(args);
      }
    };
  };
}
