import { STATUS_CODES } from 'node:http';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';

/** RFC 9457. `type` is always about:blank: the status says the kind, `detail` the case. */
export const problem = z
  .strictObject({
    type: z.literal('about:blank'),
    title: z.string().describe('The name of the status.'),
    status: z.int().min(400).max(599),
    detail: z.string().describe('What was wrong with this request, for people.'),
    errors: z
      .array(
        z.strictObject({
          in: z.enum(['path', 'query', 'content']),
          parameter: z.string().describe('Its name; in content, the path of the field.'),
          detail: z.string().describe('What was expected.'),
        }),
      )
      .optional()
      .describe('With 400: each parameter or field that was not as expected.'),
    reasons: z.array(z.string()).optional().describe('With 503 from /readyz: what is missing.'),
  })
  .describe('RFC 9457 problem details.');

export type Problem = z.output<typeof problem>;

export const problemMediaType = 'application/problem+json';

/** Sent with every answer, errors of the HTTP parser included. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

export function makeProblem(
  status: number,
  detail: string,
  more: Pick<Problem, 'errors' | 'reasons'> = {},
): Problem {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail, ...more };
}

export function sendProblem(reply: FastifyReply, body: Problem): FastifyReply {
  return reply
    .code(body.status)
    .headers(securityHeaders)
    .type(problemMediaType)
    .serializer((text: string) => text)
    .send(JSON.stringify(body));
}

/** A whole HTTP/1.1 answer, for requests that never became one. */
export function rawProblem(body: Problem): string {
  const text = JSON.stringify(body);
  const headers = {
    ...securityHeaders,
    'content-type': problemMediaType,
    'content-length': String(Buffer.byteLength(text)),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${body.status} ${body.title}\r\n${lines.join('')}\r\n${text}`;
}
