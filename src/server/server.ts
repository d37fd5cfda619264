import { buildApp } from './app.ts';
import type { AppOptions } from './app.ts';
import { ServerError } from './error.ts';
import { resolveListen } from './loopback.ts';

export interface ServerOptions extends AppOptions {
  /** `host:port`; port 0 takes any free one. Loopback only. */
  readonly listen: string;
}

export interface RunningServer {
  /** With the port that was taken, without a slash at its end: `http://127.0.0.1:8080`. */
  readonly url: string;
  /**
   * Takes no more connections, lets the answers under way finish for at most `grace` seconds, then cuts what is left.
   * Calling it again gives the same promise.
   */
  close(grace: number): Promise<void>;
}

function listenError(listen: string, error: unknown): ServerError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') {
    return new ServerError(
      'port-taken',
      `${listen} is taken by another process: stop it, or set ANNEXA_LISTEN to another host:port, such as 127.0.0.1:0 for any free port`,
      { cause: error },
    );
  }
  const hint =
    code === 'EACCES' ? ' (ports below 1024 need a privilege): set ANNEXA_LISTEN to another host:port' : '';
  return new ServerError('listen', `can't listen on ${listen}: ${String(code ?? error)}${hint}`, {
    cause: error,
  });
}

/**
 * Serves the view over HTTP. Resolves when requests are answered. Rejects with ServerError: `not-loopback`, `port-taken` (names the address and
 * ANNEXA_LISTEN) or `listen`.
 */
export async function startServer({ listen, ...options }: ServerOptions): Promise<RunningServer> {
  const address = await resolveListen(listen);
  const app = await buildApp(options);
  const url = await app.listen({ ...address, listenTextResolver: () => '' }).catch(async (error: unknown) => {
    await app.close();
    throw listenError(listen, error);
  });
  let closing: Promise<void> | undefined;
  async function close(grace: number): Promise<void> {
    const cut = setTimeout(() => app.server.closeAllConnections(), grace * 1000);
    try {
      await app.close();
    } finally {
      clearTimeout(cut);
    }
  }
  return { url, close: (grace) => (closing ??= close(grace)) };
}
