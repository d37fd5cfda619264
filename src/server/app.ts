import { createServer } from 'node:https';
import fastify from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifyServerFactory } from 'fastify';
import { serializerCompiler } from 'fastify-type-provider-zod';
import { Registry } from 'prom-client';
import type { AgentView } from '../engine/view.ts';
import type { AccessLog } from '../engine/access-log.ts';
import type { Gate } from './access/gate.ts';
import { type AccessHooks, addAccess } from './access/hooks.ts';
import { accessMetrics } from './access/metrics.ts';
import type { Bundles } from '../audit/jobs/contract.ts';
import { addApi } from './api.ts';
import { addBundles } from './bundles.ts';
import { ServerError } from './error.ts';
import { addEtags } from './etag.ts';
import { answerClientError, answerError, answerFrameworkError } from './errors.ts';
import type { ServerLogger } from './errors.ts';
import { isLoopbackHost } from './loopback.ts';
import { addOpenApi } from './openapi.ts';
import { addProbes } from './probes.ts';
import { makeProblem, securityHeaders, sendProblem } from './problem.ts';
import type { KeyPair } from './tls.ts';

/** Bytes and milliseconds. Few routes take content, and have a limit of their own. More connections than these are cut at once. */
const limits = {
  headerBytes: 16_384,
  bodyBytes: 1024,
  pathPartBytes: 512,
  requestMs: 10_000,
  answerMs: 30_000,
  keepAliveMs: 65_000,
  checkMs: 5000,
  handshakeMs: 10_000,
  connections: 4096,
};

export const TLS_VERSION = 'TLSv1.2';

export interface AppOptions {
  readonly view: AgentView;
  readonly logger: ServerLogger;
  /** Further metrics for /metrics, such as those of the process. */
  readonly registry?: Registry | undefined;
  /** Absent: none are made here, and there are no routes of them. */
  readonly bundles?: Bundles | undefined;
  readonly access: AccessHooks & { readonly log: AccessLog };
  /** Absent: plain HTTP. Asked for the pair at the start, and for its expiry at each scrape. */
  readonly tls?: (() => KeyPair) | undefined;
}

function unused(): never {
  throw new Error('a compiler was made, though one is set');
}

const http = {
  maxHeaderSize: limits.headerBytes,
  headersTimeout: limits.requestMs,
  requestTimeout: limits.requestMs,
  keepAliveTimeout: limits.keepAliveMs,
  connectionsCheckingInterval: limits.checkMs,
  // Ours refuses it too, with a problem.
  requireHostHeader: false,
};

function createInstance(tls: AppOptions['tls']): FastifyInstance {
  const pair = tls?.();
  const secure: FastifyServerFactory = (handler) =>
    createServer(
      {
        ...http,
        cert: pair?.cert,
        key: pair?.key,
        minVersion: TLS_VERSION,
        handshakeTimeout: limits.handshakeMs,
      },
      handler,
    );
  return fastify({
    logger: false,
    ...(pair === undefined ? { http } : { serverFactory: secure }),
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestMs,
    handlerTimeout: limits.answerMs,
    keepAliveTimeout: limits.keepAliveMs,
    routerOptions: { maxParamLength: limits.pathPartBytes },
    return503OnClosing: false,
    // Left out, fastify would load the compilers that it brings.
    schemaController: { compilersFactory: { buildValidator: unused, buildSerializer: unused } },
    frameworkErrors: answerFrameworkError,
    clientErrorHandler: answerClientError,
  });
}

