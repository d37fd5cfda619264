import { setMaxListeners } from 'node:events';
import { z } from 'zod';
import type { Provenance } from '../contract.ts';
import { CollectorError } from '../error.ts';
import { pages } from '../pages.ts';
import { read } from '../read.ts';
import { unlessAborted } from '../waiting.ts';
import { attempts } from './attempts.ts';
import { type Access, baseOf, graphqlOf, isVendor, type Minted, type Token } from './client.ts';
import type { GithubConfig } from './config.ts';
import { failure, GraphqlErrors } from './failure.ts';
import { time } from './fields.ts';

/** What one collection asks GitHub. Every attempt is counted in its provenance. */
export interface Session extends Disposable {
  /** Who asks, as far as it is known without asking. */
  readonly caller: string | undefined;
  /** What an app's installation was granted. */
  readonly granted: Token['granted'];
  readonly signal: AbortSignal;
  /** One query. `operation` is `graphql:` with what it reads. Errors beside data are a failure: the data would be a part. */
  query<S extends z.ZodType>(
    operation: string,
    document: string,
    variables: Readonly<Record<string, unknown>>,
    schema: S,
  ): Promise<z.output<S>>;
  /** One answer of the REST API, by its route. */
  get<S extends z.ZodType>(route: string, parameters: Parameters, schema: S): Promise<z.output<S>>;
  /** Every page of a listing of the REST API, by the Link header, in order. */
  list<S extends z.ZodType>(
    route: string,
    parameters: Parameters,
    item: S,
  ): AsyncGenerator<readonly z.output<S>[], void, undefined>;
  /** Unix seconds: GitHub's own clock at the earliest answer so far; undefined when an answer had none. */
  answeredAt(): number | undefined;
}

type Parameters = Readonly<Record<string, string | number | boolean>>;

interface Answer {
  readonly data: unknown;
  readonly link: string | undefined;
}

/** One version of the REST API, so that what answers look like doesn't change by itself. */
const VERSION = { 'x-github-api-version': '2022-11-28' };
const MINT = 'POST /app/installations/{installation_id}/access_tokens';

const minted = z.object({
  token: z.string().min(1),
  expires_at: time,
  permissions: z.record(z.string(), z.unknown()).optional(),
  repository_selection: z.enum(['all', 'selected']).optional(),
});

export async function openSession(
  config: GithubConfig,
  access: Access,
  asked: { readonly provenance: Provenance; readonly signal: AbortSignal },
): Promise<Session> {
  const ended = new AbortController();
  const signal = AbortSignal.any([asked.signal, ended.signal]);
  setMaxListeners(0, signal);
  const { provenance } = asked;
  let answeredAt = Infinity;
  const meter = (operation: string): typeof fetch =>
    attempts({
      operation,
      provenance,
      seconds: config.requestTimeout,
      signal,
      onDate: (date) => {
        answeredAt = Math.min(answeredAt, Math.floor(Date.parse(date ?? '') / 1000));
      },
    });
  provenance.setEndpoint(baseOf(config), isVendor(config));
  const ask = async (
    operation: string,
    route: string,
    authorization: string,
    parameters: object,
  ): Promise<Answer> => {
    const request = { fetch: meter(operation), signal };
    const headers = { ...VERSION, authorization };
    try {
      const answer = await unlessAborted(
        () => access.octokit.request(route, { ...parameters, headers, request }),
        signal,
      );
      return { data: answer.data, link: answer.headers.link };
    } catch (error) {
      throw failure(operation, error, signal);
    }
  };
  const mint = async (jwt: string): Promise<Minted> => {
    const { auth } = config;
    const { data } = await ask(MINT, MINT, `bearer ${jwt}`, {
      installation_id: 'app' in auth ? auth.app.installationId : 0,
    });
    const {
      token,
      expires_at,
      permissions = {},
      repository_selection,
    } = read(MINT, 'the answer', minted, data);
    // What it isn't installed on is hidden without a word.
    if (repository_selection === 'selected')
      throw new CollectorError(
        'denied',
        `${MINT}: the app is installed on selected repositories; install it on all`,
      );
    return { value: token, expiresAt: expires_at, granted: permissions };
  };
  const send = async (operation: string, route: string, parameters: object): Promise<Answer> => {
    const { value } = await access.token(mint);
    return ask(operation, route, `token ${value}`, parameters);
  };
  const { granted } = await access.token(mint);
  return {
    caller: access.caller,
    granted,
    signal,
    query: async (operation, document, variables, schema) => {
      const { data } = await send(operation, `POST ${graphqlOf(config)}`, { query: document, variables });
      return readQuery(operation, schema, data);
    },
    get: async (route, parameters, schema) => {
      const { data } = await send(route, route, parameters);
      return read(route, 'the answer', schema, data);
    },
    async *list(route, parameters, item) {
      const schema = z.array(item);
      const first = { ...parameters, per_page: 100 };
      const fetchPage = async (next: string | undefined): Promise<Answer> =>
        next === undefined ? send(route, route, first) : send(route, `GET ${next}`, {});
      for await (const { data } of pages(route, fetchPage, ({ link }) => nextOf(route, link, config)))
        yield read(route, 'the page', schema, data);
    },
    answeredAt: () => (Number.isSafeInteger(answeredAt) ? answeredAt : undefined),
    [Symbol.dispose]: () => ended.abort(new CollectorError('stopped', 'the collection has ended')),
  };
}

const envelope = z.object({
  data: z.unknown().optional(),
  errors: z
    .array(
      z.object({ type: z.string().optional(), message: z.string().catch(''), extensions: extensionsOf() }),
    )
    .optional(),
});

/** Where what a server doesn't know is told. */
function extensionsOf() {
  return z
    .object({ code: z.string().optional().catch(undefined) })
    .optional()
    .catch(undefined);
}

function readQuery<S extends z.ZodType>(operation: string, schema: S, answer: unknown): z.output<S> {
  const { data, errors = [] } = read(operation, 'the answer', envelope, answer);
  if (errors.length > 0) {
    const known = errors.map(({ type, message, extensions }) => ({
      type: type ?? extensions?.code,
      message,
    }));
    throw failure(operation, new GraphqlErrors(known));
  }
  return read(operation, 'the answer', schema, data);
}

/** The address of the next page, which must be the same server's: the credentials go with it. */
function nextOf(route: string, link: string | undefined, config: GithubConfig): string | undefined {
  const [, next] = /<([^>]+)>\s*;[^,]*\brel="next"/.exec(link ?? '') ?? [];
  if (next === undefined) {
    if (link?.includes('rel="next"') === true)
      throw new CollectorError('incomplete', `${route}: a next page without an address`);
    return undefined;
  }
  if (URL.parse(next)?.origin !== new URL(baseOf(config)).origin)
    throw new CollectorError('malformed', `${route}: the next page is said to be on another server`);
  return next;
}
