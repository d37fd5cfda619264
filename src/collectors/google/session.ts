import { setMaxListeners } from 'node:events';
import { admin, type admin_directory_v1, type MethodOptions } from '@googleapis/admin';
import { type gaxios, OAuth2Client } from 'google-auth-library';
import type { CollectorContext } from '../contract.ts';
import { unlessAborted } from '../waiting.ts';
import { type Asking, optionsOf } from './attempts.ts';
import type { GoogleConfig } from './config.ts';
import { failure } from './failure.ts';
import { openTokens } from './token.ts';

export type Directory = admin_directory_v1.Admin;

/** One collection's use of the Directory API. Every attempt is counted in its provenance. */
export interface Session extends Disposable {
  readonly signal: AbortSignal;
  /** The body of one operation's answer, or a CollectorError that names it. `options` go to the method. */
  call(
    operation: string,
    send: (directory: Directory, options: MethodOptions) => Promise<{ readonly data: unknown }>,
  ): Promise<unknown>;
  /** Unix seconds: Google's own clock at the earliest answer so far, from the Date headers; undefined when an answer had none. */
  answeredAt(): number | undefined;
}

interface Opening extends Asking {
  /** What tokens are asked for. */
  readonly scopes: readonly string[];
}

/** What is under way ends with the session. */
export function openSession(
  config: GoogleConfig,
  context: CollectorContext,
  { provenance, scopes, ...asked }: Opening,
): Session {
  const ended = new AbortController();
  const signal = AbortSignal.any([asked.signal, ended.signal]);
  setMaxListeners(0, signal);
  const asking: Asking = { provenance, signal };
  let answeredAt = Infinity;
  const onAnswer = ({ headers, config: { url } }: gaxios.GaxiosResponse): void => {
    provenance.setEndpoint(
      url.origin,
      url.protocol === 'https:' && /(^|\.)googleapis\.com$/.test(url.hostname),
    );
    answeredAt = Math.min(answeredAt, Math.floor(Date.parse(headers.get('date') ?? '') / 1000));
  };
  const { directory, authorize } = open(config, context, scopes, asking);
  return {
    signal,
    call: async (operation, send) => {
      try {
        return await unlessAborted(async () => {
          await authorize();
          const { data } = await send(directory, optionsOf(operation, config, asking, onAnswer));
          return data;
        }, signal);
      } catch (error) {
        throw failure(operation, error, signal);
      }
    },
    answeredAt: () => (Number.isFinite(answeredAt) ? answeredAt : undefined),
    [Symbol.dispose]: () => ended.abort(),
  };
}

interface Opened {
  readonly directory: Directory;
  /** Gives the client a token that is still good. */
  readonly authorize: () => Promise<void>;
}

function open(
  config: GoogleConfig,
  context: CollectorContext,
  scopes: readonly string[],
  asking: Asking,
): Opened {
  // Without what the library adds to requests, which could log them with their tokens.
  const auth = new OAuth2Client({ useAuthRequestParameters: false });
  const tokens = openTokens(config, context, scopes, asking, async (options) =>
    auth.transporter.request(options),
  );
  const rootUrl = config.endpoint === undefined ? {} : { rootUrl: new URL('/', config.endpoint).href };
  return {
    directory: admin({ version: 'directory_v1', auth, ...rootUrl }),
    authorize: async () => auth.setCredentials({ access_token: await tokens() }),
  };
}
