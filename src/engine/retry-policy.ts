import { CollectorError, type CollectorErrorCode } from '../collectors/error.ts';

export interface FailureCause {
  readonly code: CollectorErrorCode;
  readonly detail: string;
  /** What lay between us and the source. */
  readonly network?: 'name-resolution' | 'proxy';
}

/** Seconds before a dataset that failed is tried again; `stall` waits for its next firing. */
type Policy = { readonly first: number; readonly limit: number } | 'stall';

/**
 * What a failure asks for. `retry`-like codes start at a minute, `backoff`-like ones at a quarter of an hour, each doubling with every failure
 * in a row; what a person must repair stalls until the schedule fires or the configuration changes.
 */
const POLICIES: Readonly<Record<CollectorErrorCode, Policy>> = {
  unavailable: { first: 60, limit: 3600 },
  timeout: { first: 60, limit: 3600 },
  incomplete: { first: 60, limit: 3600 },
  throttled: { first: 900, limit: 4 * 3600 },
  denied: { first: 900, limit: 4 * 3600 },
  malformed: 'stall',
  'as-of': 'stall',
  configuration: 'stall',
  implausible: 'stall',
  stopped: 'stall',
  internal: 'stall',
};

/** Seconds: no policy waits longer. */
export const LONGEST_RETRY = 4 * 3600;

/** Seconds until the next try after the `failures`-th failure in a row, or undefined: wait for the schedule. */
export function retryDelay(code: CollectorErrorCode, failures: number): number | undefined {
  const policy = POLICIES[code];
  return policy === 'stall' ? undefined : Math.min(policy.first * 2 ** (failures - 1), policy.limit);
}

/** Any thrown value as a code and a detail of one line, at most 500 characters. */
export function failureCause(error: unknown): FailureCause {
  const detail = (error instanceof Error ? error.message : String(error))
    .replaceAll(/\s+/g, ' ')
    .slice(0, 500);
  if (!(error instanceof CollectorError)) return { code: 'internal', detail };
  const { code, network } = error;
  return network === undefined ? { code, detail } : { code, detail, network };
}
