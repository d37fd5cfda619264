import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { rangeStream } from '../../src/server/pieces.ts';
import { temporaryDirectory } from '../evidence/helpers.ts';

const SIZE = 24 * 1_048_576 + 17;

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Takes what comes, after each piece of it what the caller does. */
async function taken(response: IncomingMessage, between: (bytes: number) => Promise<void>): Promise<string> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of response) {
    hash.update(piece);
    bytes += piece.length;
    await between(bytes);
  }
  return hash.digest('hex');
}

test('every client is given the same bytes, who stands still in the middle too, and the file is not held open', async () => {
  const directory = await temporaryDirectory();
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, 'file');
  const content = randomBytes(SIZE);
  await writeFile(file, content);
  const server = createServer((_request, response) => {
    response.setHeader('content-length', SIZE - 1);
    rangeStream(file, { first: 1, last: SIZE - 1 }, response).pipe(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const ask = async (): Promise<IncomingMessage> => {
    const [response] = await once(get({ port, host: '127.0.0.1', agent: false }), 'response');
    return response;
  };
  const others = Promise.withResolvers<void>();
  const [slow, ...fast] = await Promise.all([ask(), ask(), ask(), ask()]);
  const late = taken(slow, (bytes) => (bytes > 1_048_576 ? others.promise : Promise.resolve()));
  const turns = fast.map((response, at) =>
    taken(response, async () => {
      for (let turn = 0; turn < at; turn += 1) await new Promise(setImmediate);
    }),
  );
  const expected = digest(content.subarray(1));
  expect(await Promise.all(turns)).toEqual([expected, expected, expected]);
  others.resolve();
  expect(await late).toBe(expected);
}, 60_000);
