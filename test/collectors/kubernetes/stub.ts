import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { text } from 'node:stream/consumers';
import type { Estate } from './estate.ts';

/**
 * - `denied`, `unauthorized`, `throttled`, `error`, `absent`, `expired`: refused with a Status, as the API server does
 * - `throttled-long`: asked to come again in an hour
 * - `truncated`: a body that ends early, in an answer that is whole as HTTP; `cut`: the connection ends within the body; `empty`: no body;
 *   `empty-object`: an object without anything; `other-kind`: the list of something else
 * - `missing-page`: the second page lacks an object; `no-token`: a page without the way to the next; `same-token`: the way on leads back;
 *   `other-version`: the second page is of another state
 * - `hang`: no answer; `hang-body`: half an answer
 * - `no-date`, `future`: without its time, or of a time to come
 */
export type Fault =
  | 'denied'
  | 'unauthorized'
  | 'throttled'
  | 'throttled-long'
  | 'error'
  | 'absent'
  | 'expired'
  | 'truncated'
  | 'cut'
  | 'empty'
  | 'empty-object'
  | 'other-kind'
  | 'missing-page'
  | 'no-token'
  | 'same-token'
  | 'other-version'
  | 'hang'
  | 'hang-body'
  | 'no-date'
  | 'future';

export interface Stub extends AsyncDisposable {
  readonly url: string;
  readonly paths: string[];
  /** By path; `times` is how many answers it is for, all unless given. */
  readonly faults: Map<string, { readonly fault: Fault; times?: number; readonly continued?: boolean }>;
  /** What an access review denies, by resource. */
  readonly denied: Set<string>;
  /** Called when a fault strikes. */
  onFault: () => void;
}

type Plan = Pick<Stub, 'paths' | 'faults' | 'denied' | 'onFault'>;

const STATUS: Partial<Record<Fault, readonly [status: number, reason: string]>> = {
  denied: [403, 'Forbidden'],
  unauthorized: [401, 'Unauthorized'],
  throttled: [429, 'TooManyRequests'],
  'throttled-long': [429, 'TooManyRequests'],
  error: [500, 'InternalError'],
  absent: [404, 'NotFound'],
  expired: [410, 'Expired'],
};

/** What is no list. */
const SINGLE = new Set(['/version', '/api/v1/namespaces/kube-system']);

export const PEOPLE = 'jane.doe@example.org';

function statusObject([code, reason]: readonly [number, string]): object {
  const message = `${reason}: User "${PEOPLE}" cannot do that`;
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
}

/** Speaks the list protocol of the API server over planted objects, on loopback. */
export async function startStub(estate: Estate): Promise<Stub> {
  const stub: Plan = { paths: [], faults: new Map(), denied: new Set(), onFault: () => {} };
  const server = createServer((request, response) => {
    void answer(stub, estate, request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return Object.assign(stub, {
    url: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}

async function answer(
  stub: Plan,
  estate: Estate,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '', 'http://stub');
  stub.paths.push(`${request.method} ${request.url}`);
  const fault = faultFor(stub, url);
  const known = url.pathname.startsWith('/apis/auth') || estate.has(url.pathname) || SINGLE.has(url.pathname);
  const refusal = known ? (fault === undefined ? undefined : STATUS[fault]) : STATUS.absent;
  response.setHeader('audit-id', `audit-${stub.paths.length}`);
  response.setHeader('content-type', 'application/json');
  if (fault === 'no-date') response.sendDate = false;
  if (fault === 'future') response.setHeader('date', new Date(Date.now() + 3_600_000).toUTCString());
  if (fault === 'hang') return;
  if (refusal !== undefined) {
    if (fault === 'throttled') response.setHeader('retry-after', '1');
    if (fault === 'throttled-long') response.setHeader('retry-after', '3600');
    response.writeHead(refusal[0]).end(JSON.stringify(statusObject(refusal)));
    return;
  }
  const body = JSON.stringify(contentOf(stub, estate, url, await text(request), fault));
  await send(response, body, fault);
}

function faultFor({ faults, onFault }: Plan, url: URL): Fault | undefined {
  const entry = faults.get(url.pathname);
  if (entry === undefined || entry.times === 0) return undefined;
  if (entry.continued === true && !url.searchParams.has('continue')) return undefined;
  if (entry.times !== undefined) entry.times -= 1;
  onFault();
  return entry.fault;
}

async function send(response: ServerResponse, body: string, fault: Fault | undefined): Promise<void> {
  const half = body.slice(0, Math.ceil(body.length / 2));
  if (fault === 'empty') response.end();
  else if (fault === 'empty-object') response.end('{}');
  else if (fault === 'truncated') response.end(half);
  else if (fault === 'cut' || fault === 'hang-body') {
    response.writeHead(200, { 'content-length': Buffer.byteLength(body) });
    response.write(half);
    if (fault === 'hang-body') return;
    await sleep(5);
    response.destroy();
  } else response.end(body);
}

function contentOf(
  { denied }: Pick<Stub, 'denied'>,
  estate: Estate,
  url: URL,
  asked: string,
  fault: Fault | undefined,
): object {
  if (url.pathname.endsWith('/selfsubjectreviews'))
    return {
      kind: 'SelfSubjectReview',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: {},
      status: { userInfo: { username: 'system:serviceaccount:annexa:annexa' } },
    };
  if (url.pathname.endsWith('/selfsubjectaccessreviews')) {
    const allowed = ![...denied].some((word) => asked.includes(`"resource":"${word}"`));
    return { kind: 'SelfSubjectAccessReview', apiVersion: 'authorization.k8s.io/v1', status: { allowed } };
  }
  if (url.pathname === '/version') return { major: '1', minor: '36', gitVersion: 'v1.36.3' };
  if (url.pathname === '/api/v1/namespaces/kube-system')
    return { kind: 'Namespace', apiVersion: 'v1', metadata: { name: 'kube-system', uid: 'cluster-uid' } };
  return page(estate, url, fault);
}

/** Tokens are places in the list. Two objects a page unless asked otherwise. */
function page(estate: Estate, url: URL, fault: Fault | undefined): object {
  const { apiVersion, kind, objects } = estate.get(url.pathname)!;
  const limit = Number(url.searchParams.get('limit') ?? '500');
  const from = Number(url.searchParams.get('continue') ?? '0');
  const to = from + limit;
  const items = objects.slice(from, to);
  const more = to < objects.length;
  if (fault === 'missing-page' && from > 0) items.pop();
  const token = fault === 'same-token' ? '1' : String(to);
  return {
    kind: fault === 'other-kind' ? 'ThingList' : `${kind}List`,
    apiVersion,
    metadata: {
      resourceVersion: fault === 'other-version' && from > 0 ? '101' : '100',
      ...(more && fault !== 'no-token' ? { continue: token } : {}),
      ...(more && fault !== 'same-token' ? { remainingItemCount: objects.length - to } : {}),
    },
    items,
  };
}
