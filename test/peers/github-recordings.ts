import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Estate } from '../collectors/github/estate.ts';
import { installed } from './descriptions.ts';
import { answerQuery, type Front, startFront } from './github-front.ts';

const exchange = z.object({
  method: z.string(),
  path: z.string(),
  status: z.int(),
  response: z.union([z.string(), z.array(z.unknown()), z.record(z.string(), z.unknown())]),
  rawHeaders: z.array(z.string()),
});

/** A request to api.github.com as it was once made, and what GitHub answered. */
export type Exchange = z.infer<typeof exchange>;

/** Every exchange of a scenario, in the order in which they were made. */
export function recorded(scenario: string): readonly Exchange[] {
  const file = installed(
    `node_modules/@octokit/fixtures/scenarios/api.github.com/${scenario}/raw-fixture.json`,
  );
  return z.array(exchange).parse(JSON.parse(readFileSync(file, 'utf8')));
}

/** The exchange of the scenario whose path ends so. */
export function recordedAt(scenario: string, method: string, end: string, status: number): Exchange {
  const found = recorded(scenario).find(
    (one) => one.method.toUpperCase() === method && one.path.endsWith(end) && one.status === status,
  );
  if (found === undefined) throw new Error(`${scenario} has no ${method} …${end} answered with ${status}`);
  return found;
}

export function headerOf({ rawHeaders }: Exchange, name: string): string | undefined {
  const at = rawHeaders.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === name);
  return at === -1 ? undefined : rawHeaders[at + 1];
}

/** Of the connection, not of the answer. The length is another, since addresses are. */
const HOPS = ['connection', 'content-length', 'content-encoding', 'transfer-encoding'];
const GITHUB = 'https://api.github.com';

export interface Replay {
  /** What answers each request, by `GET /path`; several: one after the other, the last from then on. Any other request is answered 404. */
  readonly answers: Readonly<Record<string, readonly Exchange[]>>;
  /** What GraphQL, which isn't in the recordings, is answered from. */
  readonly estate?: Estate;
  /** Addresses are left on api.github.com. */
  readonly unmoved?: boolean;
}

/** Serves recorded answers: status, headers and body as recorded, with addresses of api.github.com moved to the loopback. */
export async function startReplay({ answers, estate, unmoved = false }: Replay): Promise<Front> {
  const asked = new Map<string, number>();
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const origin = `http://${incoming.headers.host}`;
    const line = `${incoming.method} ${pathOf(incoming.url ?? '/')}`;
    if (incoming.url === '/graphql' && estate !== undefined)
      return answerQuery(async () => estate, incoming, outgoing);
    const count = asked.get(line) ?? 0;
    asked.set(line, count + 1);
    const found = answers[line]?.[count] ?? answers[line]?.at(-1);
    if (found === undefined) return void outgoing.writeHead(404).end('{"message":"not recorded"}');
    const moved = (text: string): string => (unmoved ? text : text.replaceAll(GITHUB, origin));
    const { response } = found;
    outgoing.writeHead(found.status, headersOf(found).map(moved));
    outgoing.end(moved(typeof response === 'string' ? response : JSON.stringify(response)));
  };
  return startFront(answer);
}

const headersOf = ({ rawHeaders }: Exchange): string[] =>
  rawHeaders.filter((_, index) => !HOPS.includes((rawHeaders[index - (index % 2)] ?? '').toLowerCase()));

/** The address without the size of a page: it was recorded with another. */
export function pathOf(address: string): string {
  const { pathname, searchParams } = new URL(address, GITHUB);
  searchParams.delete('per_page');
  const query = searchParams.toString();
  return query === '' ? pathname : `${pathname}?${query}`;
}
