import { readFile } from 'node:fs/promises';
import { type OutgoingHttpHeaders, request as plainRequest, type RequestOptions } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { dirname, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import type { KubeConfig } from '@kubernetes/client-node';
import { z } from 'zod';
import type { KubernetesAccessSpec } from '../../engine/access-log.ts';

/** Where named files and variables are looked up. */
export interface Surroundings {
  /** The configuration's. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** An API server, asked with the agent's own credentials. */
export interface ApiServer {
  /** Creates an object and resolves with the answer. Rejects with what went wrong; nothing of the body is in the message. */
  create(path: string, body: object): Promise<unknown>;
}

type ClientOptions = Omit<RequestOptions, 'headers'> & { headers?: OutgoingHttpHeaders };

/** Milliseconds for a whole answer. */
const PATIENCE = 5000;
/** Bytes. */
const LONGEST = 1 << 20;

/** Credentials and certificates are read when they are needed, since they are replaced. */
export function apiServer(spec: KubernetesAccessSpec, around: Surroundings): ApiServer {
  let loaded: Promise<KubeConfig> | undefined;
  return {
    async create(path, body) {
      loaded ??= load(spec, around);
      const kubeconfig = await loaded.catch((error: unknown) => {
        loaded = undefined;
        throw error;
      });
      const cluster = kubeconfig.getCurrentCluster();
      if (cluster === null) throw new Error('the kubeconfig has no current context with a cluster');
      const options: ClientOptions = {};
      await kubeconfig.applyToHTTPSOptions(options);
      const url = new URL(`${cluster.server.replace(/\/$/, '')}${path}`);
      // The kubeconfig gives all requests the same agent: ending it would cut those under way.
      return post(url, options, JSON.stringify(body));
    },
  };
}

async function load(
  { kubeconfig: from }: KubernetesAccessSpec,
  { directory, env }: Surroundings,
): Promise<KubeConfig> {
  const { KubeConfig } = await import('./client-node.ts');
  const kubeconfig = new KubeConfig();
  if (from === undefined) {
    if (env['KUBERNETES_SERVICE_HOST'] === undefined)
      throw new Error('not in a pod: expected access.kubernetes.kubeconfig in the Agent manifest');
    kubeconfig.loadFromCluster();
    return kubeconfig;
  }
  const file = 'file' in from ? resolve(directory, from.file) : undefined;
  const text = 'env' in from ? env[from.env] : await readFile(file ?? '', 'utf8');
  try {
    kubeconfig.loadFromString(text ?? '');
  } catch {
    // What the parser says may quote the file.
    throw new Error('access.kubernetes.kubeconfig is none');
  }
  kubeconfig.makePathsAbsolute(file === undefined ? directory : dirname(file));
  return kubeconfig;
}

async function post(url: URL, options: ClientOptions, body: string): Promise<unknown> {
  const { promise, resolve: answered, reject } = Promise.withResolvers<string>();
  const headers = {
    ...options.headers,
    accept: 'application/json',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'user-agent': 'annexa',
  };
  const request = url.protocol === 'http:' ? plainRequest : tlsRequest;
  const signal = AbortSignal.timeout(PATIENCE);
  const sent = request(url, { ...options, method: 'POST', headers, signal }, (response) => {
    const status = response.statusCode ?? 0;
    if (status !== 201 && status !== 200) {
      response.resume();
      reject(new Error(`${url.pathname}: the API server answered ${status}`));
    } else void wholeText(response).then(answered, reject);
  });
  sent.on('error', reject);
  sent.end(body);
  const answer: unknown = JSON.parse(await promise);
  return answer;
}

async function wholeText(response: Readable): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  for await (const chunk of response) {
    text += z.string().parse(chunk);
    if (text.length > LONGEST) throw new Error(`an answer of more than ${LONGEST} characters`);
  }
  return text;
}
