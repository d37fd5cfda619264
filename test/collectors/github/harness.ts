import { generateKeyPairSync } from 'node:crypto';
import type { z } from 'zod';
import type { Collector } from '../../../src/collectors/contract.ts';
import { githubConfig } from '../../../src/collectors/github/config.ts';
import { github } from '../../../src/collectors/github/index.ts';
import { contextOf, type Outcome, recordsOf } from '../harness.ts';

export type Settings = Partial<z.input<typeof githubConfig>>;

/** The app's key. */
export const { privateKey: appKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

export const APP = { app: { appId: 1, installationId: 2, privateKey: { env: 'KEY' } } } as const;
export const TOKEN = { token: { env: 'TOKEN' } } as const;

/** Retried at once, so that what lasts fails soon. */
const QUICK = { retryDelay: 0.001, rateLimitWait: 5 } as const;

export interface Collecting {
  readonly now?: () => number;
  readonly settings?: Settings;
  readonly scope?: string;
  readonly signal?: AbortSignal;
}

export function connectGithub(endpoint: string, { now, settings = {} }: Collecting = {}) {
  const config = githubConfig.parse({
    organizations: ['Acme'],
    auth: TOKEN,
    baseUrl: endpoint,
    ...QUICK,
    ...settings,
  });
  const { context, told } = contextOf(now ?? (() => Math.floor(Date.now() / 1000)), {
    TOKEN: 'ghp_stub',
    KEY: appKey,
  });
  const collector: Collector = github.connect(config, context);
  return { collector, told };
}

export async function collectGithub(
  endpoint: string,
  dataset: string,
  options: Collecting = {},
): Promise<Outcome> {
  const { collector, told } = connectGithub(endpoint, options);
  await using _ = collector;
  return {
    records: await recordsOf(collector, dataset, { id: options.scope ?? 'acme' }, options.signal),
    told,
  };
}
