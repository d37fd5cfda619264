import { networkTrouble } from '../../../network/trouble.ts';
import { CollectorError, type CollectorErrorCode } from '../../error.ts';
import { operationOf, TOKEN_OPERATION } from './names.ts';

/** Why a sheet was not read. The library's own message and error may hold a token: neither is passed on. */
export function sheetFailure(error: unknown, signal: AbortSignal, caller: string): unknown {
  if (error instanceof CollectorError) return error;
  if (signal.aborted) return signal.reason;
  const operation = operationOf(String(at(error, 'config', 'url')));
  const status = at(error, 'response', 'status');
  if (typeof status === 'number') return answered(operation, status, error, caller);
  const trouble = networkTrouble(error);
  if (trouble !== undefined)
    return new CollectorError('unavailable', `${operation}: ${trouble.words}`, { network: trouble.kind });
  const told = [at(error, 'code'), at(error, 'cause', 'type'), at(error, 'cause', 'code')].map(String);
  // The library tells a body that was cut by its message alone.
  if (/^(Invalid response body|Premature close)/.test(String(at(error, 'message'))))
    return new CollectorError('incomplete', `${operation}: the answer ended before it was complete`);
  const [code, why] = told.map((name) => codes[name]).find((found) => found !== undefined) ?? noAnswer;
  return new CollectorError(code, `${operation}: ${why}`);
}

type Failure = readonly [CollectorErrorCode, string];

const noAnswer: Failure = ['unavailable', 'no answer'];

const codes: Readonly<Record<string, Failure>> = {
  TimeoutError: ['timeout', 'no whole answer in time'],
  'max-size': ['malformed', 'the answer is larger than maxBytes'],
  'no-redirect': ['configuration', 'redirects are not followed'],
};

function answered(operation: string, status: number, error: unknown, caller: string): CollectorError {
  const message = `${operation} answered ${status}`;
  const fail = (code: CollectorErrorCode, why = ''): CollectorError =>
    new CollectorError(code, why === '' ? message : `${message}: ${why}`);
  if (status === 429 || isQuota(error)) return fail('throttled');
  if (status >= 500 || status === 408) return fail('unavailable');
  if (operation === TOKEN_OPERATION) return fail('denied', 'the credentials are not accepted');
  if (status === 401) return fail('denied', 'the token is not accepted');
  if (status === 403)
    return fail('denied', `share the spreadsheet with ${caller} as Viewer, and enable the Google Sheets API`);
  if (status === 404) return fail('configuration', 'there is no such spreadsheet');
  return fail('configuration', 'expected a sheet, columns and a cell that there are');
}

/** Google tells some limits by 403. */
function isQuota(error: unknown): boolean {
  const told = at(error, 'response', 'data', 'error');
  const reasons = [at(told, 'status'), at(told, 'errors', '0', 'reason')].map(String);
  return reasons.some((reason) =>
    /^(RESOURCE_EXHAUSTED|(user)?rateLimitExceeded|quotaExceeded)$/i.test(reason),
  );
}

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
}
