import { randomBytes, X509Certificate } from 'node:crypto';
import { EvidenceError } from './error.ts';
import type { Identity } from './head.ts';
import type { EvidenceKeys } from './keys.ts';
import { createKeyring } from './keyring.ts';
import { publicKeyObject } from './public-keys.ts';
import { EMPTY_ROOT, sha256 } from './merkle.ts';
import { type Statement, STORE_FORMAT, tsaPath } from './statement.ts';
import type { StoreObject } from './store.ts';

export interface GenesisOptions {
  readonly keys: Pick<EvidenceKeys, 'envelope' | 'checkpoint'>;
  readonly now: () => number;
  readonly agent: { readonly version: string; readonly build: string };
  readonly domain: string;
  readonly sample: boolean;
  /** RFC 3161 authorities that the configuration names, with their certificates (PEM): none unless given. */
  readonly authorities?: readonly { readonly name: string; readonly url: string; readonly ca: string }[];
  /** C2SP witnesses, with their verifier keys: none unless given. */
  readonly witnesses?: readonly { readonly name: string; readonly key: string }[];
}

const LOG_ID_BYTES = 16;
const DOMAIN = /^(?=.{1,200}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

/**
 * Entry 0 of a new log with a random id, and what is published with it: public keys and the authorities' certificates. Throws `invalid` unless
 * the domain is a hostname.
 */
export function makeGenesis(options: GenesisOptions): {
  readonly identity: Identity;
  readonly genesis: Statement;
  readonly published: readonly StoreObject[];
} {
  const { keys, now, agent, domain, sample, authorities = [], witnesses = [] } = options;
  if (!DOMAIN.test(domain)) {
    throw new EvidenceError(
      'invalid',
      `domain ${JSON.stringify(domain)}: expected a bare host name in lower case, such as acme.example`,
    );
  }
  const logId = randomBytes(LOG_ID_BYTES).toString('hex');
  const origin = `${logId}.${domain}`;
  const spkis = [keys.envelope.spki, keys.checkpoint.spki] as const;
  const publicKeys = spkis.map(publicKeyObject);
  const certificates = authorities.map(({ ca }) => certificatesObject(ca));
  const at = now();
  const genesis: Statement = {
    predicate: 'genesis',
    log: origin,
    stream: 'genesis',
    seq: 0,
    runId: logId,
    startedAt: at,
    finishedAt: at,
    sealedAt: at,
    config: null,
    anchor: { size: 0, root: hex(EMPTY_ROOT), tokens: [] },
    agent,
    sample,
    subjects: publicKeys.map(({ key, bytes }) => ({ name: key, sha256: hex(sha256(bytes)) })),
    fields: {
      format: STORE_FORMAT,
      logId,
      keys: { envelope: base64(keys.envelope.spki), checkpoint: base64(keys.checkpoint.spki) },
      authorities: authorities.map(({ name, url, ca }) => ({ name, url, ca: hex(sha256(Buffer.from(ca))) })),
      witnesses: witnesses.map(({ name, key }) => ({ name, key })),
      predecessor: null,
    },
  };
  const keyring = createKeyring({ envelope: keys.envelope.spki, checkpoint: keys.checkpoint.spki, at });
  return {
    identity: { origin, sample, keys: keyring },
    genesis,
    published: [...publicKeys, ...certificates],
  };
}

/** The object of an authority's certificates. Throws `invalid` unless the text is PEM certificates alone. */
export function certificatesObject(pem: string): StoreObject {
  const block = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;
  const blocks = pem.match(block) ?? [];
  try {
    for (const one of blocks) void new X509Certificate(one);
  } catch (cause) {
    throw new EvidenceError('invalid', "an authority's certificates: one of them can't be read", { cause });
  }
  if (blocks.length === 0 || pem.replaceAll(block, '').trim() !== '')
    throw new EvidenceError(
      'invalid',
      "an authority's certificates: expected PEM certificates, and nothing else",
    );
  const bytes = Buffer.from(pem);
  return { key: tsaPath(hex(sha256(bytes))), bytes };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
