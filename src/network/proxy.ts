import http, { Agent as HttpAgent } from 'node:http';
import https, { Agent as HttpsAgent } from 'node:https';
import type { Dispatcher } from 'undici';

type Environment = Readonly<Record<string, string | undefined>>;

/** The proxies of the environment, as Node's agents take them. The URLs may hold credentials: they are never told. */
export type Proxies = {
  readonly HTTP_PROXY?: string;
  readonly HTTPS_PROXY?: string;
  /** With what is never asked through a proxy. */
  readonly NO_PROXY: string;
};

/** This machine, and what tells a machine in a cloud who it is: a proxy would answer for itself. */
const DIRECT = [
  'localhost',
  '127.0.0.1',
  '::1',
  '169.254.169.254',
  '169.254.170.2',
  '169.254.170.23',
  'fd00:ec2::23',
  'fd00:ec2::254',
  'metadata.google.internal',
];

/**
 * The proxies that the environment names (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`; small letters win); undefined: none. The API server of the
 * cluster that this runs in is reached without one. Throws, naming the variable, for what is no address of a proxy.
 */
export function proxiesOf(env: Environment = process.env): Proxies | undefined {
  const plain = proxyIn(env, 'HTTP_PROXY');
  const secure = proxyIn(env, 'HTTPS_PROXY');
  if (plain === undefined && secure === undefined) return undefined;
  const own = valueOf(env, 'NO_PROXY') ?? '';
  const cluster = env['KUBERNETES_SERVICE_HOST'] ?? '';
  return {
    ...(plain === undefined ? {} : { HTTP_PROXY: plain }),
    ...(secure === undefined ? {} : { HTTPS_PROXY: secure }),
    NO_PROXY: [...own.split(/[\s,]+/), ...DIRECT, cluster].filter((entry) => entry !== '').join(','),
  };
}

function valueOf(env: Environment, name: string): string | undefined {
  const value = (env[name.toLowerCase()] ?? env[name])?.trim();
  return value === '' ? undefined : value;
}

function proxyIn(env: Environment, name: string): string | undefined {
  const value = valueOf(env, name);
  if (value === undefined) return undefined;
  const url = URL.parse(value);
  if (url !== null && /^https?:$/.test(url.protocol) && url.hostname !== '') return value;
  throw new ProxyError(`${name}: expected the proxy's address, such as http://proxy.example:3128`);
}

class ProxyError extends Error {
  override readonly name = 'ProxyError';
  readonly code = 'configuration';
}

/** Of what is asked by fetch or by the global agents, all goes through the proxies of the environment from now on. */
export function useProxies(env: Environment = process.env): void {
  const proxies = proxiesOf(env);
  if (proxies !== undefined) http.setGlobalProxyFromEnv(proxies);
}

/** A line for each kind of address that a proxy leads to, without credentials. */
export function describeProxies(proxies: Proxies | undefined): readonly string[] {
  if (proxies === undefined) return [];
  const { HTTP_PROXY, HTTPS_PROXY, NO_PROXY } = proxies;
  const through = (kind: string, proxy: string | undefined): string =>
    `${kind} ${proxy === undefined ? 'directly' : `through ${bare(proxy)}`}`;
  return [
    `${through('https', HTTPS_PROXY)}, ${through('http', HTTP_PROXY)}; directly: ${NO_PROXY.replaceAll(',', ' ')}`,
  ];
}

function bare(proxy: string): string {
  const { protocol, host } = new URL(proxy);
  return `${protocol}//${host}`;
}

/** For what chooses an agent by the address. */
export function globalAgentFor({ protocol }: { readonly protocol: string }): HttpAgent {
  return protocol === 'http:' ? http.globalAgent : https.globalAgent;
}

/** Options of Node's agents that go through the proxies of the environment. */
export function proxied(): { readonly proxyEnv?: Proxies } {
  const proxyEnv = proxiesOf();
  return proxyEnv === undefined ? {} : { proxyEnv };
}

/** An agent with the other's options (certificates, limits) that goes through the proxies; the same one when there are none. */
export function throughProxies(agent: HttpAgent): HttpAgent {
  const { proxyEnv } = proxied();
  if (proxyEnv === undefined) return agent;
  return agent instanceof HttpsAgent
    ? new HttpsAgent({ ...agent.options, proxyEnv })
    : new HttpAgent({ keepAlive: true, proxyEnv });
}

/** Milliseconds. */
export interface DispatcherOptions {
  readonly connect: number;
  readonly headers?: number;
  readonly body?: number;
}

/** What undici asks through. Whoever made it destroys it. */
export async function openDispatcher({ connect, headers, body }: DispatcherOptions): Promise<Dispatcher> {
  const { Agent, EnvHttpProxyAgent } = await import('./undici.ts');
  const proxies = proxiesOf();
  const options = {
    connect: { timeout: connect },
    ...(headers === undefined ? {} : { headersTimeout: headers }),
    ...(body === undefined ? {} : { bodyTimeout: body }),
  };
  if (proxies === undefined) return new Agent(options);
  const { HTTP_PROXY, HTTPS_PROXY, NO_PROXY } = proxies;
  return new EnvHttpProxyAgent({
    ...options,
    // The empty text, since without one it would look for one of its own.
    httpProxy: HTTP_PROXY ?? '',
    httpsProxy: HTTPS_PROXY ?? '',
    noProxy: NO_PROXY,
  });
}
