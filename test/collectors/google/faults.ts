import type { ServerResponse } from 'node:http';

/** Ways in which Google, or the way to it, fails. */
export type FaultKind =
  | 'denied'
  | 'unauthorized'
  | 'throttled'
  | 'rate-limit'
  | 'quota'
  | 'error'
  | 'redirect'
  | 'truncated'
  | 'cut'
  | 'empty'
  | 'no-body'
  | 'same-token'
  /** No fault: a page may be empty without being the last. */
  | 'empty-page'
  | 'hang'
  | 'hang-body';

export const FAULTS = [
  'denied',
  'unauthorized',
  'throttled',
  'rate-limit',
  'quota',
  'error',
  'redirect',
  'truncated',
  'cut',
  'empty',
  'no-body',
  'same-token',
  'hang',
  'hang-body',
] as const satisfies readonly FaultKind[];

/** By operation: after how many calls that do well, and how often; absent for at once, and for always. */
export type Faults = Readonly<
  Partial<Record<string, { readonly kind: FaultKind; readonly after?: number; readonly times?: number }>>
>;

interface Refusal {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** As developers.google.com/workspace/admin/directory/v1/limits has them. */
export function refusal(status: number, reason: string, message: string): Refusal {
  return {
    status,
    body: { error: { code: status, message, errors: [{ message, domain: 'global', reason }] } },
  };
}

const REFUSALS: Partial<Record<FaultKind, Refusal>> = {
  denied: refusal(403, 'forbidden', 'Not Authorized to access this resource/api'),
  unauthorized: refusal(401, 'authError', 'Invalid Credentials'),
  throttled: {
    ...refusal(429, 'rateLimitExceeded', 'Too many requests'),
    headers: { 'retry-after': '0.01' },
  },
  'rate-limit': refusal(403, 'userRateLimitExceeded', 'User Rate Limit Exceeded'),
  quota: refusal(403, 'quotaExceeded', 'Quota exceeded'),
  error: refusal(500, 'backendError', 'Backend Error'),
  redirect: { status: 302, body: {}, headers: { location: '/elsewhere' } },
};

/** Answers, or fails as asked. */
export function send(
  response: ServerResponse,
  status: number,
  body: object,
  kind: FaultKind | undefined,
  headers: Readonly<Record<string, string>> = {},
): void {
  const refused = kind === undefined ? undefined : REFUSALS[kind];
  if (refused !== undefined) return send(response, refused.status, refused.body, undefined, refused.headers);
  if (kind === 'hang') return;
  const text = kind === 'no-body' ? '' : JSON.stringify(kind === 'empty' ? {} : body);
  const whole = Buffer.from(text);
  const half = whole.subarray(0, Math.floor(whole.length / 2));
  const sent = kind === 'truncated' ? half : whole;
  response.writeHead(status, {
    'content-type': 'application/json; charset=UTF-8',
    'content-length': sent.length,
    ...headers,
  });
  if (kind === 'cut') response.write(half, () => response.destroy());
  else if (kind === 'hang-body') response.write(half);
  else response.end(sent);
}

/** The fault that the next call of an operation meets. */
export function pickerOf(faults: Faults): (operation: string) => FaultKind | undefined {
  const calls = new Map<string, number>();
  return (operation) => {
    const before = calls.get(operation) ?? 0;
    calls.set(operation, before + 1);
    const fault = faults[operation];
    if (fault === undefined) return undefined;
    const { kind, after = 0, times = Infinity } = fault;
    return before >= after && before < after + times ? kind : undefined;
  };
}
