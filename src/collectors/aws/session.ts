import { setMaxListeners } from 'node:events';
import { CollectorError } from '../error.ts';
import { type Asking, type AwsClient, type Common, openClient, type Settings } from './client.ts';
import { failure } from './failure.ts';
import type { AccountKeys } from './keys.ts';
import { unlessAborted } from '../waiting.ts';

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

interface SessionSpec {
  readonly account: string;
  readonly region: string;
  readonly endpoint: string | undefined;
  readonly keys: AccountKeys;
}

/** Opens the clients of one collection, once it is proven that the caller's account is the one configured. What is under way ends with it. */
export async function openSession(spec: SessionSpec, common: Common, asked: Asking): Promise<Session> {
  const ended = new AbortController();
  const signal = AbortSignal.any([asked.signal, ended.signal]);
  setMaxListeners(0, signal);
  const asking: Asking = { ...asked, signal };
  const { caller } = await spec.keys.identity(asking);
  let answeredAt = Infinity;
  const onDate = (date: string | undefined): void => {
    answeredAt = Math.min(answeredAt, Math.floor(Date.parse(date ?? '') / 1000));
  };
  const clients = new Map<string, unknown>();
  return {
    caller,
    signal,
    client: (service, Client, region = spec.region) => {
      const key = `${service} ${region}`;
      const known = clients.get(key);
      if (known instanceof Client) return known;
      const made = openClient(Client, { ...spec, service, region, onDate }, common, asking);
      clients.set(key, made);
      return made;
    },
    call: async (operation, send) => {
      try {
        return await unlessAborted(() => send({ abortSignal: signal }), signal);
      } catch (error) {
        throw failure(operation, error, signal);
      }
    },
    answeredAt: () => (Number.isSafeInteger(answeredAt) ? answeredAt : undefined),
    [Symbol.dispose]: () => ended.abort(new CollectorError('stopped', 'the collection has ended')),
  };
}
