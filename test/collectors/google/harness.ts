import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GoogleConfig } from '../../../src/collectors/google/config.ts';
import { google } from '../../../src/collectors/google/index.ts';
import { contextOf, type Outcome, recordsOf } from '../harness.ts';
import { base, CUSTOMER, type Estate, SUBJECT } from './estate.ts';
import { keyFile, WORKLOAD } from './identities.ts';
import { startStub, type StubOptions } from './stub.ts';

export interface Options extends StubOptions {
  readonly estate?: Estate;
  readonly settings?: Partial<Record<keyof GoogleConfig, unknown>>;
  readonly signal?: AbortSignal;
  readonly now?: () => number;
  /** The text of the key. */
  readonly key?: string;
}

export interface Collected extends Outcome {
  readonly asked: readonly { readonly operation: string; readonly query: Readonly<Record<string, string>> }[];
  readonly signers: readonly string[];
}

export function configOf(endpoint: string, settings: Options['settings'] = {}): GoogleConfig {
  return google.config.parse({
    scope: CUSTOMER,
    subject: SUBJECT,
    endpoint,
    oauthGrants: {},
    maxAttempts: 1,
    ...('impersonate' in settings ? {} : { credentials: { env: 'GOOGLE_KEY' } }),
    ...settings,
  });
}

/** Collects a dataset from a stub over the estate. Rejects as the collector does. */
export async function collectGoogle(dataset: string, options: Options = {}): Promise<Collected> {
  await using stub = await startStub(options.estate ?? base, options);
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const { context, told } = contextOf(now, { GOOGLE_KEY: options.key ?? keyFile() });
  await using collector = google.connect(configOf(stub.endpoint, options.settings), context);
  const records = await recordsOf(collector, dataset, { id: CUSTOMER }, options.signal);
  return { records, told, asked: stub.calls, signers: stub.identities.signers };
}

/** Lends the process the identity of a workload, as workload identity federation does, while `work` runs. */
export async function asWorkload<T>(sts: string, work: () => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-google-'));
  const before = process.env['GOOGLE_APPLICATION_CREDENTIALS'];
  try {
    await writeFile(join(directory, 'token'), WORKLOAD);
    const file = join(directory, 'credentials.json');
    await writeFile(
      file,
      JSON.stringify({
        type: 'external_account',
        audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/k',
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        token_url: sts,
        credential_source: { file: join(directory, 'token') },
      }),
    );
    process.env['GOOGLE_APPLICATION_CREDENTIALS'] = file;
    return await work();
  } finally {
    if (before === undefined) delete process.env['GOOGLE_APPLICATION_CREDENTIALS'];
    else process.env['GOOGLE_APPLICATION_CREDENTIALS'] = before;
    await rm(directory, { recursive: true, force: true });
  }
}
