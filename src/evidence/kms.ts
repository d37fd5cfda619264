import { createHash, createPublicKey, verify } from 'node:crypto';
import {
  GetPublicKeyCommand,
  type GetPublicKeyCommandOutput,
  KMSClient,
  SignCommand,
  type SignCommandInput,
} from '@aws-sdk/client-kms';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { proxied } from '../network/proxy.ts';
import { EvidenceError } from './error.ts';
import type { KeyUse, Signer } from './keys.ts';

/** An asymmetric key of AWS KMS. */
export interface KmsKey {
  /** Key id, alias (`alias/...`) or ARN. */
  readonly kms: string;
  /** Absent: that of the ARN, else as the SDK finds it (AWS_REGION, the profile). */
  readonly region?: string | undefined;
  /** Absent: AWS, or what AWS_ENDPOINT_URL_KMS says. */
  readonly endpoint?: string | undefined;
}

/** How long an answer is waited for, milliseconds, and how often a request is sent at most. */
export interface Patience {
  readonly request: number;
  readonly attempts: number;
}

const PATIENCE: Patience = { request: 10_000, attempts: 5 };

/** What a key must be for its use, in KMS's words. */
const expected = {
  envelope: { spec: 'ECC_NIST_P256', algorithm: 'ECDSA_SHA_256' },
  checkpoint: { spec: 'ECC_NIST_EDWARDS25519', algorithm: 'ED25519_SHA_512' },
} as const;

/**
 * A signer on a key that never leaves AWS KMS. It needs `kms:GetPublicKey` and `kms:Sign`; credentials come from the SDK's default chain. Whatever KMS
 * signs is checked with the public key that it gave first. Throws `key`, naming the key, for one that is missing, denied or of another kind; `io` when KMS
 * can't be reached. Source: AWS KMS API reference, GetPublicKey and Sign.
 */
export async function kmsSigner(key: KmsKey, use: KeyUse, patience: Patience = PATIENCE): Promise<Signer> {
  const client = connect(key, patience);
  const { kms: name } = key;
  const answer = await asked(name, 'kms:GetPublicKey', () =>
    client.send(new GetPublicKeyCommand({ KeyId: name })),
  );
  const spki = publicKeyOf(answer, name, use);
  // An alias may come to mean another key: what signs is the key whose public half is known.
  const id = answer.KeyId ?? name;
  const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  return {
    spki,
    async sign(bytes) {
      const { Signature } = await asked(name, 'kms:Sign', () =>
        client.send(new SignCommand(request(id, use, bytes))),
      );
      const hash = use === 'envelope' ? 'sha256' : null;
      if (Signature === undefined || !verify(hash, bytes, publicKey, Signature)) {
        throw new EvidenceError(
          'key',
          `KMS key ${name}: what it signed doesn't verify with its public key (${id}): nothing of it is kept`,
        );
      }
      return Signature;
    },
  };
}

function connect({ kms, region, endpoint }: KmsKey, { request, attempts }: Patience): KMSClient {
  const own = region ?? /^arn:[^:]+:kms:([^:]+):/.exec(kms)?.[1];
  return new KMSClient({
    ...(own === undefined ? {} : { region: own }),
    ...(endpoint === undefined ? {} : { endpoint }),
    maxAttempts: attempts,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: request,
      requestTimeout: request,
      throwOnRequestTimeout: true,
      httpAgent: proxied(),
      httpsAgent: proxied(),
      socketTimeout: request,
    }),
  });
}

function request(id: string, use: KeyUse, bytes: Uint8Array): SignCommandInput {
  const { algorithm } = expected[use];
  // Pure Ed25519 hashes twice, and can't be given a digest. A statement may be longer than what KMS takes of a message.
  const message =
    use === 'envelope'
      ? ({ Message: createHash('sha256').update(bytes).digest(), MessageType: 'DIGEST' } as const)
      : ({ Message: bytes, MessageType: 'RAW' } as const);
  return { KeyId: id, SigningAlgorithm: algorithm, ...message };
}

/** The SPKI (DER) in its one spelling. */
function publicKeyOf(answer: GetPublicKeyCommandOutput, name: string, use: KeyUse): Buffer {
  const { spec, algorithm } = expected[use];
  const { KeySpec, KeyUsage, SigningAlgorithms = [], PublicKey } = answer;
  if (KeySpec !== spec || KeyUsage !== 'SIGN_VERIFY' || !SigningAlgorithms.includes(algorithm)) {
    throw new EvidenceError(
      'key',
      `KMS key ${name}: it is ${KeySpec ?? 'of an unknown kind'} for ${KeyUsage ?? 'an unknown use'}; the ${use} key has to be ${spec} for SIGN_VERIFY with ${algorithm}`,
    );
  }
  try {
    const key = createPublicKey({ key: Buffer.from(PublicKey ?? []), format: 'der', type: 'spki' });
    const kind = key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType;
    if (kind === (use === 'envelope' ? 'prime256v1' : 'ed25519'))
      return key.export({ format: 'der', type: 'spki' });
  } catch (cause) {
    throw new EvidenceError('key', `KMS key ${name}: its public key can't be read`, { cause });
  }
  throw new EvidenceError('key', `KMS key ${name}: its public key is not what ${spec} says`);
}

async function asked<T>(name: string, operation: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const { name: kind, message } =
      cause instanceof Error ? cause : { name: 'Error', message: String(cause) };
    const hint = hints[kind];
    const words = hint === undefined ? `${kind}: ${message}` : `${hint} (${kind})`;
    throw new EvidenceError(hint === undefined ? 'io' : 'key', `KMS key ${name}: ${operation}: ${words}`, {
      cause,
    });
  }
}

/** What only a person can repair. All else may pass. */
const hints: Readonly<Record<string, string>> = {
  AccessDeniedException: 'the credentials may not do this: expected kms:GetPublicKey and kms:Sign',
  CredentialsProviderError:
    'no credentials were found (environment, profile, web identity, container or instance)',
  DisabledException: 'the key is disabled',
  ExpiredTokenException: 'the credentials have expired',
  IncompleteSignatureException: 'the credentials are refused',
  InvalidArnException: 'there is no such key',
  InvalidKeyUsageException: 'the key is not for signing',
  InvalidSignatureException: 'the credentials are refused',
  KMSInvalidStateException: 'the key is disabled, or about to be deleted',
  NotFoundException: 'there is no such key in this account and region',
  UnrecognizedClientException: 'the credentials are refused',
  UnsupportedOperationException: 'it is no asymmetric key',
};
