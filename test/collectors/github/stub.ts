import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Estate } from './estate.ts';
import {
  type Answer,
  type FaultKind,
  type Faults,
  ok,
  pickerOf,
  refusal,
  refusedAs,
  send,
} from './faults.ts';
import { execute, graphOf } from './graph.ts';
import { answerRest } from './rest.ts';

export interface StubOptions {
  readonly faults?: Faults;
  /** Entries a page, at most. */
  readonly pageSize?: number;
  /** GitHub's clock, in ms. */
  readonly clock?: () => number;
  /** What an app's installation was granted. */
  readonly granted?: Readonly<Record<string, string>>;
  /** An Enterprise Server: the APIs lie below /api. */
  readonly enterprise?: boolean;
  readonly noDate?: boolean;
  /** An app is installed on some repositories alone. */
  readonly selected?: boolean;
}

export interface Stub extends AsyncDisposable {
  /** As `baseUrl` is set. */
  readonly endpoint: string;
  /** In the order of the calls. */
  readonly calls: readonly string[];
  setFaults(faults: Faults): void;
}

/** What each query reads, by its name; the connection that is paged. */
const QUERIES: Readonly<Record<string, readonly [operation: string, connection?: string]>> = {
  Opening: ['graphql:organization'],
  Members: ['graphql:organization.membersWithRole', 'membersWithRole'],
  ExternalIdentities: ['graphql:organization.samlIdentityProvider.externalIdentities', 'externalIdentities'],
  Repositories: ['graphql:organization.repositories', 'repositories'],
  Rulesets: ['graphql:nodes.RepositoryRuleset'],
  Access: ['graphql:organization.repositories.collaborators', 'repositories'],
  MoreCollaborators: ['graphql:repository.collaborators', 'collaborators'],
  Teams: ['graphql:organization.teams', 'teams'],
  MoreTeamRepositories: ['graphql:organization.team.repositories', 'repositories'],
  Changes: ['graphql:organization.repositories.history', 'repositories'],
  MoreHistory: ['graphql:repository.history', 'history'],
  PullRequests: ['graphql:nodes.PullRequest'],
  MoreReviews: ['graphql:PullRequest.reviews', 'reviews'],
};

/** Operations that give pages. */
export const pagedOperations: ReadonlySet<string> = new Set(
  Object.values(QUERIES).flatMap(([operation, connection]) => (connection === undefined ? [] : [operation])),
);

const query = z.object({ query: z.string(), variables: z.record(z.string(), z.unknown()).optional() });

/** GitHub on the loopback. Queries that GitHub's schema doesn't allow throw when the stub is disposed of. */
export async function startStub(estate: Estate, options: StubOptions = {}): Promise<Stub> {
  const { pageSize = 100, clock = Date.now } = options;
  const prefix = options.enterprise === true ? '/api/v3' : '';
  const graphPath = options.enterprise === true ? '/api/graphql' : '/graphql';
  const calls: string[] = [];
  const mistakes: unknown[] = [];
  const root = graphOf(estate, pageSize);
  let pick = pickerOf(options.faults ?? {});
  let origin = '';

  async function answerQuery(body: string, response: ServerResponse): Promise<void> {
    const { query: source, variables = {} } = query.parse(JSON.parse(body));
    const [, name = ''] = /^\s*query (\w+)/.exec(source) ?? [];
    const [operation, connection] = QUERIES[name] ?? [name];
    calls.push(operation);
    const kind = pick(operation, Number(variables['first'] ?? 0));
    const refused = refusedAs(kind, true);
    if (refused !== undefined) return send(response, refused, kind);
    const result = await execute(root, source, variables);
    if (result.errors !== undefined) mistakes.push(...result.errors);
    send(response, ok(spoilt(kind, JSON.parse(JSON.stringify(result)), connection)), kind);
  }

  function answerRoute(url: URL, method: string, response: ServerResponse): void {
    const page = {
      estate,
      origin: `${origin}${prefix}`,
      pageSize,
      granted: options.granted,
      selected: options.selected,
    };
    const found = answerRest(`${method} ${url.pathname.slice(prefix.length)}`, url.searchParams, page);
    const operation = found?.route ?? `${method} ${url.pathname}`;
    calls.push(operation);
    const kind = pick(operation, 0);
    const answer: Answer =
      refusedAs(kind, false) ?? spoiltList(kind, found?.answer ?? refusal(404, 'Not Found'), url);
    send(response, answer, kind);
  }

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', origin);
    response.setHeader('x-github-request-id', `stub-${calls.length}`);
    if (options.noDate === true) response.sendDate = false;
    else response.setHeader('date', new Date(clock()).toUTCString());
    bodyOf(request)
      .then((body) =>
        url.pathname === graphPath
          ? answerQuery(body, response)
          : answerRoute(url, request.method ?? '', response),
      )
      .catch((error: unknown) => {
        mistakes.push(error);
        response.destroy();
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  origin = `http://127.0.0.1:${address.port}`;
  return {
    endpoint: `${origin}${prefix}`,
    calls,
    setFaults: (faults) => {
      pick = pickerOf(faults);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      if (mistakes.length > 0) throw new AggregateError(mistakes, `asked wrongly: ${String(mistakes[0])}`);
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

interface Connection {
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  nodes?: unknown[];
  edges?: unknown[];
}

function isConnection(value: unknown): value is Connection {
  return typeof value === 'object' && value !== null && 'pageInfo' in value;
}

/** The first connection of the name, looked for from the outside in. */
function connectionIn(value: unknown, name: string): Connection | undefined {
  const waiting: unknown[] = [value];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    if (typeof next !== 'object' || next === null) continue;
    const found: unknown = Reflect.get(next, name);
    if (isConnection(found)) return found;
    waiting.push(...Object.values(next).filter((inner) => inner !== null && inner !== undefined));
  }
  return undefined;
}

function spoilt(kind: FaultKind | undefined, answer: unknown, name: string | undefined): unknown {
  if (name === undefined) return answer;
  const connection = connectionIn(answer, name);
  if (connection === undefined) return answer;
  if (kind === 'missing-page') for (const list of [connection.nodes, connection.edges]) list?.pop();
  if (kind === 'no-token') connection.pageInfo = { hasNextPage: true, endCursor: null };
  if (kind === 'same-token') connection.pageInfo = { hasNextPage: true, endCursor: 'again' };
  return answer;
}

function spoiltList(kind: FaultKind | undefined, answer: Answer, url: URL): Answer {
  const again = new URL(url);
  again.searchParams.set('page', '999');
  if (kind === 'same-token')
    return { ...answer, headers: { ...answer.headers, link: `<${again.href}>; rel="next"` } };
  if (kind === 'no-token') return { ...answer, headers: { ...answer.headers, link: '; rel="next"' } };
  if (kind !== 'missing-page') return answer;
  const list: unknown = JSON.parse(answer.body);
  return { ...answer, body: JSON.stringify(Array.isArray(list) ? list.slice(1) : list) };
}
