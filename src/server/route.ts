import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import type { RouteAccess } from './access/contract.ts';
import { badParameters } from './parameters.ts';
import { makeProblem, problem, problemMediaType, sendProblem } from './problem.ts';
import type { Problem } from './problem.ts';
import type { Remembered, Written } from './remembered.ts';

/** No parameters. */
export const none = z.strictObject({});

const problemResponse = {
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
}

/** What fastify keeps of a route's needs, and what OpenAPI tells of them. */
function needs({ role, sealed = false }: Needs) {
  const access: RouteAccess = { role, sealed };
  const security = role === 'open' ? [] : [{ bearer: [] }];
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

/**
 * Adds a POST route without content that starts something: 202 with what the engine says of it. Recorded and sealed. Only who has shown who
 * they are may start anything: a page of another site can send a POST to loopback, too.
 */
export function post<P extends z.ZodType, R extends z.ZodType>(
  app: FastifyInstance,
  route: Omit<Route<P, typeof none, R>, 'sealed' | 'guard' | 'query'>,
): void {
  const { config, told } = needs({ role: route.role, sealed: true });
  const schema = {
    ...told,
    tags: [route.tag],
    summary: route.summary,
    params: route.params,
    querystring: none,
    response: { 202: route.response, ...absence(route), default: problemResponse },
  };
  app.post(route.path, { schema, config }, async (request, reply) => {
    if (request.caller === null)
      return sendProblem(
        reply,
        makeProblem(403, 'this needs to know who asks: configure access (docs/access.md)'),
      );
    const params = route.params.safeParse(request.params);
    const query = none.safeParse(request.query);
    if (!params.success || !query.success)
      return sendProblem(reply, badParameters({ path: params.error, query: query.error }, request.query));
    const answer = await route.handler({ params: params.data, query: query.data });
    if (answer === undefined)
      return sendProblem(reply, makeProblem(404, route.absent ?? 'there is no such thing'));
    return reply.code(202).send(answer);
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
