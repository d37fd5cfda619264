import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Estate } from './estate.ts';
import { type FaultKind, type Faults, pickerOf, refusal, send } from './faults.ts';
import { masked } from './mask.ts';
import { type Identities, openIdentities } from './identities.ts';
import { routes } from './routes.ts';

export interface StubOptions {
  readonly faults?: Faults;
  /** Of each listing, at most; Google may give fewer than it is asked for. */
  readonly pageSize?: number;
  /** OAuth scopes that domain-wide delegation grants; absent: all. */
  readonly delegated?: readonly string[];
  /** Operations for which the subject's administrator role lacks the privilege. */
  readonly forbidden?: readonly string[];
  /** Google's clock, in ms. */
  readonly clock?: () => number;
  /** Seconds that a token lasts. */
  readonly lifetime?: number;
}

export interface Stub extends AsyncDisposable {
  readonly endpoint: string;
  readonly identities: Identities;
  /** In the order of the calls: operation, and the query. */
  readonly calls: readonly { readonly operation: string; readonly query: Readonly<Record<string, string>> }[];
}

/**
 * Google on the loopback: the token endpoint, IAM Credentials' signJwt, a token service for workload identity, and the Directory API over an
 * estate. What it is asked without a token of the right scope is refused; fields that aren't asked for are left out, as Google does.
 */
export async function startStub(estate: Estate, options: StubOptions = {}): Promise<Stub> {
  const { clock = Date.now, forbidden = [], pageSize = 2 } = options;
  const calls: { operation: string; query: Readonly<Record<string, string>> }[] = [];
  const pick = pickerOf(options.faults ?? {});
  const mistakes: unknown[] = [];
  let identities: Identities | undefined;

  function directory(url: URL, request: IncomingMessage, response: ServerResponse): void {
    const route = routes.find(({ path }) => path.test(url.pathname));
    const query = Object.fromEntries(url.searchParams);
    const operation = route?.operation ?? `${request.method} ${url.pathname}`;
    calls.push({ operation, query });
    const kind = pick(operation);
    const scopes = identities?.scopesOf(request.headers.authorization) ?? [];
    const refuse = (status: number, reason: string, message: string): void => {
      const { status: code, body } = refusal(status, reason, message);
      send(response, code, body, kind);
    };
    if (route === undefined || request.method !== 'GET') return refuse(404, 'notFound', 'Not Found');
    if (scopes.length === 0) return refuse(401, 'authError', 'Invalid Credentials');
    if (!scopes.includes(route.scope))
      return refuse(403, 'insufficientPermissions', 'Request had insufficient authentication scopes.');
    if (forbidden.includes(operation))
      return refuse(403, 'forbidden', 'Not Authorized to access this resource/api');
    const [, ...keys] = route.path.exec(url.pathname) ?? [];
    const body = route.answer(estate, keys.map(decodeURIComponent), page(query, pageSize, kind));
    if (body === undefined) return refuse(404, 'notFound', 'Resource Not Found');
    send(response, 200, masked(body, query['fields']), kind);
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('date', new Date(clock()).toUTCString());
    try {
      const url = new URL(request.url ?? '/', 'http://stub');
      const identity = await identities?.answer(url, request);
      if (identity === undefined) return directory(url, request, response);
      calls.push({ operation: identity.operation, query: {} });
      send(response, identity.status, identity.body, pick(identity.operation));
    } catch (error) {
      mistakes.push(error);
      send(response, 500, { error: String(error) }, undefined);
    }
  }

  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const endpoint = `http://127.0.0.1:${address.port}`;
  identities = openIdentities({ endpoint, clock, ...options });
  return {
    endpoint,
    identities,
    calls,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      if (mistakes.length > 0) throw new AggregateError(mistakes, 'the stub made mistakes');
    },
  };
}

export interface Page {
  readonly start: number;
  readonly size: number;
  /** The token of what comes after `start`. */
  readonly next: (start: number) => string;
}

function page(query: Readonly<Record<string, string>>, most: number, kind: FaultKind | undefined): Page {
  const asked = Number(query['maxResults'] ?? most);
  return {
    start: Number(query['pageToken']?.replace('page-', '') ?? 0),
    size: kind === 'empty-page' ? 0 : Math.min(asked, most),
    next: (start) => (kind === 'same-token' ? 'page-0' : `page-${start}`),
  };
}