/** What a request needs before any route sees it. */
function vet(request: FastifyRequest, isOpen: boolean): ReturnType<typeof makeProblem> | undefined {
  const { headers } = request;
  // A target in absolute form carries the host that counts (RFC 9112, 3.2.2).
  const target = /^https?:\/\/([^/?#]*)/i.exec(request.url);
  // Where a caller has to show a token, a page of another site has none.
  if (isOpen && (!isLoopbackHost(headers.host) || (target !== null && !isLoopbackHost(target[1])))) {
    return makeProblem(
      403,
      'the Host header must be a loopback address or localhost: a page of another site may be asking in your name',
    );
  }
  const reads = request.method === 'GET' || request.method === 'HEAD';
  const hasContent = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  // Where there is no such method, that is the answer.
  if (reads && hasContent && !request.is404) return makeProblem(400, `${request.method} takes no content`);
  return undefined;
}

/** The patterns of the routes with their methods, to tell 405 from 404. */
function trackMethods(app: FastifyInstance): (path: string) => readonly string[] {
  const methods = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const known = methods.get(url) ?? new Set();
    for (const one of [method].flat()) known.add(one);
    methods.set(url, known);
  });
  const patterns: { pattern: RegExp; allowed: Set<string> }[] = [];
  app.addHook('onReady', (done) => {
    for (const [url, allowed] of methods) {
      const pattern = new RegExp(`^${url.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}$`);
      patterns.push({ pattern, allowed });
    }
    done();
  });
  return (path) => [...(patterns.find(({ pattern }) => pattern.test(path))?.allowed ?? [])].sort();
}

function answerUnrouted(allowed: (path: string) => readonly string[]) {
  return (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const [path = ''] = request.url.split('?');
    const methods = allowed(path);
    if (methods.length === 0) return sendProblem(reply, makeProblem(404, 'there is nothing at this path'));
    const allow = methods.join(', ');
    return sendProblem(
      reply.header('allow', allow),
      makeProblem(405, `${request.method} is not allowed here, only ${allow}`),
    );
  };
}

function addHooks(app: FastifyInstance, logger: ServerLogger, gate: Gate): void {
  const unrouted = answerUnrouted(trackMethods(app));
  app.addHook('onRequest', (request, reply, done) => {
    void reply.headers(securityHeaders);
    const refusal = vet(request, gate.isOpen());
    if (refusal !== undefined) void sendProblem(reply.header('connection', 'close'), refusal);
    // Before content is read.
    else if (request.is404) void unrouted(request, reply);
    else done();
  });
  // Else a connection whose answer was under way when the server closed would stay open until its keep-alive ends.
  let closing = false;
  app.addHook('preClose', (done) => {
    closing = true;
    done();
  });
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (closing) void reply.header('connection', 'close');
    done(null, payload);
  });
  app.addHook('onResponse', (request, reply, done) => {
    const { method, routeOptions } = request;
    // Not as it was sent: paths and queries are where secrets are sent by mistake.
    const url = routeOptions.url ?? 'none';
    const fields = { event: 'answered', method, url, status: reply.statusCode, ms: reply.elapsedTime };
    logger.debug(fields, 'answered');
    done();
  });
  app.setNotFoundHandler(unrouted);
  app.setErrorHandler(answerError(logger));
}

function readContent(
  { routeOptions }: FastifyRequest,
  text: string | Buffer,
  done: (error: Error | null, content?: unknown) => void,
): void {
  if (routeOptions.config.takesContent !== true)
    return done(new ServerError('media-type', 'no content is taken here'));
  try {
    done(null, JSON.parse(String(text)));
  } catch {
    done(new ServerError('json', 'content: expected JSON'));
  }
}

/** The whole server, ready, not yet listening. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { view, logger, registry, bundles, access, tls } = options;
  const app = createInstance(tls);
  app.server.maxConnections = limits.connections;
  // Routes parse their parameters themselves, so that one problem names all that are wrong.
  app.setValidatorCompiler(() => (value) => ({ value }));
  app.setSerializerCompiler(serializerCompiler);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, readContent);
  addHooks(app, logger, access.gate);
  // Before what records the answers: a 304 is recorded as one.
  addEtags(app);
  const denials = addAccess(app, access);
  // Before the routes that it tells of.
  await addOpenApi(app, view.build.version);
  const certificateExpiry = tls && (() => tls().expires);
  const own = accessMetrics({ gate: access.gate, log: access.log, denials, certificateExpiry });
  addProbes(app, view, registry === undefined ? own : Registry.merge([own, registry]));
  addApi(app, view);
  if (bundles !== undefined) addBundles(app, bundles);
  await app.ready();
  return app;
}
