import { z } from 'zod';
import { networkTrouble } from '../../network/trouble.ts';
import { CollectorError, type CollectorErrorCode } from '../error.ts';

/** 403 with one of these asks to slow down: developers.google.com/workspace/admin/directory/v1/limits */
const THROTTLED = new Set([
  'rateLimitExceeded',
  'userRateLimitExceeded',
  'quotaExceeded',
  'dailyLimitExceeded',
  'RESOURCE_EXHAUSTED',
]);

const HINTS: Readonly<Record<string, string>> = {
  unauthorized_client:
    'domain-wide delegation lacks a scope that was asked for, or the service account altogether (Admin console: Security > Access and data control > API controls > Domain-wide delegation)',
  invalid_grant:
    "the subject must be an active user, the service account's key must exist, and this machine's clock must be right",
  insufficientPermissions: 'the token lacks a scope',
  ACCESS_TOKEN_SCOPE_INSUFFICIENT: 'the token lacks a scope',
  forbidden: "the subject's administrator role lacks a privilege",
  authError: 'the token is refused',
  accessNotConfigured: "the Admin SDK API is not enabled in the service account's project",
  SERVICE_DISABLED: "the API is not enabled in the service account's project",
  PERMISSION_DENIED: 'the identity lacks roles/iam.serviceAccountTokenCreator on the service account',
};

/** RFC 6749, 5.2: what the token endpoint refuses with status 400. */
const REFUSED = new Set([
  'access_denied',
  'invalid_client',
  'invalid_grant',
  'invalid_scope',
  'unauthorized_client',
]);

const apiError = z.object({
  status: z.string().optional().catch(undefined),
  errors: z
    .array(z.object({ reason: z.string() }))
    .optional()
    .catch(undefined),
});

/** The bodies of refusals: the token endpoint's error is a word, the APIs' an object. */
const refusal = z.object({ error: z.union([z.string(), apiError]) });

/** What the SDK's errors say; any of it may be missing. */
const sdkError = z.object({
  config: z.unknown(),
  code: z.union([z.string(), z.number()]).optional().catch(undefined),
  response: z.object({ status: z.number(), data: z.unknown() }).optional().catch(undefined),
});

interface Facts {
  /** From the SDK: absent in what is a defect of ours. */
  readonly known: boolean;
  readonly status?: number | undefined;
  /** Google's own word for it. */
  readonly reason?: string | undefined;
  /** A system error's code. */
  readonly code?: string | undefined;
}

function facts(error: unknown): Facts {
  const parsed = sdkError.safeParse(error).data;
  if (parsed?.config === undefined) return { known: false };
  const { response, code } = parsed;
  return {
    known: true,
    status: response?.status,
    reason: reasonOf(response?.data),
    code: code === undefined ? undefined : String(code),
  };
}

/** Google's own word for why it refused: `quotaExceeded`, `unauthorized_client`. */
export function reasonOf(body: unknown): string | undefined {
  const error = refusal.safeParse(body).data?.error;
  return typeof error === 'object' ? (error.errors?.[0]?.reason ?? error.status) : error;
}

/** Whether an answer refuses for being one too many. */
export function isThrottled(status: number | undefined, reason: string | undefined): boolean {
  return status === 429 || (status === 403 && reason !== undefined && THROTTLED.has(reason));
}

/** Whether asking again may help. */
export function isPassing(error: unknown): boolean {
  const { known, status, reason } = facts(error);
  if (status === undefined) return known;
  return isThrottled(status, reason) || status === 408 || status >= 500;
}

function codeOf({ known, status, reason, code }: Facts): CollectorErrorCode {
  if (isThrottled(status, reason)) return 'throttled';
  if (status === 401 || status === 403 || (reason !== undefined && REFUSED.has(reason))) return 'denied';
  if (status !== undefined) return status < 500 && status !== 408 ? 'configuration' : 'unavailable';
  if (code === 'TimeoutError' || code === 'AbortError') return 'timeout';
  return known ? 'unavailable' : 'internal';
}

/**
 * Any failure of an operation as a CollectorError that names the operation and what came back, in Google's words where they are no text: texts
 * may name people. A signal that was aborted wins: `stopped` or whatever CollectorError it was aborted with, else `timeout`.
 */
export function failure(operation: string, error: unknown, signal?: AbortSignal): CollectorError {
  if (error instanceof CollectorError) return error;
  if (signal?.aborted === true) {
    const reason: unknown = signal.reason;
    if (reason instanceof CollectorError) return reason;
    return new CollectorError('timeout', `${operation}: given up before it was answered`);
  }
  const trouble = networkTrouble(error);
  if (trouble !== undefined)
    return new CollectorError('unavailable', `${operation}: ${trouble.words}`, { network: trouble.kind });
  const known = facts(error);
  if (!known.known)
    return new CollectorError('internal', `${operation}: ${String(error).split('\n', 1)[0]}`, {
      cause: error,
    });
  const { status, reason = '', code } = known;
  const said = status === undefined ? (code ?? 'no answer') : `HTTP ${status} ${reason}`.trimEnd();
  const hint = HINTS[reason] === undefined ? '' : `: ${HINTS[reason]}`;
  return new CollectorError(codeOf(known), `${operation}: ${said}${hint}`);
}
