import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { TlsSpec } from '../engine/access-log.ts';
import { ServerError } from './error.ts';
import type { ServerLogger } from './errors.ts';

/** A certificate with its chain, and the key that belongs to it. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
  /** Of the certificate, Unix seconds. */
  readonly expires: number;
}

/** Milliseconds between two looks at the files. */
const POLL = 10_000;

/** Reads both files. Rejects with ServerError `tls`, naming the file, unless they belong together. */
export async function readKeyPair({ certificate, key: keyFile }: TlsSpec): Promise<KeyPair> {
  const [cert, key] = await Promise.all([read(certificate), read(keyFile)]);
  try {
    const leaf = new X509Certificate(cert);
    createSecureContext({ cert, key });
    return { cert, key, expires: Math.floor(leaf.validToDate.getTime() / 1000) };
  } catch (cause) {
    const detail = `${certificate} and ${keyFile}: expected a certificate in PEM and the key that belongs to it`;
    throw new ServerError('tls', detail, { cause });
  }
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new ServerError('tls', `${file} can't be read: ${code}`, { cause });
  }
}

export interface WatchedPair extends Disposable {
  /** In use. */
  current(): KeyPair;
  /** Looks at the files now. Never rejects. */
  look(): Promise<void>;
}

/** Gives another pair to `use` when the files hold one. What can't be used is logged, once, and changes nothing. */
export function watchKeyPair(
  spec: TlsSpec,
  first: KeyPair,
  logger: ServerLogger,
  use: (pair: KeyPair) => void,
): WatchedPair {
  let current = first;
  let told: string | undefined;
  async function look(): Promise<void> {
    try {
      const found = await readKeyPair(spec);
      told = undefined;
      if (found.cert === current.cert && found.key === current.key) return;
      use(found);
      current = found;
      logger.info({ event: 'tls_reloaded', expires: found.expires }, 'another certificate is in use');
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      if (detail !== told)
        logger.error({ event: 'tls_refused', detail }, 'the certificate in use stays in use');
      told = detail;
    }
  }
  const timer = setInterval(() => void look(), POLL).unref();
  return { current: () => current, look, [Symbol.dispose]: () => clearInterval(timer) };
}
