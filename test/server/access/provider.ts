import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair } from 'jose';
import OidcProvider from 'oidc-provider';
import { z } from 'zod';

/** A certified OpenID Connect provider (oidc-provider) on loopback, which gives access tokens to clients that show their secret. */
export interface RealProvider extends AsyncDisposable {
  readonly issuer: string;
  /** An access token for an audience, as the provider makes it. */
  token(client: string, audience: string): Promise<string>;
  /** Signs with another key from now on, and publishes that one alone. */
  rotate(): Promise<void>;
  /** What it signs with now. */
  key(): { readonly privateKey: CryptoKey; readonly publicKey: CryptoKey; readonly kid: string };
  /** A key that it publishes too, for an algorithm that isn't taken here. */
  readonly other: { readonly privateKey: CryptoKey; readonly kid: string };
  /** Answers nothing but 500 until told otherwise. */
  fail(failing: boolean): void;
}

/** Of every client. */
export const CLIENT_SECRET = 'secret-of-the-test';

type Listener = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

const answer = z.object({ access_token: z.string() });

/** `groups`: the claim of that name in a client's tokens, by client. */
export async function startProvider(groups: Readonly<Record<string, unknown>>): Promise<RealProvider> {
  let handle: Listener = () => {};
  let failing = false;
  const server = createServer((request, response) => {
    if (failing) response.writeHead(500).end();
    else void handle(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let generation = 0;
  let key = await freshKey(generation);
  const other = { ...(await generateKeyPair('ES384', { extractable: true })), kid: 'other' };

  async function configure(): Promise<void> {
    const jwk = { ...(await exportJWK(key.privateKey)), kid: key.kid, alg: 'ES256', use: 'sig' };
    const second = { ...(await exportJWK(other.privateKey)), kid: other.kid, alg: 'ES384', use: 'sig' };
    const provider = new OidcProvider(issuer, {
      jwks: { keys: [jwk, second] },
      clients: Object.keys(groups).map((client_id) => ({
        client_id,
        client_secret: CLIENT_SECRET,
        id_token_signed_response_alg: 'ES256',
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      })),
      extraTokenClaims: (_context, { clientId }) => ({ groups: groups[clientId ?? ''] }),
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: (_context, audience) => ({
            scope: '',
            audience,
            accessTokenFormat: 'jwt',
            accessTokenTTL: 600,
            jwt: { sign: { alg: 'ES256' } },
          }),
        },
      },
    });
    handle = provider.callback();
  }
  await configure();

  return {
    issuer,
    other,
    key: () => key,
    fail: (now) => (failing = now),
    async rotate() {
      key = await freshKey((generation += 1));
      await configure();
    },
    async token(client, audience) {
      const response = await fetch(`${issuer}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(`${client}:${CLIENT_SECRET}`).toString('base64')}` },
        body: new URLSearchParams({ grant_type: 'client_credentials', resource: audience }),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`no token for ${client}: ${text}`);
      return answer.parse(JSON.parse(text)).access_token;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function freshKey(generation: number) {
  return { ...(await generateKeyPair('ES256', { extractable: true })), kid: `key-${generation}` };
}
