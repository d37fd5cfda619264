import { randomBytes } from 'node:crypto';
import { EvidenceError } from './error.ts';
import type { Identity } from './head.ts';
import type { EvidenceKeys } from './keys.ts';
import { publicKeyPath, publicKeyPem } from './public-keys.ts';
import { EMPTY_ROOT, sha256 } from './merkle.ts';
import { type Statement, STORE_FORMAT } from './statement.ts';
import type { StoreObject } from './store.ts';

export interface GenesisOptions {
  readonly keys: Pick<EvidenceKeys, 'envelope' | 'checkpoint'>;
  readonly now: () => number;
  readonly agent: { readonly version: string; readonly build: string };
  readonly domain: string;
  readonly sample: boolean;
}

const LOG_ID_BYTES = 16;
const DOMAIN = /^(?=.{1,200}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** Entry 0 of a new log with a random id, and the public keys to publish. Throws `invalid` unless the domain is a hostname. */
export function makeGenesis({ keys, now, agent, domain, sample }: GenesisOptions): {
  readonly identity: Identity;
  readonly genesis: Statement;
  readonly publicKeys: readonly StoreObject[];
} {
  if (!DOMAIN.test(domain)) {
    throw new EvidenceError(
      'invalid',
      `domain ${JSON.stringify(domain)}: expected a bare host name in lower case, such as acme.example`,
    );
  }
  const logId = randomBytes(LOG_ID_BYTES).toString('hex');
  const origin = `${logId}.${domain}`;
  const spkis = [keys.envelope.spki, keys.checkpoint.spki] as const;
  const publicKeys = spkis.map((spki) => ({
    key: publicKeyPath(spki),
    bytes: Buffer.from(publicKeyPem(spki)),
  }));
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
      authorities: [],
      witnesses: [],
      predecessor: null,
    },
  };
  const identity = { origin, sample, envelopeKey: keys.envelope.spki, checkpointKey: keys.checkpoint.spki };
  return { identity, genesis, publicKeys };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
