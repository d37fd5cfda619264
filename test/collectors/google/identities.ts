import { generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { SUBJECT } from './estate.ts';

export const ACCOUNT = 'annexa@acme-prod.iam.gserviceaccount.com';
/** What a workload shows to be let in, and what it is given for it. */
export const WORKLOAD = 'workload-identity';
const WORKLOAD_TOKEN = 'workload-access';

const own = generateKeyPairSync('rsa', { modulusLength: 2048 });
const googles = generateKeyPairSync('rsa', { modulusLength: 2048 });
const privateKey = own.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

/** A service account's key, as Google makes it. */
export function keyFile(told: object = {}): string {
  return JSON.stringify({
    type: 'service_account',
    project_id: 'acme-prod',
    private_key_id: 'k1',
    private_key: privateKey,
    client_email: ACCOUNT,
    client_id: '1',
    token_uri: 'https://oauth2.googleapis.com/token',
    ...told,
  });
}

interface Answer {
  readonly operation: string;
  readonly status: number;
  readonly body: object;
}

export interface Identities {
  /** Undefined for what isn't about identities. */
  answer(url: URL, request: IncomingMessage): Promise<Answer | undefined>;
  /** Of a token that was given out and lasts still. */
  scopesOf(authorization: string | undefined): readonly string[];
  /** Who signed each assertion that a token was given for: `key` or `google`. */
  readonly signers: readonly string[];
}

interface Options {
  readonly endpoint: string;
  readonly clock: () => number;
  readonly delegated?: readonly string[];
  readonly lifetime?: number;
}

const claims = z.strictObject({
  iss: z.literal(ACCOUNT),
  sub: z.literal(SUBJECT),
  scope: z.string(),
  aud: z.string(),
  iat: z.int(),
  exp: z.int(),
});

const json = (bytes: string): unknown => JSON.parse(Buffer.from(bytes, 'base64url').toString());

export function openIdentities({ endpoint, clock, delegated, lifetime = 3600 }: Options): Identities {
  const given = new Map<string, { readonly scopes: readonly string[]; readonly until: number }>();
  const signers: string[] = [];

  const keys: readonly (readonly [string, KeyObject])[] = [
    ['key', own.publicKey],
    ['google', googles.publicKey],
  ];

  /** RFC 7523, as far as Google checks it. */
  function exchange(form: URLSearchParams): Omit<Answer, 'operation'> {
    const [head = '', body = '', signature = ''] = (form.get('assertion') ?? '').split('.');
    const signer = keys.find(([, key]) =>
      verify('sha256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url')),
    )?.[0];
    const said = claims.safeParse(signer === undefined ? undefined : json(body)).data;
    const now = clock() / 1000;
    const grant = form.get('grant_type') === 'urn:ietf:params:oauth:grant-type:jwt-bearer';
    if (
      signer === undefined ||
      said === undefined ||
      !grant ||
      said.aud !== `${endpoint}/token` ||
      Math.abs(now - said.iat) > 300 ||
      said.exp - said.iat > 3600
    )
      return { status: 400, body: { error: 'invalid_grant', error_description: 'Invalid JWT.' } };
    const scopes = said.scope.split(' ');
    if (delegated !== undefined && scopes.some((scope) => !delegated.includes(scope)))
      return {
        status: 401,
        body: { error: 'unauthorized_client', error_description: 'Client is unauthorized.' },
      };
    const access_token = `token-${given.size}`;
    given.set(access_token, { scopes, until: now + lifetime });
    signers.push(signer);
    return { status: 200, body: { access_token, expires_in: lifetime, token_type: 'Bearer' } };
  }

  function signed(body: string): object {
    const { payload } = z.strictObject({ payload: z.string() }).parse(JSON.parse(body));
    const head = Buffer.from(JSON.stringify({ alg: 'RS256', typ: 'JWT', kid: 'g1' })).toString('base64url');
    const text = `${head}.${Buffer.from(payload).toString('base64url')}`;
    const signature = sign('sha256', Buffer.from(text), googles.privateKey).toString('base64url');
    return { keyId: 'g1', signedJwt: `${text}.${signature}` };
  }

  return {
    signers,
    scopesOf: (authorization) => {
      const token = given.get(authorization?.replace(/^Bearer /, '') ?? '');
      return token !== undefined && token.until > clock() / 1000 ? token.scopes : [];
    },
    answer: async (url, request) => {
      if (request.method !== 'POST') return undefined;
      const body = await bodyOf(request);
      if (url.pathname === '/token')
        return { operation: 'oauth2.token', ...exchange(new URLSearchParams(body)) };
      if (url.pathname === '/sts') {
        const known = new URLSearchParams(body).get('subject_token') === WORKLOAD;
        const token = { access_token: WORKLOAD_TOKEN, expires_in: 3600, token_type: 'Bearer' };
        return known
          ? { operation: 'sts.token', status: 200, body: token }
          : { operation: 'sts.token', status: 400, body: { error: 'invalid_grant' } };
      }
      if (url.pathname !== `/v1/projects/-/serviceAccounts/${encodeURIComponent(ACCOUNT)}:signJwt`)
        return undefined;
      const operation = 'iamcredentials.projects.serviceAccounts.signJwt';
      if (request.headers.authorization !== `Bearer ${WORKLOAD_TOKEN}`)
        return { operation, status: 403, body: { error: { code: 403, status: 'PERMISSION_DENIED' } } };
      return { operation, status: 200, body: signed(body) };
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}
