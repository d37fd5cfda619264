import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AuditError } from '../audit/error.ts';
import { EngineError } from '../engine/error.ts';
import { ServerError } from './error.ts';
import { badField } from './parameters.ts';
import { makeProblem, rawProblem, sendProblem } from './problem.ts';
import type { Problem } from './problem.ts';

/** What the server logs to; a pino logger is one. */
export interface ServerLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

function badCursor(): Problem {
  const detail = 'expected the `next` of an earlier page of the same list';
  return makeProblem(400, `query parameter "cursor": ${detail}`, {
    errors: [{ in: 'query', parameter: 'cursor', detail }],
  });
}

function unavailable(reply: FastifyReply, detail: string): Problem {
  void reply.header('retry-after', '5');
  return makeProblem(503, detail);
}

function tooMany(reply: FastifyReply, detail: string): Problem {
  void reply.header('retry-after', '60');
  return makeProblem(429, detail);
}

/** Code and status of one of fastify's own errors. */
const frameworkError = z.object({ code: z.string().startsWith('FST_ERR_'), statusCode: z.int() });

/** Of an error while answering. What the cause of a 500 was, the log says, and not the answer. */
function problemOf(error: unknown, reply: FastifyReply): Problem {
  if (error instanceof EngineError) {
    if (error.code === 'cursor') return badCursor();
    if (error.code === 'stopping') return unavailable(reply, 'the agent is stopping');
    if (error.code === 'store') return unavailable(reply, 'nothing can be stored at the moment');
    if (error.code === 'conflict') return makeProblem(409, error.message);
    if (error.code === 'invalid') return badField(error.field ?? '', error.message);
    if (error.code === 'state') return unavailable(reply, 'the agent has no usable state at the moment');
  }
  if (error instanceof AuditError) {
    if (error.code === 'question') return badField(error.field ?? '', error.message);
    if (error.code === 'conflict') return makeProblem(409, error.message);
    if (error.code === 'io') return unavailable(reply, error.message);
    if (error.code === 'busy') return tooMany(reply, error.message);
  }
  if (error instanceof ServerError && error.code === 'busy') return tooMany(reply, error.message);
  if (error instanceof ServerError && error.code === 'json') return makeProblem(400, error.message);
  if (error instanceof ServerError && error.code === 'media-type') return makeProblem(415, error.message);
  const { code, statusCode = 500 } = frameworkError.safeParse(error).data ?? {};
  if (code === 'FST_ERR_HANDLER_TIMEOUT') {
    return unavailable(reply, 'the answer took too long and was given up');
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return makeProblem(415, 'content has to be application/json');
  if (statusCode >= 400 && statusCode < 500) return makeProblem(statusCode, 'the request was refused');
  return makeProblem(500, 'the agent failed while answering; its log says why');
}

/** Answers any error of a handler, of validation or of serialisation as a problem; logs those that are the agent's own fault. */
export function answerError(logger: ServerLogger) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const body = problemOf(error, reply);
    if (body.status === 500) {
      logger.error(
        { event: 'answer_failed', err: error, method: request.method, url: request.routeOptions.url },
        'failed to answer a request',
      );
    }
    return sendProblem(reply, body);
  };
}

/** Answers what the router refuses before there is a route: escapes that don't decode, parameters too long. */
export function answerFrameworkError(error: FastifyError, _request: unknown, reply: FastifyReply): void {
  const status = error.statusCode ?? 500;
  const detail =
    error.code === 'FST_ERR_BAD_URL'
      ? "the path has a percent escape that doesn't decode"
      : 'a part of the path is too long';
  void sendProblem(reply, makeProblem(status, detail));
}

const parserStatus: Readonly<Record<string, readonly [status: number, detail: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'the request headers are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request took too long to arrive'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'the chunk extensions are too large'],
};

/** Answers what the HTTP parser refuses, and closes the connection. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [status, detail] = parserStatus[error.code ?? ''] ?? [400, 'this is not an HTTP/1.1 request'];
  socket.end(rawProblem(makeProblem(status, detail)), () => socket.destroy());
}
