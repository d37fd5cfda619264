import { connect } from 'node:net';

/** Connections at once, each of which asks again when its answer is whole. */
const CONNECTIONS = 16;

export interface Asked {
  readonly port: number;
  readonly path: string;
  /** Of the n-th request. */
  readonly authorization: (at: number) => string;
}

/**
 * Requests a second over connections that stay open. The client must cost less than a server: it writes a prepared request, and counts bytes
 * until as many came as the first answer had. Rejects unless all of them are 200 and as long.
 */
export async function requestsPerSecond(asked: Asked, requests: number): Promise<number> {
  const length = await lengthOfOne(asked);
  let sent = 0;
  const next = () => (sent < requests ? requestText(asked, sent++) : undefined);
  const start = performance.now();
  await Promise.all(Array.from({ length: CONNECTIONS }, () => converse(asked.port, length, next)));
  return (requests / (performance.now() - start)) * 1000;
}

function requestText({ path, authorization }: Asked, at: number): string {
  return `GET ${path} HTTP/1.1\r\nhost: localhost\r\nauthorization: ${authorization(at)}\r\n\r\n`;
}

/** Bytes of a whole answer, its head included. */
async function lengthOfOne(asked: Asked): Promise<number> {
  const socket = connect(asked.port, '127.0.0.1');
  socket.write(requestText(asked, 0));
  let text = '';
  for await (const chunk of socket.setEncoding('latin1')) {
    text += String(chunk);
    const body = /^content-length: (\d+)\r$/im.exec(text)?.[1];
    const head = text.indexOf('\r\n\r\n') + 4;
    if (head > 3 && body !== undefined && text.length >= head + Number(body)) break;
  }
  if (!text.startsWith('HTTP/1.1 200 ')) throw new Error(`an answer that is not 200: ${text.slice(0, 200)}`);
  return text.length;
}

function converse(port: number, length: number, next: () => string | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect(port, '127.0.0.1');
  let missing = 0;
  const ask = () => {
    const text = next();
    if (text === undefined) {
      socket.destroy();
      resolve();
      return;
    }
    missing = length;
    socket.write(text, 'latin1');
  };
  socket.on('connect', ask);
  socket.on('error', reject);
  socket.on('close', () => reject(new Error('the server closed a connection')));
  socket.on('data', (chunk: Buffer) => {
    if (missing === length && chunk.toString('latin1', 0, 13) !== 'HTTP/1.1 200 ')
      reject(new Error(`an answer that is not 200: ${chunk.toString('latin1', 0, 40)}`));
    missing -= chunk.length;
    if (missing < 0) reject(new Error('an answer that is longer than the others'));
    if (missing === 0) ask();
  });
  return promise;
}
