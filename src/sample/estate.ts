import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { z } from 'zod';
import { dateShifter, type Shift, shiftCsv, shiftXml } from './shift.ts';

/** A recorded call and its answer. A body that is not UTF-8 text is not recorded. */
const exchange = z.strictObject({
  /** `Action` of the AWS Query protocol. */
  operation: z.string(),
  /** The other parameters, but the API's version. */
  parameters: z.record(z.string(), z.string()),
  status: z.int(),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
});
export type Exchange = z.infer<typeof exchange>;

const recording = z.strictObject({
  /** The server that answered, with its version. */
  server: z.string(),
  /** The server's own time of the recording. */
  recordedAt: z.iso.datetime(),
  exchanges: z.array(exchange),
});
export type Recording = z.infer<typeof recording>;

const manifest = z.strictObject({
  recordings: z.array(z.string()),
  files: z.array(
    z.strictObject({
      /** Under which it is served. */
      url: z.string().startsWith('/'),
      path: z.string(),
      type: z.string(),
      /** The day on which the dates in it were true. */
      writtenOn: z.iso.date(),
      /** Columns that tell when the file was made: they follow the day of the request. */
      madeOn: z.array(z.string()).default([]),
    }),
  ),
});

export interface Estate {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  close(): Promise<void>;
}

type Answer = { readonly status: number; readonly headers: Record<string, string>; readonly body: string };

/**
 * Replays the recorded estate in `directory` (estate.json names its recordings and files) on a free port of 127.0.0.1. Calls are matched on
 * operation and parameters, signatures are ignored, page tokens go out and come back as they were recorded. What was recorded at one time is
 * told as if it were recorded at `now` (milliseconds): instants in XML, in credential reports and in Date headers, dates in CSV files. Facts
 * keep their shift while the estate runs; the time at which an answer or a report was made goes on, by `clock` where one is given. Anything else gets an error that names it.
 */
export async function startEstate(
  directory: string,
  options: { readonly now: number; readonly clock?: () => number },
): Promise<Estate> {
  const started = performance.now();
  const clock = options.clock ?? ((): number => options.now + (performance.now() - started));
  const { recordings, files } = manifest.parse(await readJson(directory, 'estate.json'));
  const replays = await Promise.all(
    recordings.map(async (path) =>
      replayOf(recording.parse(await readJson(directory, path)), options.now, clock),
    ),
  );
  const texts = new Map(
    await Promise.all(
      files.map(
        async (file) =>
          [file.url, { ...file, text: await readFile(join(directory, file.path), 'utf8') }] as const,
      ),
    ),
  );
  const answerTo = async (request: IncomingMessage): Promise<Answer> => {
    const file = texts.get(request.url ?? '');
    if (request.method === 'GET' && file !== undefined) {
      const shift = dateShifter(file.writtenOn, options.now, clock());
      const headers = { 'content-type': file.type, date: new Date(clock()).toUTCString() };
      return { status: 200, headers, body: shiftCsv(file.text, file.madeOn, shift) };
    }
    const form = new URLSearchParams(await bodyOf(request));
    const operation = form.get('Action');
    if (request.method !== 'POST' || operation === null)
      return notRecorded(`${request.method} ${request.url}`);
    const key = keyOf(operation, form);
    for (const replay of replays) {
      const answer = replay(key);
      if (answer !== undefined) return answer;
    }
    return notRecorded(key);
  };
  const server = createServer((request, response) => void reply(answerTo(request), response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the sample estate got no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function readJson(directory: string, path: string): Promise<unknown> {
  const text = await readFile(join(directory, path), 'utf8');
  const parsed: unknown = JSON.parse(text);
  return parsed;
}

/** One spelling of an operation with its parameters. */
function keyOf(operation: string, parameters: Iterable<readonly [string, string]>): string {
  const rest = [...parameters]
    .filter(([name]) => name !== 'Action' && name !== 'Version')
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `${operation} ${JSON.stringify(Object.fromEntries(rest))}`;
}

/** Calls recorded more than once are answered in their order, and then as the last time. */
function replayOf(
  recorded: Recording,
  now: number,
  clock: () => number,
): (key: string) => Answer | undefined {
  const at = Date.parse(recorded.recordedAt);
  const queues = new Map<string, Exchange[]>();
  for (const entry of recorded.exchanges) {
    const key = keyOf(entry.operation, Object.entries(entry.parameters));
    queues.set(key, [...(queues.get(key) ?? []), entry]);
  }
  return (key) => {
    const queue = queues.get(key);
    const entry = queue !== undefined && queue.length > 1 ? queue.shift() : queue?.[0];
    if (entry === undefined) return undefined;
    const shift: Shift = { facts: seconds(now - at), made: seconds(clock() - at) };
    const date = new Date(Date.parse(entry.headers['date'] ?? recorded.recordedAt) + shift.made * 1000);
    return {
      status: entry.status,
      headers: { ...entry.headers, date: date.toUTCString() },
      body: shiftXml(entry.body, shift),
    };
  };
}

const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);

function notRecorded(what: string): Answer {
  const text = what.replaceAll(/[<&]/g, (sign) => (sign === '<' ? '&lt;' : '&amp;'));
  return {
    status: 501,
    headers: { 'content-type': 'text/xml' },
    body: `<ErrorResponse><Error><Type>Receiver</Type><Code>NotRecorded</Code><Message>the sample estate has no recorded answer to ${text}</Message></Error></ErrorResponse>`,
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

async function reply(pending: Promise<Answer>, response: ServerResponse): Promise<void> {
  try {
    const { status, headers, body } = await pending;
    response.writeHead(status, headers).end(body);
  } catch (error) {
    response.destroy(error instanceof Error ? error : undefined);
  }
}
