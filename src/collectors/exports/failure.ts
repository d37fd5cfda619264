import { networkTrouble, statusTrouble } from '../../network/trouble.ts';
import { CollectorError, type CollectorErrorCode } from '../error.ts';

const codes: Readonly<Record<string, CollectorErrorCode>> = {
  ENOENT: 'configuration',
  ENOTDIR: 'configuration',
  EISDIR: 'configuration',
  EACCES: 'denied',
  EPERM: 'denied',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
};

/**
 * Why the register could not be read. A CollectorError stays what it is, an aborted signal's reason too; `otherwise` is for the rest.
 * The message names the system's error code alone.
 */
export function sourceFailure(
  error: unknown,
  signal: AbortSignal,
  otherwise: CollectorErrorCode = 'unavailable',
): unknown {
  if (error instanceof CollectorError) {
    return error;
  }
  if (signal.aborted) {
    return signal.reason;
  }
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  if (typeof code !== 'string') {
    // Whatever refuses to be read says why by a code: this is a fault of ours.
    const name = error instanceof Error ? error.name : typeof error;
    return new CollectorError('internal', `a defect while the register was read: ${name}`, { cause: error });
  }
  const trouble = networkTrouble(error);
  if (trouble !== undefined)
    return new CollectorError('unavailable', `the register was not read: ${trouble.words}`, { cause: error });
  const kind = codes[code] ?? otherwise;
  const what =
    kind === 'incomplete' ? 'the answer ended before it was complete' : 'the register was not read';
  return new CollectorError(kind, `${what}: ${code}`, { cause: error });
}

/** Why an answer other than 200 is none. */
export function statusFailure(status: number): CollectorError {
  const message = `the register answered ${status}`;
  if (status === 401 || status === 403) {
    return new CollectorError('denied', `${message}: token missing, expired or without the right to read`);
  }
  if (status === 429) {
    return new CollectorError('throttled', message);
  }
  const trouble = statusTrouble(status);
  if (trouble !== undefined) {
    return new CollectorError('unavailable', `${message}: ${trouble.words}`, { network: trouble.kind });
  }
  if (status >= 500 || status === 408) {
    return new CollectorError('unavailable', message);
  }
  return new CollectorError(
    'configuration',
    status >= 300 && status < 400 ? `${message}: redirects are not followed` : message,
  );
}
