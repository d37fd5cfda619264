import { z } from 'zod';
import { networkTrouble } from '../../network/trouble.ts';
import { CollectorError, type CollectorErrorCode } from '../error.ts';

const DENIED = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'AuthFailure',
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'IncompleteSignature',
  'InvalidAccessKeyId',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'MissingAuthenticationToken',
  'NotAuthorized',
  'OptInRequired',
  'RequestExpired',
  'SignatureDoesNotMatch',
  'TokenProviderError',
  'UnauthorizedOperation',
  'UnrecognizedClientException',
]);

const THROTTLED = new Set([
  'BandwidthLimitExceeded',
  'LimitExceededException',
  'PriorRequestNotComplete',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
]);

const CONFIGURATION = new Set([
  'InvalidAction',
  'InvalidInput',
  'InvalidInputException',
  'InvalidParameterValue',
  'MalformedPolicyDocument',
  'RegionDisabledException',
  'ValidationError',
]);

const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPROTO',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** What the SDK's errors say; any of it may be missing. */
const sdkError = z.object({
  name: z.string().catch('Error'),
  message: z.string().catch(''),
  /** A system error's code. */
  code: z.string().optional().catch(undefined),
  $metadata: z
    .object({
      httpStatusCode: z.number().optional().catch(undefined),
      requestId: z.string().optional().catch(undefined),
    })
    .catch({}),
});

interface Facts {
  readonly name: string;
  readonly message: string;
  readonly code?: string | undefined;
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
}

function facts(error: unknown): Facts {
  const known = sdkError.safeParse(error);
  if (!known.success) return { name: 'Error', message: String(error) };
  const { name, message, code, $metadata } = known.data;
  return { name, message, code, status: $metadata.httpStatusCode, requestId: $metadata.requestId };
}

/** What the source called an error, such as `AccessDenied`. */
export function nameOf(error: unknown): string {
  return facts(error).name;
}

/** The HTTP status that an error came with. */
export function statusOf(error: unknown): number | undefined {
  return facts(error).status;
}

function codeOf({ name, code, status }: Facts): CollectorErrorCode {
  if (THROTTLED.has(name) || status === 429) return 'throttled';
  if (DENIED.has(name) || status === 401 || status === 403) return 'denied';
  if (code !== undefined && NETWORK.has(code)) return 'unavailable';
  if (name === 'TimeoutError' || name === 'AbortError') return 'timeout';
  if (status !== undefined && status >= 200 && status < 300) return 'malformed';
  if (CONFIGURATION.has(name)) return 'configuration';
  return status === undefined && code === undefined ? 'internal' : 'unavailable';
}

const EXPIRED = new Set(['ExpiredToken', 'ExpiredTokenException', 'RequestExpired']);

/** True when the credentials were refused for their age. */
export function isExpired(error: unknown): boolean {
  return EXPIRED.has(facts(error).name);
}

/** True when nothing came back, neither an answer nor a refusal, for as long as is waited. */
export function isHung(error: unknown): boolean {
  if (error instanceof CollectorError) return false;
  const known = facts(error);
  return known.status === undefined && codeOf(known) === 'timeout';
}

/** True when the attempt was refused for being one too many. */
export function isThrottled(error: unknown): boolean {
  return codeOf(facts(error)) === 'throttled';
}

/**
 * Any failure of an operation as a CollectorError that names the operation, what came back and the request id. A signal that was aborted wins:
 * `stopped` or whatever CollectorError it was aborted with, else `timeout`.
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
  const known = facts(error);
  const where = [
    known.status === undefined ? undefined : `HTTP ${known.status}`,
    known.requestId === undefined ? undefined : `request ${known.requestId}`,
  ].filter((part) => part !== undefined);
  const said = known.message.split('\n', 1)[0] ?? '';
  const suffix = where.length === 0 ? '' : ` (${where.join(', ')})`;
  return new CollectorError(codeOf(known), `${operation}: ${known.name}: ${said}${suffix}`, { cause: error });
}
