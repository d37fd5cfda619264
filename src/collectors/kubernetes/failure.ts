import { networkTrouble } from '../../network/trouble.ts';
import { CollectorError, type CollectorErrorCode } from '../error.ts';
import { ruleText } from './permissions.ts';

/** An answer with another status than was hoped for. What the server says of it isn't kept: it may name people. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly status: number;
  /** The API's own word for it, such as `Expired`; empty: none. */
  readonly reason: string;
  readonly requestId: string | undefined;
  /** Seconds to wait, where the answer says so. */
  readonly retryAfter: number | undefined;

  constructor(
    status: number,
    reason: string,
    options: { readonly requestId?: string | undefined; readonly retryAfter?: number | undefined } = {},
  ) {
    super(`HTTP ${status}${reason === '' ? '' : ` ${reason}`}`);
    this.status = status;
    this.reason = reason;
    this.requestId = options.requestId;
    this.retryAfter = options.retryAfter;
  }
}

/** No whole answer within the time for one attempt. */
export class LateError extends Error {
  override readonly name = 'LateError';
}

/** API priority and fairness, and a server that is starting or stopping, ask to come again. */
export function isThrottled(error: unknown): boolean {
  return error instanceof StatusError && error.status === 429;
}

/** Whether another attempt may end better. */
export function isPassing(error: unknown): boolean {
  if (error instanceof StatusError) return error.status === 429 || error.status >= 500;
  return error instanceof LateError || systemCode(error) !== undefined;
}

/** The continue token is older than what the server remembers. */
export function isExpired(error: unknown): boolean {
  return error instanceof StatusError && error.status === 410;
}

function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function codeOf(error: unknown): CollectorErrorCode {
  if (error instanceof LateError) return 'timeout';
  if (!(error instanceof StatusError)) return systemCode(error) === undefined ? 'internal' : 'unavailable';
  const { status } = error;
  if (status === 401 || status === 403) return 'denied';
  if (status === 429) return 'throttled';
  if (status >= 500) return 'unavailable';
  return 'configuration';
}

/**
 * Any failure of an operation as a CollectorError that names the operation and what came back. A signal that was aborted wins: whatever
 * CollectorError it was aborted with, else `timeout`.
 */
export function failure(operation: string, error: unknown, signal: AbortSignal): CollectorError {
  if (error instanceof CollectorError) return error;
  if (signal.aborted) {
    const reason: unknown = signal.reason;
    if (reason instanceof CollectorError) return reason;
    return new CollectorError('timeout', `${operation}: given up before it was answered`, { cause: reason });
  }
  return new CollectorError(codeOf(error), `${operation}: ${said(operation, error)}`, { cause: error });
}

function said(operation: string, error: unknown): string {
  if (!(error instanceof StatusError)) {
    const trouble = networkTrouble(error);
    if (trouble !== undefined) return trouble.words;
    const code = systemCode(error);
    if (code !== undefined) return `no whole answer: ${code}`;
    return error instanceof Error ? error.message : String(error);
  }
  const { status, requestId, message } = error;
  const where = requestId === undefined ? message : `${message}, audit id ${requestId}`;
  if (status === 403) return `refused (${where}); add the rule ${ruleText(operation)}`;
  if (status === 401) return `the credentials were refused (${where})`;
  if (status === 404 && operation.startsWith('list '))
    return `${operation.slice('list '.length)} is not installed in the cluster (${where}); install it, or leave the dataset out of the collector`;
  return where;
}
