import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Caller, RouteAccess } from './access/contract.ts';
import { badParameters } from './parameters.ts';
import { makeProblem, problem, problemMediaType, sendProblem } from './problem.ts';
import type { Problem } from './problem.ts';
import type { Remembered, Written } from './remembered.ts';

/** No parameters. */
export const none = z.strictObject({});
/** A POST that takes no content. */
export const noContent = z.undefined();

export const problemResponse = {
  description: 'RFC 9457 problem details.',
  content: { [problemMediaType]: { schema: problem } },
};

/** Only where there may be no such thing. */
function absence({ absent }: { readonly absent?: string }) {
  return absent === undefined ? {} : { 404: problemResponse };
}

/** What a route asks of its caller: the one place where that is said. */
interface Needs {
  readonly role: RouteAccess['role'];
  /** Each answer is recorded and sealed; absent: not. */
  readonly sealed?: boolean;
  /** A link of the bundle that the path names lets in, too; absent: not. */
  readonly link?: boolean;
}

/** What fastify keeps of a route's needs, and what OpenAPI tells of them. */
export function needs({ role, sealed = false, link = false }: Needs) {
  const access: RouteAccess = { role, sealed, link };
  const security = role === 'open' ? [] : [{ bearer: [] }, ...(link ? [{ link: [] }] : [])];
  return { config: { access }, told: { security, 'x-annexa-role': role } };
}

interface Route<P extends z.ZodType, Q extends z.ZodType, R extends z.ZodType> extends Needs {
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  /** Of the path. */
  readonly params: P;
  readonly query: Q;
  readonly response: R;
  /** Where answers that follow from the state alone are kept; absent: each is made anew. */
  readonly remembered?: Remembered;
  /** Asked first: a problem is the answer. */
  readonly guard?: () => Problem | undefined;
  /** Undefined: there is no such thing, a 404 that says `absent`. */
  readonly handler: (request: {
    params: z.output<P>;
    query: z.output<Q>;
  }) => Promise<z.output<R> | undefined>;
  readonly absent?: string;
}

/** Adds a GET route (and its HEAD) whose answer is the engine's, written by its schema. */
export function get<P extends z.ZodType, Q extends z.ZodType, R extends z.ZodType>(
  app: FastifyInstance,
  route: Route<P, Q, R>,
): void {
  const { config, told } = needs(route);
  const schema = {
    ...told,
    tags: [route.tag],
    summary: route.summary,
    params: route.params,
    querystring: route.query,
    response: { 200: route.response, ...absence(route), default: problemResponse },
  };
  app.get(route.path, { schema, config }, async (request, reply) => {
    const refusal = route.guard?.();
    if (refusal !== undefined) return sendProblem(reply, refusal);
    const known = route.remembered?.recall(request.url);
    if (known !== undefined) return sendWritten(reply, known);
    const revision = route.remembered?.revision();
    const params = route.params.safeParse(request.params);
    const query = route.query.safeParse(request.query);
    if (!params.success || !query.success) {
      return sendProblem(reply, badParameters({ path: params.error, query: query.error }, request.query));
    }
    const answer = await route.handler({ params: params.data, query: query.data });
    if (answer === undefined)
      return sendProblem(reply, makeProblem(404, route.absent ?? 'there is no such thing'));
    if (route.remembered === undefined || revision === undefined) return reply.send(answer);
    const text = z.string().parse(reply.serialize(answer));
    return sendWritten(reply, route.remembered.keep(request.url, revision, text));
  });
}

function sendWritten(reply: FastifyReply, { bytes, tag }: Written): FastifyReply {
  return reply.header('etag', tag).type('application/json; charset=utf-8').send(bytes);
}

/** The most bytes of content that a route takes. */
const CONTENT = 65_536;

interface Posted<P extends z.ZodType, C extends z.ZodType, R extends z.ZodType> {
  readonly path: string;
  readonly role: RouteAccess['role'];
  readonly tag: string;
  readonly summary: string;
  /** Of the path. */
  readonly params: P;
  /** Of the JSON that is sent. */
  readonly content: C;
  /** Of an answer that is no problem: 201 where something was made, else 202. */
  readonly status: 201 | 202;
  readonly response: R;
  /** Undefined: there is no such thing, a 404 that says `absent`. */
  readonly handler: (request: {
    params: z.output<P>;
    content: z.output<C>;
    caller: Caller;
  }) => Promise<z.output<R> | undefined>;
  readonly absent?: string;
  /** What is there already may stand against it: a 409. */
  readonly conflicts?: boolean;
  /** Path of what was made. */
  readonly location?: (answer: z.output<R>) => string;
  /** In a line, what was done, to be sealed with who did it. Nothing secret. */
  readonly what?: (answer: z.output<R>) => string;
}

