import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { CollectorContext, Provenance } from '../contract.ts';
import { CollectorError } from '../error.ts';
import { read } from '../read.ts';
import type { Access } from './access.ts';
import type { KubernetesConfig } from './config.ts';
import { CLUSTER, REVIEW } from './dataset.ts';
import { failure, isPassing, isThrottled, StatusError } from './failure.ts';
import { ask } from './http.ts';

/** The API server's clock and ours may differ by this many seconds before an answer counts as coming from the future. */
const SKEW = 300;
/** Milliseconds before the second attempt, doubled from one to the next, and the most. */
const FIRST_WAIT = 200;
const LONGEST_WAIT = 5_000;
/** The longest that the server may ask to wait for, in seconds: who asks for more is throttling for good. */
const PATIENCE = 30;

/** What one collection asks of the API server. */
export interface Session {
  readonly provenance: Provenance;
  readonly signal: AbortSignal;
  /** The answer's JSON. Every attempt is counted. Rejects with a CollectorError, but for an expired continue token (StatusError 410). */
  readonly get: (operation: string, path: string) => Promise<unknown>;
  readonly post: (operation: string, path: string, body: object) => Promise<unknown>;
  /** Unix seconds of the earliest answer so far. Throws `as-of` when one had no date, or one of the future. */
  readonly asOf: () => number;
}

interface Parts {
  readonly access: Access;
  readonly config: KubernetesConfig;
  readonly context: CollectorContext;
  readonly provenance: Provenance;
  readonly signal: AbortSignal;
}

export function openSession({ access, config, context, provenance, signal }: Parts): Session {
  const dates: number[] = [];
  provenance.setEndpoint(access.server, access.authenticated);
  const attempt = async (operation: string, path: string, body: object | undefined): Promise<string> => {
    try {
      const answer = await ask({
        url: new URL(`${access.server}${path}`),
        method: body === undefined ? 'GET' : 'POST',
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        options: await access.options(),
        seconds: config.requestTimeout,
        signal,
      });
      provenance.call(operation, { throttled: false, requestId: answer.requestId });
      const date = Math.floor(Date.parse(answer.date ?? '') / 1000);
      dates[0] = Math.min(dates[0] ?? Infinity, date);
      return answer.text;
    } catch (error) {
      const requestId = error instanceof StatusError ? error.requestId : undefined;
      provenance.call(operation, { throttled: isThrottled(error), requestId });
      throw error;
    }
  };
  const call = async (operation: string, path: string, body?: object): Promise<unknown> => {
    for (let count = 1; ; count++)
      try {
        return parsed(operation, await attempt(operation, path, body));
      } catch (error) {
        const wait = waitAfter(error, count);
        if (count >= config.maxAttempts || wait === undefined || signal.aborted) {
          if (error instanceof StatusError && error.status === 410) throw error;
          throw failure(operation, error, signal);
        }
        await sleep(wait, undefined, { signal }).catch((reason: unknown) => {
          throw failure(operation, reason, signal);
        });
      }
  };
  return {
    provenance,
    signal,
    get: (operation, path) => call(operation, path),
    post: (operation, path, body) => call(operation, path, body),
    asOf: () => asOfDates(dates[0], context.now()),
  };
}

/** Milliseconds until the next attempt; undefined: it would end the same. */
function waitAfter(error: unknown, attempts: number): number | undefined {
  if (!isPassing(error)) return undefined;
  const asked = error instanceof StatusError ? error.retryAfter : undefined;
  if (asked !== undefined) return asked > PATIENCE ? undefined : asked * 1000;
  return Math.min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT);
}

function parsed(operation: string, text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    throw new CollectorError('malformed', `${operation}: the answer is not whole JSON`);
  }
}

function asOfDates(earliest: number | undefined, now: number): number {
  if (earliest === undefined || Number.isNaN(earliest))
    throw new CollectorError('as-of', 'the API server answered without a Date header');
  if (earliest > now + SKEW)
    throw new CollectorError(
      'as-of',
      `the API server answered in the future (${new Date(earliest * 1000).toISOString()})`,
    );
  return earliest;
}

const review = z.object({
  kind: z.literal('SelfSubjectReview'),
  status: z.object({ userInfo: z.object({ username: z.string().min(1) }) }),
});
const namespace = z.object({
  kind: z.literal('Namespace'),
  metadata: z.object({ name: z.literal('kube-system'), uid: z.string().min(1) }),
});

/** Asks who is asking, and which cluster answers; tells both. */
export async function introduce({ provenance, get, post }: Session): Promise<string> {
  const answer = await post(REVIEW, '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'SelfSubjectReview',
  });
  const { username } = read(REVIEW, 'the review', review, answer).status.userInfo;
  provenance.setCaller(username);
  const { metadata } = read(
    CLUSTER,
    'kube-system',
    namespace,
    await get(CLUSTER, '/api/v1/namespaces/kube-system'),
  );
  provenance.note('clusterUid', metadata.uid);
  return username;
}
