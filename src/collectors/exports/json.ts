import type { Dispatcher } from 'undici';
import { openDispatcher } from '../../network/proxy.ts';
import type { Provenance } from '../contract.ts';
import { CollectorError } from '../error.ts';
import { sourceFailure } from './failure.ts';
import { get, guarded, type Request } from './get.ts';

export interface JsonAnswer {
  readonly value: unknown;
  readonly bytes: Uint8Array;
  /** Of the Date header, Unix seconds; undefined when there is none that can be read. */
  readonly date: number | undefined;
}

export interface JsonSource extends AsyncDisposable {
  /** The answer to one GET. Rejects with a CollectorError, or with the signal's reason. */
  get(url: URL, operation: string): Promise<JsonAnswer>;
}

interface Options extends Pick<Request, 'headers' | 'throttles503'> {
  readonly attempts: number;
  /** Of one answer. */
  readonly maxBytes: number;
  /** Seconds without a byte before an answer is given up. */
  readonly requestTimeout: number;
}

/** Asks for JSON, one answer after another on the same connections. */
export async function openJson(
  options: Options,
  provenance: Provenance,
  signal: AbortSignal,
): Promise<JsonSource> {
  const { headers, attempts, throttles503 = false } = options;
  const dispatcher = await agentOf(options.requestTimeout);
  const asked = {
    accept: 'application/json',
    'accept-encoding': 'identity',
    'user-agent': 'annexa',
    ...headers,
  };
  return {
    async get(url, operation) {
      try {
        const request = { operation, url, dispatcher, headers: asked, attempts, throttles503 };
        const response = await get(request, provenance, signal);
        const bytes = await readAll(guarded(response.body, signal), options.maxBytes);
        const date = Date.parse(String(response.headers['date']));
        return {
          value: parseJson(bytes, operation),
          bytes,
          date: Number.isNaN(date) ? undefined : Math.floor(date / 1000),
        };
      } catch (error) {
        throw sourceFailure(error, signal);
      }
    },
    [Symbol.asyncDispose]: () => dispatcher.destroy(),
  };
}

/** Whose connections and answers time out, after seconds without a byte. */
export function agentOf(requestTimeout: number): Promise<Dispatcher> {
  const timeout = requestTimeout * 1000;
  return openDispatcher({ connect: timeout, headers: timeout, body: timeout });
}

export async function readAll(bytes: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > maxBytes)
      throw new CollectorError('malformed', `the answer is larger than ${maxBytes} bytes (maxBytes)`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The parser's own message quotes what it read, and is not passed on. */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new CollectorError('malformed', `${what}: not JSON in UTF-8, or cut`);
  }
}
