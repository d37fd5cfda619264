import type { Provenance } from '../contract.ts';
import { isLimited } from './failure.ts';

interface Watch {
  readonly operation: string;
  readonly provenance: Provenance;
  /** Longest time of an attempt, its body included. */
  readonly seconds: number;
  readonly signal: AbortSignal;
  readonly onDate: (date: string | null) => void;
}

/**
 * `fetch` for one operation: reads each answer whole within its time and reports the attempt. A body that is cut off rejects, which the SDK
 * would read as an empty one.
 */
export function attempts({ operation, provenance, seconds, signal, onDate }: Watch): typeof fetch {
  return async (input, init) => {
    const limit = AbortSignal.timeout(seconds * 1000);
    try {
      const answer = await fetch(input, {
        ...init,
        signal: AbortSignal.any([signal, limit]),
        redirect: 'error',
      });
      const body = await answer.text();
      onDate(answer.headers.get('date'));
      provenance.call(operation, {
        throttled: isLimited(answer.status, answer.headers, body),
        requestId: answer.headers.get('x-github-request-id') ?? undefined,
      });
      const { status, statusText, headers } = answer;
      return new Response(hasNoBody(status) ? null : body, { status, statusText, headers });
    } catch (error) {
      provenance.call(operation, { throttled: false });
      if (!limit.aborted || signal.aborted) throw error;
      throw new TypeError(`not answered in full within ${seconds} s`, { cause: error });
    }
  };
}

const hasNoBody = (status: number): boolean => status === 204 || status === 205 || status === 304;
