import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';

/**
 * Conditional requests (RFC 9110, 13.1.2): of JSON that the client has already, 304 is the whole answer. Who asks every minute pays for
 * what has changed.
 */
export function addEtags(app: FastifyInstance): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    const type = reply.getHeader('content-type');
    if (reply.statusCode !== 200 || !String(type).startsWith('application/json')) return done(null, payload);
    const given = reply.getHeader('etag');
    const tag = typeof payload === 'string' && given === undefined ? tagOf(payload) : given;
    if (typeof tag !== 'string') return done(null, payload);
    if (given === undefined) void reply.header('etag', tag);
    if (!names(request.headers['if-none-match'], tag)) return done(null, payload);
    void reply.code(304).removeHeader('content-type').removeHeader('content-length');
    return done(null, '');
  });
}

export function tagOf(content: string | Buffer): string {
  return `"${createHash('sha256').update(content).digest('base64url')}"`;
}

export function names(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  return header.trim() === '*' || header.split(',').some((one) => one.trim().replace(/^W\//, '') === tag);
}
