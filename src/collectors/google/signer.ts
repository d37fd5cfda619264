import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { type AuthClient, GoogleAuth } from 'google-auth-library';
import { z } from 'zod';
import { globalAgentFor } from '../../network/proxy.ts';
import type { CollectorContext, SecretRef } from '../contract.ts';
import { CollectorError } from '../error.ts';
import { read } from '../read.ts';
import { type Asking, optionsOf } from './attempts.ts';
import type { GoogleConfig } from './config.ts';
import { failure } from './failure.ts';

/** Signs in the name of a service account. */
export interface Signer {
  /** Its e-mail address. */
  readonly account: string;
  sign(claims: object): Promise<string>;
}

export async function signerOf(
  config: GoogleConfig,
  context: CollectorContext,
  asking: Asking,
): Promise<Signer> {
  const { credentials, impersonate } = config;
  if (credentials !== undefined) return await withKey(credentials, context);
  if (impersonate === undefined) throw new CollectorError('configuration', 'neither a key nor an account');
  return { account: impersonate, sign: (claims) => signedByGoogle(impersonate, claims, config, asking) };
}

const key = z.object({
  type: z.literal('service_account'),
  client_email: z.email(),
  private_key: z.string(),
  private_key_id: z.string(),
});

async function withKey(ref: SecretRef, context: CollectorContext): Promise<Signer> {
  const name = 'env' in ref ? `environment variable ${ref.env}` : `file ${ref.file}`;
  const { client_email, private_key, private_key_id } = keyIn(await secretOf(ref, name, context), name);
  const signing = privateKeyIn(private_key, name);
  return {
    account: client_email,
    sign: async (claims) => {
      const head = encoded({ alg: 'RS256', typ: 'JWT', kid: private_key_id });
      const signed = `${head}.${encoded(claims)}`;
      return `${signed}.${sign('sha256', Buffer.from(signed), signing).toString('base64url')}`;
    },
  };
}

async function secretOf(ref: SecretRef, name: string, context: CollectorContext): Promise<string> {
  try {
    return await context.secret(ref);
  } catch (error) {
    throw new CollectorError('configuration', `${name} can't be read`, { cause: error });
  }
}

/** No cause: a message about the text could quote it. */
function keyIn(text: string, name: string): z.output<typeof key> {
  try {
    return key.parse(JSON.parse(text));
  } catch {
    throw new CollectorError('configuration', `${name}: expected a service account's key, as Google's JSON`);
  }
}

function privateKeyIn(pem: string, name: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new CollectorError('configuration', `${name}: private_key: expected a private key, as PEM`);
  }
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

const OPERATION = 'iamcredentials.projects.serviceAccounts.signJwt';
const CLOUD = 'https://www.googleapis.com/auth/cloud-platform';
const signedJwt = z.object({ signedJwt: z.string().min(1) });

/** Google signs with a key that never leaves it, for whom the environment's own identity (Application Default Credentials) may ask. */
async function signedByGoogle(
  account: string,
  claims: object,
  config: GoogleConfig,
  asking: Asking,
): Promise<string> {
  const base = config.endpoint ?? 'https://iamcredentials.googleapis.com';
  const client = await environment(account, config, asking);
  try {
    const { data } = await client.request({
      ...optionsOf(OPERATION, config, asking),
      url: new URL(`/v1/projects/-/serviceAccounts/${encodeURIComponent(account)}:signJwt`, base).href,
      method: 'POST',
      data: { payload: JSON.stringify(claims) },
    });
    return read(OPERATION, 'the assertion', signedJwt, data).signedJwt;
  } catch (error) {
    throw failure(OPERATION, error, asking.signal);
  }
}

/** The environment's own identity. How it is come by is the library's affair, and isn't counted. */
async function environment(
  account: string,
  { requestTimeout }: GoogleConfig,
  { signal }: Asking,
): Promise<AuthClient> {
  const auth = new GoogleAuth({
    scopes: [CLOUD],
    // Any will do: without one, the library asks other services for it.
    projectId: account,
    clientOptions: {
      transporterOptions: { timeout: requestTimeout * 1000, agent: globalAgentFor },
      useAuthRequestParameters: false,
    },
  });
  try {
    return await auth.getClient();
  } catch (error) {
    const known = failure(OPERATION, error, signal);
    if (known.code !== 'internal') throw known;
    throw new CollectorError('denied', 'the environment has no Application Default Credentials', {
      cause: error,
    });
  }
}
