import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, rename } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { EvidenceError } from './error.ts';

/** Signs with a key that it may keep elsewhere. `sign` gets the message, not its digest. */
export interface Signer {
  /** DER of the public key. */
  readonly spki: Uint8Array;
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

export interface EvidenceKeys {
  /** ECDSA P-256: signs envelopes (SHA-256, DER signatures). */
  readonly envelope: Signer;
  /** Ed25519: signs checkpoints. */
  readonly checkpoint: Signer;
  /** HMAC-SHA-256 key of the salts in bodies, 32 bytes. Never published. */
  readonly body: Uint8Array;
  /** Those that are being replaced: the log that finds one of them in force rotates to the new one. */
  readonly previous?: PreviousKeys;
}

export interface PreviousKeys {
  readonly envelope?: Signer;
  readonly checkpoint?: Signer;
  readonly body?: Uint8Array;
}

/** Paths of the three key files. */
export interface KeyFiles {
  readonly envelope: string;
  readonly checkpoint: string;
  readonly body: string;
}

export type KeyUse = 'envelope' | 'checkpoint';

const BODY_KEY_BYTES = 32;

const expected: Readonly<Record<KeyUse, string>> = {
  envelope: 'a PEM private key, ECDSA P-256',
  checkpoint: 'a PEM private key, Ed25519',
};

/** The names that generateKeys gives the files in a directory. */
export function keyFiles(directory: string): KeyFiles {
  return {
    envelope: join(directory, 'envelope.pem'),
    checkpoint: join(directory, 'checkpoint.pem'),
    body: join(directory, 'body.key'),
  };
}

/**
 * Makes new keys in the directory, readable by their owner alone: all three or, whatever ends the process, none. When it returns
 * they are durable. Throws `key`, and leaves what is there as it is, when the directory holds something already.
 */
export async function generateKeys(directory: string): Promise<EvidenceKeys> {
  const path = resolve(directory);
  await assertEmpty(path);
  const pem = { type: 'pkcs8', format: 'pem' } as const;
  const envelope = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export(pem).toString();
  const checkpoint = generateKeyPairSync('ed25519').privateKey.export(pem).toString();
  const body = `${randomBytes(BODY_KEY_BYTES).toString('base64')}\n`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const unfinished = await mkdtemp(`${path}.unfinished-`);
  const made = keyFiles(unfinished);
  await writeSecret(made.envelope, envelope);
  await writeSecret(made.checkpoint, checkpoint);
  await writeSecret(made.body, body);
  await syncDirectory(unfinished);
  await rename(unfinished, path).catch((cause: unknown) => {
    throw new EvidenceError(
      'key',
      `${directory}: can't be made (${reason(cause)}); keys are never overwritten`,
      { cause },
    );
  });
  await syncDirectory(dirname(path));
  const files = keyFiles(directory);
  return {
    envelope: parseSigner(envelope, 'envelope', files.envelope),
    checkpoint: parseSigner(checkpoint, 'checkpoint', files.checkpoint),
    body: parseBodyKey(body, files.body),
  };
}

/** Reads the three files. Throws `key`, naming the file and what it should hold. */
export async function loadKeys(files: KeyFiles): Promise<EvidenceKeys> {
  return {
    envelope: parseSigner(await readKeyFile(files.envelope, expected.envelope), 'envelope', files.envelope),
    checkpoint: parseSigner(
      await readKeyFile(files.checkpoint, expected.checkpoint),
      'checkpoint',
      files.checkpoint,
    ),
    body: parseBodyKey(await readKeyFile(files.body, '32 bytes in base64'), files.body),
  };
}

/** A signer from the text of a PEM private key; `where` names its origin in the `key` error for anything else. */
export function parseSigner(pem: string, use: KeyUse, where: string): Signer {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    throw new EvidenceError('key', `${where}: not ${expected[use]} without a passphrase`, { cause });
  }
  const curve = key.asymmetricKeyDetails?.namedCurve;
  const found = curve === undefined ? String(key.asymmetricKeyType) : `${key.asymmetricKeyType} ${curve}`;
  const right = use === 'envelope' ? curve === 'prime256v1' : key.asymmetricKeyType === 'ed25519';
  if (!right)
    throw new EvidenceError('key', `${where}: holds a key of type ${found}, expected ${expected[use]}`);
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return { spki, sign: async (bytes) => sign(use === 'envelope' ? 'sha256' : null, bytes, key) };
}

/** The body key from its base64 text; throws `key` beginning with `where` unless it is 32 bytes. */
export function parseBodyKey(text: string, where: string): Uint8Array {
  const trimmed = text.trim();
  const bytes = Buffer.from(trimmed, 'base64');
  if (bytes.length !== BODY_KEY_BYTES || bytes.toString('base64') !== trimmed) {
    throw new EvidenceError('key', `${where}: expected ${BODY_KEY_BYTES} bytes in base64`);
  }
  return bytes;
}

/** The text of a key file. Throws `key` when it cannot be read, or others than its owner can read it too; `what` was expected. */
export async function readKeyFile(path: string, what: string): Promise<string> {
  const handle = await open(path, constants.O_RDONLY).catch((cause: unknown) => {
    throw new EvidenceError('key', `${path}: can't be read (${reason(cause)}); expected ${what}`, { cause });
  });
  try {
    const { mode, uid } = await handle.stat();
    assertPrivate(path, mode, uid);
    return await handle.readFile('utf8');
  } catch (cause) {
    if (cause instanceof EvidenceError) throw cause;
    throw new EvidenceError('key', `${path}: can't be read (${reason(cause)}); expected ${what}`, { cause });
  } finally {
    await handle.close();
  }
}

/** A mounted Secret belongs to root and reaches us through its group (Kubernetes `fsGroup`): that alone may read it too. */
function assertPrivate(path: string, mode: number, uid: number): void {
  const ours = uid === process.getuid?.();
  const forbidden = ours ? 0o077 : 0o037;
  if ((mode & forbidden) === 0) return;
  const octal = (mode & 0o777).toString(8).padStart(4, '0');
  throw new EvidenceError('key', `${path}: others may use this key (mode ${octal}); expected 0600 or 0400`);
}

async function assertEmpty(path: string): Promise<void> {
  const found = await readdir(path).catch((cause: unknown) => {
    if (reason(cause) === 'ENOENT') return [];
    throw new EvidenceError(
      'key',
      `${path}: can't be read (${reason(cause)}); expected a new or an empty directory`,
      { cause },
    );
  });
  if (found.length > 0)
    throw new EvidenceError(
      'key',
      `${path}: there is something already (${found[0]}); keys are never overwritten`,
    );
}

async function writeSecret(path: string, text: string): Promise<void> {
  try {
    const handle = await open(path, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw new EvidenceError('key', `${path}: can't be written (${reason(cause)})`, { cause });
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function reason(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
}
