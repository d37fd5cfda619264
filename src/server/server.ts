import { Server as TlsServer } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import type { AccessLog, AccessSpec, TlsSpec } from '../engine/access-log.ts';
import { createGate, type Gate } from './access/gate.ts';
import type { Surroundings } from './access/kubernetes-api.ts';
import { buildApp, TLS_VERSION } from './app.ts';
import type { AppOptions } from './app.ts';
import { ServerError } from './error.ts';
import type { ServerLogger } from './errors.ts';
import { isLoopback, resolveListen } from './loopback.ts';
import { type KeyPair, readKeyPair, watchKeyPair, type WatchedPair } from './tls.ts';

/** Who is let in, and what is known of it. */
export interface Guard extends Surroundings {
  /** Whether the configuration says who may ask. Then nobody is let in before `useAccess`. */
  readonly configured: boolean;
  readonly log: AccessLog;
  /** Unix seconds. */
  readonly now: () => number;
}

export interface ServerOptions extends Pick<AppOptions, 'view' | 'logger' | 'registry' | 'bundles'> {
  /** `host:port`; port 0 takes any free one. On loopback alone unless access is configured. */
  readonly listen: string;
  /** Absent: whoever reaches the port is let in, for good. */
  readonly guard?: Guard;
  readonly tls?: TlsSpec | undefined;
}

export interface RunningServer {
  /** With the port that was taken, without a slash at its end: `http://127.0.0.1:8080`. */
  readonly url: string;
  /**
   * Who may ask from now on; undefined: everybody who reaches the port. False, and nothing changes, when that would be everybody on the
   * network.
   */
  useAccess(spec: AccessSpec | undefined): boolean;
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
 * ANNEXA_LISTEN), `listen` or `tls`.
 */
export async function startServer({ guard = unguarded, ...options }: ServerOptions): Promise<RunningServer> {
  const { listen, tls, logger, bundles } = options;
  const address = await resolveListen(listen, guard.configured);
  const gate = createGate(guard.configured ? 'closed' : 'open', { ...guard, logger, bundles });
  const pair = tls && (await readKeyPair(tls));
  let watched: WatchedPair | undefined;
  const app = await buildApp({
    ...options,
    access: { ...guard, gate },
    tls: pair && (() => watched?.current() ?? pair),
  });
  const taken = await app
    .listen({ ...address, listenTextResolver: () => '' })
    .catch(async (error: unknown) => {
      await app.close();
      throw listenError(listen, error);
    });
  if (tls && pair) watched = watch(app, tls, pair, logger);
  return {
    url: urlOf(taken, pair !== undefined),
    useAccess: (spec) => useAccess(gate, spec, address.host),
    close: closing(app, () => watched?.[Symbol.dispose]()),
  };
}

const unguarded: Guard = {
  configured: false,
  log: { admits: () => true, record: () => {}, unsealed: () => 0, flush: () => Promise.resolve() },
  now: () => 0,
  directory: '.',
  env: {},
};

/** As RunningServer says, of a server that listens on `host`. */
export function useAccess(gate: Pick<Gate, 'use'>, spec: AccessSpec | undefined, host: string): boolean {
  if (spec === undefined && !isLoopback(host)) return false;
  gate.use(spec);
  return true;
}

function urlOf(listening: string, secure: boolean): string {
  return secure ? listening.replace(/^http:/, 'https:') : listening;
}

/** Connections that are open keep the certificate that they began with. */
function watch(app: FastifyInstance, tls: TlsSpec, pair: KeyPair, logger: ServerLogger): WatchedPair {
  return watchKeyPair(tls, pair, logger, ({ cert, key }) => {
    if (app.server instanceof TlsServer) app.server.setSecureContext({ cert, key, minVersion: TLS_VERSION });
  });
}

function closing(app: FastifyInstance, ended: () => void): RunningServer['close'] {
  let closing: Promise<void> | undefined;
  async function close(grace: number): Promise<void> {
    ended();
    const cut = setTimeout(() => app.server.closeAllConnections(), grace * 1000);
    try {
      await app.close();
    } finally {
      clearTimeout(cut);
    }
  }
  return (grace) => (closing ??= close(grace));
}
