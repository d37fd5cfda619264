import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** Stands before a server on loopback, and passes bytes on as they are: TLS is between its ends. */
export interface TcpFront extends AsyncDisposable {
  readonly port: number;
  /** Bytes of answers after which each connection is cut; undefined: none is. */
  cutAfter: number | undefined;
  /** Connections that were cut. */
  cuts: number;
}

export async function startTcpFront(target: number): Promise<TcpFront> {
  const open = new Set<Socket>();
  const state: Pick<TcpFront, 'cutAfter' | 'cuts'> = { cutAfter: undefined, cuts: 0 };
  const server = createServer((asking) => {
    const answering = connect(target, '127.0.0.1');
    let passed = 0;
    const end = () => {
      asking.destroy();
      answering.destroy();
    };
    for (const socket of [asking, answering]) {
      open.add(socket);
      socket.once('close', () => {
        open.delete(socket);
        end();
      });
      socket.on('error', end);
    }
    asking.pipe(answering);
    answering.on('data', (chunk: Buffer) => {
      passed += chunk.length;
      if (state.cutAfter !== undefined && passed > state.cutAfter) {
        state.cuts += 1;
        end();
      } else asking.write(chunk);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return Object.assign(state, {
    port: address.port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  });
}
