import { z } from 'zod';
import type { Provenance } from '../contract.ts';
import { isThrottled } from './failure.ts';

const answered = z.object({ headers: z.record(z.string(), z.string()) });
/** An answer that passed, or the SDK's error about one that did not. */
const exchange = z.object({ response: answered.optional(), $response: answered.optional() });
const sent = z.object({
  request: z.object({ protocol: z.string(), hostname: z.string(), port: z.number().optional() }),
});

function headersOf(value: unknown): Readonly<Record<string, string>> | undefined {
  const { response, $response } = exchange.safeParse(value).data ?? {};
  return (response ?? $response)?.headers;
}

/** S3 has a name of its own for it. */
const requestIdIn = (headers: Readonly<Record<string, string>> | undefined): string | undefined =>
  headers?.['x-amzn-requestid'] ?? headers?.['x-amz-request-id'];

const VENDOR_HOST = /(^|\.)(amazonaws\.com(\.cn)?|api\.aws)$/;

interface Watch {
  /** IAM's prefix of the operations. */
  readonly service: string;
  readonly provenance: Provenance;
  /** Longest time of an attempt. */
  readonly seconds: number;
  /** At any answer, a refusal included. */
  readonly onAnswer: () => void;
  readonly onDate?: (date: string | undefined) => void;
}

export const INSIDE_RETRIES = {
  name: 'annexaAttempt',
  relation: 'after',
  toMiddleware: 'retryMiddleware',
  override: true,
} as const;

/** Middleware that sees every attempt, ends one that takes too long with its body, and reports it with the request id of its answer. */
export function attempts({ service, provenance, seconds, onAnswer, onDate }: Watch) {
  return <Args extends object, Answer extends object>(
    next: (args: Args) => Promise<Answer>,
    context: { commandName?: string },
  ) => {
    const operation = `${service}:${(context.commandName ?? 'Unknown').replace(/Command$/, '')}`;
    return async (args: Args): Promise<Answer> => {
      if (service !== 'sts') tellEndpoint(args, provenance);
      try {
        const answer = await within(next(args), seconds, operation);
        const headers = headersOf(answer);
        provenance.call(operation, { throttled: false, requestId: requestIdIn(headers) });
        onAnswer();
        onDate?.(headers?.['date']);
        return answer;
      } catch (error) {
        const headers = headersOf(error);
        const requestId = requestIdIn(headers);
        provenance.call(operation, { throttled: isThrottled(error), requestId });
        if (headers !== undefined) onAnswer();
        throw error;
      }
    };
  };
}

/** Told from the request itself, since the SDK also takes endpoints from the environment and from shared files. */
function tellEndpoint(args: unknown, provenance: Provenance): void {
  const request = sent.safeParse(args).data?.request;
  if (request === undefined) return;
  const port = request.port === undefined ? '' : `:${request.port}`;
  const vendor = request.protocol === 'https:' && VENDOR_HOST.test(request.hostname);
  provenance.setEndpoint(`${request.protocol}//${request.hostname}${port}`, vendor);
}

/** A TimeoutError, which the SDK retries, when `work` takes longer: its own timers stop at the headers. */
async function within<T>(work: Promise<T>, seconds: number, operation: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new Error(`${operation} was not answered in full within ${seconds} s`);
      error.name = 'TimeoutError';
      reject(error);
    }, seconds * 1000);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
