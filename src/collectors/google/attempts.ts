import { setTimeout as sleep } from 'node:timers/promises';
import type { gaxios } from 'google-auth-library';
import { globalAgentFor } from '../../network/proxy.ts';
import type { Provenance } from '../contract.ts';
import type { GoogleConfig } from './config.ts';
import { isPassing, isThrottled, reasonOf } from './failure.ts';

/** On whose behalf calls are made: they are counted in its provenance and end with its signal. */
export interface Asking {
  readonly provenance: Provenance;
  readonly signal: AbortSignal;
}

/** Milliseconds. */
const LONGEST_PAUSE = 60_000;

/**
 * The SDK's options for one operation: every attempt is counted, ends after the configured time with its body, and is made again, up to the
 * configured number, when it failed in a way that may pass. `onAnswer` sees each answer, a refusal included.
 */
export function optionsOf(
  operation: string,
  { maxAttempts, requestTimeout }: Pick<GoogleConfig, 'maxAttempts' | 'requestTimeout'>,
  { provenance, signal }: Asking,
  onAnswer: (answer: gaxios.GaxiosResponse) => void = () => {},
) {
  const adapter: gaxios.GaxiosOptions['adapter'] = async (options, attempt) => {
    let throttled = false;
    try {
      const answer = await within(requestTimeout, signal, (ending) =>
        attempt({ ...options, signal: ending }),
      );
      throttled = isThrottled(answer.status, reasonOf(answer.data));
      onAnswer(answer);
      return answer;
    } finally {
      provenance.call(operation, { throttled });
    }
  };
  return {
    adapter,
    agent: globalAgentFor,
    responseType: 'json',
    // Elsewhere, the token would be somebody else's to use.
    redirect: 'error',
    retry: true,
    retryConfig: {
      shouldRetry: (error) =>
        !signal.aborted &&
        isPassing(error) &&
        (error.config.retryConfig?.currentRetryAttempt ?? 0) < maxAttempts - 1,
      retryBackoff: (error, pause) => sleep(Math.max(pause, askedFor(error)), undefined, { signal }),
      maxRetryDelay: LONGEST_PAUSE,
    },
  } satisfies gaxios.GaxiosOptions;
}

/**
 * The work's outcome, or a TimeoutError when it takes longer than so many seconds. Nothing of it stays once it has ended: the library's own
 * limit would keep a timer and a signal for each of many thousand calls.
 */
async function within<T>(
  seconds: number,
  signal: AbortSignal,
  work: (ending: AbortSignal) => Promise<T>,
): Promise<T> {
  const ending = new AbortController();
  const stop = (): void => ending.abort(signal.reason);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    ending.abort();
  }, seconds * 1000);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await work(ending.signal);
  } catch (error) {
    if (!late) throw error;
    throw Object.assign(new Error('not answered in full in time'), { code: 'TimeoutError' });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

/** Milliseconds that the answer asks to wait for, within reason. */
function askedFor(error: gaxios.GaxiosError): number {
  const seconds = Number(error.response?.headers.get('retry-after') ?? 0);
  return Number.isFinite(seconds) ? Math.min(seconds * 1000, LONGEST_PAUSE) : 0;
}
