import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { CollectorPlugin } from '../../src/collectors/contract.ts';
import type { Config } from '../../src/config/contract.ts';
import { ConfigError } from '../../src/config/error.ts';
import { loadConfig, type LoadOptions } from '../../src/config/load.ts';

export const now = Date.parse('2026-11-20T12:00:00Z') / 1000;

const secret = z.union([z.strictObject({ env: z.string() }), z.strictObject({ file: z.string() })]);

/** A plugin with two datasets, a third that needs a setting, a secret and a list in its settings. */
const plugin: CollectorPlugin<unknown> = {
  type: 'fake',
  config: z.strictObject({
    token: secret.optional(),
    passwordHint: z.string().max(3).optional(),
    gate: z.string().optional(),
    accounts: z.array(z.strictObject({ id: z.string() })).default([]),
  }),
  datasets: [
    {
      name: 'people',
      kinds: ['person'],
      cadence: 'every 4h',
      freshness: 50_000,
      operations: [],
      permissions: [],
      maxShrink: 0.1,
    },
    { name: 'badges', kinds: ['person'], cadence: '0 6 * * 1-5', operations: [], permissions: [] },
    {
      name: 'visits',
      kinds: ['person'],
      cadence: 'every 1h',
      operations: [],
      permissions: [],
      needs: 'gate',
    },
  ],
  connect() {
    throw new Error('not in these tests');
  },
};

export const check = {
  apiVersion: 'annexa.dev/v1alpha1',
  kind: 'Check',
  metadata: { name: 'people-active' },
  spec: {
    title: 'People are active',
    aspects: ['A.5.16/owner'],
    nature: 'state',
    severity: 'high',
    within: '7d',
    kind: 'person',
    fails: "it.status <> 'active'",
    reason: "'not active'",
    remediation: 'Talk to them',
    rationale: 'Because',
  },
};

export const options: LoadOptions = {
  env: { PATH: process.env['PATH'] },
  plugins: [plugin],
  builtinChecks: [check],
  now,
};

export const agent = `apiVersion: annexa.dev/v1alpha1
kind: Agent
metadata: { name: acme }
spec: { organisation: Acme, domain: acme.example }
`;

export interface TestDirectory extends AsyncDisposable {
  readonly path: string;
  write(files: Readonly<Record<string, string | Uint8Array>>): Promise<void>;
}

export async function directory(
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<TestDirectory> {
  const path = await mkdtemp(join(tmpdir(), 'annexa-config-'));
  const write: TestDirectory['write'] = async (more) => {
    for (const [name, content] of Object.entries(more)) {
      await mkdir(dirname(join(path, name)), { recursive: true });
      await writeFile(join(path, name), content);
    }
  };
  await write(files);
  return { path, write, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Loads files, with an Agent beside them unless they bring their own. */
export async function load(
  files: Readonly<Record<string, string | Uint8Array>>,
  overrides: Partial<LoadOptions> = {},
): Promise<Config> {
  await using made = await directory({ 'annexa.yaml': agent, ...files });
  return await loadConfig(made.path, { ...options, ...overrides });
}

/** What is wrong with the files, one line an issue: `path: found | expected`. */
export async function issuesOf(
  files: Readonly<Record<string, string | Uint8Array>>,
  overrides: Partial<LoadOptions> = {},
): Promise<ConfigError['issues']> {
  try {
    await load(files, overrides);
  } catch (error) {
    if (error instanceof ConfigError) {
      return error.issues;
    }
    throw error;
  }
  throw new Error('the configuration was accepted');
}

/** A manifest with this spec, given in flow style. */
export function manifest(kind: string, name: string, spec: string, annotations = ''): string {
  const metadata =
    annotations === '' ? `{ name: ${name} }` : `{ name: ${name}, annotations: ${annotations} }`;
  return `apiVersion: annexa.dev/v1alpha1\nkind: ${kind}\nmetadata: ${metadata}\nspec: ${spec}\n`;
}
