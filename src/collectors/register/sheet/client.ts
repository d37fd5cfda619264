import type { gaxios as Gaxios } from 'google-auth-library';
import { z } from 'zod';
import { globalAgentFor } from '../../../network/proxy.ts';
import type { CollectorContext, Provenance } from '../../contract.ts';
import { CollectorError } from '../../error.ts';
import { unlessAborted } from '../../waiting.ts';
import type { GoogleConfig } from '../config.ts';
import { operationOf, SHEETS_SCOPE } from './names.ts';
import { GoogleAuth, gaxios, JWT, sheets } from './sdk.ts';

type Sheets = ReturnType<typeof sheets>;

export interface SheetClient {
  readonly sheets: Sheets;
  /** Who reads: the service account's address, where it can be told. */
  readonly caller: string;
}

const serviceAccount = z.object({
  type: z.literal('service_account'),
  client_email: z.string().min(1),
  private_key: z.string().min(1),
});

const vendor = 'https://sheets.googleapis.com';
const tokenHost = 'oauth2.googleapis.com';

export interface Limits {
  /** Seconds that one attempt may take. */
  readonly requestTimeout: number;
  readonly maxBytes: number;
}

/** A client whose every attempt is counted. The vendor's own library repeats them, within the limits. */
export async function sheetClient(
  config: GoogleConfig,
  limits: Limits,
  context: CollectorContext,
  provenance: Provenance,
  signal: AbortSignal,
): Promise<SheetClient> {
  const { endpoint } = config;
  const transporter = new gaxios.Gaxios({
    adapter: counted(provenance, endpoint),
    signal,
    agent: globalAgentFor,
    timeout: limits.requestTimeout * 1000,
    size: limits.maxBytes,
    // A redirect would take the token elsewhere.
    redirect: 'error',
    retryConfig: {
      retry: config.maxAttempts - 1,
      noResponseRetries: config.maxAttempts - 1,
      httpMethodsToRetry: ['GET', 'POST'],
      retryDelayMultiplier: 3,
    },
  });
  const { auth, caller } = await unlessAborted(() => authOf(config, context, transporter), signal);
  provenance.setEndpoint(endpoint ?? vendor, endpoint === undefined);
  return {
    sheets: sheets({ version: 'v4', auth, rootUrl: `${endpoint ?? vendor}/` }),
    caller,
  };
}

/** Counts an attempt, and takes tokens from the endpoint that was set, too. */
function counted(provenance: Provenance, endpoint: string | undefined): NonNullable<Options['adapter']> {
  return async (options, attempt) => {
    const own = options.url.host === tokenHost && endpoint !== undefined;
    const url = own ? new URL('/token', endpoint) : options.url;
    const operation = operationOf(options.url);
    try {
      const response = await attempt({ ...options, url });
      provenance.call(operation, { throttled: response.status === 429 });
      return response;
    } catch (error) {
      provenance.call(operation, { throttled: false });
      throw error;
    }
  };
}

type Options = NonNullable<ConstructorParameters<typeof Gaxios.Gaxios>[0]>;

async function authOf(
  { credentials }: GoogleConfig,
  context: CollectorContext,
  transporter: InstanceType<typeof Gaxios.Gaxios>,
): Promise<{ readonly auth: GoogleAuth | JWT; readonly caller: string }> {
  if (credentials !== undefined) {
    const { client_email: email, private_key: key } = keyOf(await named(credentials, context));
    return { auth: new JWT({ email, key, scopes: [SHEETS_SCOPE], transporter }), caller: email };
  }
  const auth = new GoogleAuth({ scopes: SHEETS_SCOPE, clientOptions: { transporter } });
  try {
    await auth.getClient();
  } catch (error) {
    const message = 'no Application Default Credentials can be used';
    throw new CollectorError('denied', message, { cause: error });
  }
  // Not every such credential belongs to a service account.
  const { client_email: email } = await auth.getCredentials().catch(() => ({ client_email: undefined }));
  return { auth, caller: email ?? 'application default credentials' };
}

async function named(
  ref: NonNullable<GoogleConfig['credentials']>,
  context: CollectorContext,
): Promise<string> {
  try {
    return await context.secret(ref);
  } catch (error) {
    const name = 'env' in ref ? `environment variable ${ref.env}` : `file ${ref.file}`;
    throw new CollectorError('configuration', `${name} can't be read`, { cause: error });
  }
}

/** The parser's error would hold the key: it is not passed on. */
function keyOf(text: string): z.output<typeof serviceAccount> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const { data } = serviceAccount.safeParse(value);
  if (data !== undefined) return data;
  throw new CollectorError('configuration', "google.credentials: expected a service account's key, as JSON");
}
