import { z } from 'zod';
import { networkTrouble } from '../../network/trouble.ts';
import { CollectorError, type CollectorErrorCode } from '../error.ts';

const graphqlError = z.object({
  type: z.string().optional().catch(undefined),
  message: z.string().catch(''),
});
const answer = z.object({
  headers: z.record(z.string(), z.unknown()).catch({}),
  data: z
    .object({ errors: z.array(graphqlError).optional().catch(undefined) })
    .optional()
    .catch(undefined),
});
/** What the SDK's errors say; any of it may be missing. */
const sdkError = z.object({
  name: z.string().catch('Error'),
  message: z.string().catch(''),
  status: z.number().optional().catch(undefined),
  response: answer.optional().catch(undefined),
});
const coded = z.object({ code: z.string() });
const named = z.object({ name: z.string() });

export type GraphqlError = z.infer<typeof graphqlError>;

/** Of a GraphQL answer, in GitHub's words. */
const GRAPHQL_CODES: Readonly<Record<string, CollectorErrorCode>> = {
  FORBIDDEN: 'denied',
  INSUFFICIENT_SCOPES: 'denied',
  // GitHub tells what may not be seen as what isn't there.
  NOT_FOUND: 'denied',
  RATE_LIMIT: 'throttled',
  RATE_LIMITED: 'throttled',
  MAX_NODE_LIMIT_EXCEEDED: 'internal',
  undefinedField: 'configuration',
};

const HEAVY = /RESOURCE_LIMITS_EXCEEDED|timed?[ -]?out|something went wrong while executing/i;

/** A GraphQL answer with errors: whatever data came with them is a part. The worst of the errors counts. */
export class GraphqlErrors extends Error {
  override readonly name = 'GraphqlErrors';
  readonly code: CollectorErrorCode;
  readonly heavy: boolean;
  constructor(errors: readonly GraphqlError[]) {
    super(errors[0]?.message ?? 'an error without a message');
    const codes = new Set(errors.map(({ type = '' }) => GRAPHQL_CODES[type] ?? 'unavailable'));
    this.code =
      (['throttled', 'denied', 'configuration', 'internal'] as const).find((code) => codes.has(code)) ??
      'unavailable';
    this.heavy =
      this.code === 'unavailable' &&
      errors.some(({ type, message }) => HEAVY.test(`${type ?? ''} ${message}`));
  }
}

/** Whether an answer says that requests came too fast, as GitHub says it. `body` may be that of a GraphQL answer, which bears 200. */
export function isLimited(status: number, headers: Headers, body: string): boolean {
  if (status === 429) return true;
  if (status === 403) return saysLimit((name) => headers.get(name) ?? undefined, body);
  return status === 200 && body.startsWith('{') && /"type":\s*"RATE_LIMIT(ED)?"/.test(body);
}

const saysLimit = (header: (name: string) => unknown, said: string): boolean =>
  header('x-ratelimit-remaining') === '0' ||
  header('retry-after') !== undefined ||
  /\brate limit\b/i.test(said);

function ofStatus(status: number, headers: Readonly<Record<string, unknown>>, said: string) {
  if (status === 429) return 'throttled';
  if (status === 403) return saysLimit((name) => headers[name], said) ? 'throttled' : 'denied';
  if (status === 401 || status === 404) return 'denied';
  return status >= 500 || status === 408 ? 'unavailable' : 'configuration';
}

function codeOf(error: unknown): CollectorErrorCode {
  if (error instanceof GraphqlErrors) return error.code;
  const known = sdkError.safeParse(error).data;
  if (known === undefined) return 'internal';
  const causes = causesOf(error);
  if (causes.some((cause) => named.safeParse(cause).data?.name === 'TimeoutError')) return 'timeout';
  if (known.response === undefined)
    return causes.some((cause) => coded.safeParse(cause).success) || known.status === 500
      ? 'unavailable'
      : 'internal';
  const { headers, data } = known.response;
  if (data?.errors?.some(({ type }) => type?.startsWith('RATE_LIMIT')) === true) return 'throttled';
  return ofStatus(known.status ?? 500, headers, known.message);
}

/** The error and what it was caused by, a few steps deep. */
function causesOf(error: unknown): readonly unknown[] {
  const found: unknown[] = [];
  for (let next = error; next instanceof Error && found.length < 6; next = next.cause) found.push(next);
  return found;
}

/** True when GitHub gave up on a query, so that a smaller one may do. */
export function isHeavy(error: unknown): boolean {
  const cause = error instanceof CollectorError ? error.cause : error;
  if (cause instanceof GraphqlErrors) return cause.heavy;
  const { status, message = '' } = sdkError.safeParse(cause).data ?? {};
  return status === 502 || status === 504 || HEAVY.test(message);
}

/** The HTTP status that the failure came with. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof CollectorError ? sdkError.safeParse(error.cause).data?.status : undefined;
}

/**
 * Any failure of an operation as a CollectorError that names the operation and what came back. A signal that was aborted wins: `stopped` or
 * whatever CollectorError it was aborted with, else `timeout`.
 */
export function failure(operation: string, error: unknown, signal?: AbortSignal): CollectorError {
  if (error instanceof CollectorError) return error;
  if (signal?.aborted === true) {
    const reason: unknown = signal.reason;
    if (reason instanceof CollectorError) return reason;
    return new CollectorError('timeout', `${operation}: given up before it was answered`, { cause: reason });
  }
  const trouble = networkTrouble(error);
  if (trouble !== undefined)
    return new CollectorError('unavailable', `${operation}: ${trouble.words}`, { cause: error });
  const { message = '', status, response } = sdkError.safeParse(error).data ?? {};
  const code = codeOf(error);
  const said = (message.split('\n', 1)[0] ?? '').replace(/ - https?:\/\/\S+$/, '').slice(0, 200);
  const where = response === undefined || status === undefined ? '' : ` (HTTP ${status})`;
  return new CollectorError(code, `${operation}: ${said === '' ? code : said}${where}`, { cause: error });
}