/** Of routes that change something. */
const callerUnknown = makeProblem(403, 'this needs to know who asks: configure access (docs/access.md)');

/**
 * Adds a POST route: it starts or makes something, which is recorded and sealed. Only who has shown who they are may do so: a page of another
 * site can send a POST to loopback, too.
 */
export function post<P extends z.ZodType, R extends z.ZodType, C extends z.ZodType = z.ZodUndefined>(
  app: FastifyInstance,
  route: Posted<P, C, R>,
): void {
  const { config, told } = needs({ role: route.role, sealed: true });
  const takesContent = !(route.content instanceof z.ZodUndefined);
  const schema = {
    ...told,
    tags: [route.tag],
    summary: route.summary,
    params: route.params,
    querystring: none,
    ...(takesContent ? { body: route.content } : {}),
    response: {
      [route.status]: route.response,
      ...absence(route),
      ...(route.conflicts === true ? { 409: problemResponse } : {}),
      default: problemResponse,
    },
  };
  const limit = takesContent ? { bodyLimit: CONTENT } : {};
  app.post(route.path, { schema, config: { ...config, takesContent }, ...limit }, async (request, reply) => {
    const { caller } = request;
    if (caller === null) return sendProblem(reply, callerUnknown);
    const params = route.params.safeParse(request.params);
    const query = none.safeParse(request.query);
    const content = route.content.safeParse(request.body);
    if (!params.success || !query.success || !content.success) {
      const wrong = { path: params.error, query: query.error, content: content.error };
      return sendProblem(reply, badParameters(wrong, request.query));
    }
    const answer = await route.handler({ params: params.data, content: content.data, caller });
    if (answer === undefined)
      return sendProblem(reply, makeProblem(404, route.absent ?? 'there is no such thing'));
    request.what = route.what?.(answer);
    if (route.location !== undefined) void reply.header('location', route.location(answer));
    return reply.code(route.status).send(answer);
  });
}

/** Adds a DELETE route: what it takes away is recorded and sealed, and only who has shown who they are may do so. */
export function remove<P extends z.ZodType>(
  app: FastifyInstance,
  route: {
    readonly path: string;
    readonly role: RouteAccess['role'];
    readonly tag: string;
    readonly summary: string;
    /** Of the path. */
    readonly params: P;
    /** False: there is no such thing, a 404 that says `absent`. */
    readonly handler: (request: { params: z.output<P> }) => Promise<boolean>;
    readonly absent: string;
  },
): void {
  const { config, told } = needs({ role: route.role, sealed: true });
  const schema = {
    ...told,
    tags: [route.tag],
    summary: route.summary,
    params: route.params,
    querystring: none,
    response: { 204: z.null().describe('It is gone.'), ...absence(route), default: problemResponse },
  };
  app.delete(route.path, { schema, config }, async (request, reply) => {
    if (request.caller === null) return sendProblem(reply, callerUnknown);
    const params = route.params.safeParse(request.params);
    const query = none.safeParse(request.query);
    if (!params.success || !query.success)
      return sendProblem(reply, badParameters({ path: params.error, query: query.error }, request.query));
    if (!(await route.handler({ params: params.data })))
      return sendProblem(reply, makeProblem(404, route.absent));
    return reply.code(204).send();
  });
}

/** Adds a GET route (and its HEAD) that writes its own text. */
export function getText(
  app: FastifyInstance,
  route: Needs & {
    readonly path: string;
    readonly tag: string;
    readonly summary: string;
    readonly mediaType: string;
    /** Absent: any text. */
    readonly schema?: z.ZodType;
    readonly handler: () => Promise<{ readonly contentType: string; readonly text: string }>;
  },
): void {
  const { config, told } = needs(route);
  const schema = {
    ...told,
    tags: [route.tag],
    summary: route.summary,
    querystring: none,
    response: {
      200: {
        description: route.summary,
        content: { [route.mediaType]: { schema: route.schema ?? z.string() } },
      },
      default: problemResponse,
    },
  };
  app.get(route.path, { schema, config }, async (request, reply) => {
    const query = none.safeParse(request.query);
    if (!query.success) return sendProblem(reply, badParameters({ query: query.error }, request.query));
    const { contentType, text } = await route.handler();
    return reply
      .type(contentType)
      .serializer((payload: string) => payload)
      .send(text);
  });
}
