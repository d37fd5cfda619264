import type { gaxios } from 'google-auth-library';
import { z } from 'zod';
import type { CollectorContext } from '../contract.ts';
import { read } from '../read.ts';
import { type Asking, optionsOf } from './attempts.ts';
import type { GoogleConfig } from './config.ts';
import { failure } from './failure.ts';
import { signerOf } from './signer.ts';

const OPERATION = 'oauth2.token';
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** Seconds that an assertion is valid for, and before its end at which a token counts as spent. */
const LIFETIME = 3600;
const EARLY = 300;

const answer = z.object({
  access_token: z.string().min(1),
  expires_in: z.int().positive(),
  token_type: z.literal('Bearer'),
});

/** Gives an access token, the one before as long as it lasts; those who ask at once get the same. */
export type Tokens = () => Promise<string>;

/**
 * Tokens of domain-wide delegation (RFC 7523): an assertion that the service account signs, with the subject in whose name it asks, for tokens
 * of the scopes. `request` sends it.
 */
export function openTokens(
  config: GoogleConfig,
  context: CollectorContext,
  scopes: readonly string[],
  asking: Asking,
  request: (options: gaxios.GaxiosOptions) => Promise<{ readonly data: unknown }>,
): Tokens {
  const url = config.endpoint === undefined ? 'https://oauth2.googleapis.com/token' : at(config.endpoint);
  const exchange = async (): Promise<{ readonly token: string; readonly until: number }> => {
    const signer = await signerOf(config, context, asking);
    asking.provenance.setCaller(`${signer.account} as ${config.subject}`);
    const now = context.now();
    const assertion = await signer.sign({
      iss: signer.account,
      sub: config.subject,
      scope: scopes.join(' '),
      // Whom it is sent to: nobody else takes it.
      aud: url,
      iat: now,
      exp: now + LIFETIME,
    });
    try {
      const { data } = await request({
        ...optionsOf(OPERATION, config, asking),
        url,
        method: 'POST',
        data: new URLSearchParams({ grant_type: GRANT, assertion }),
      });
      const { access_token, expires_in } = read(OPERATION, 'the token', answer, data);
      return { token: access_token, until: now + expires_in - EARLY };
    } catch (error) {
      throw failure(OPERATION, error, asking.signal);
    }
  };
  let current: Promise<{ readonly token: string; readonly until: number }> | undefined;
  let until = Infinity;
  return async () => {
    if (current === undefined || context.now() >= until) {
      until = Infinity;
      current = exchange();
    }
    const got = await current;
    until = got.until;
    return got.token;
  };
}

function at(endpoint: string): string {
  return new URL('/token', endpoint).href;
}
