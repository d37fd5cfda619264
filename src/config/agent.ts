import { resolve } from 'node:path';
import type { Environment } from './approval.ts';
import type { AgentSpec } from './contract.ts';
import { type ConfigIssue, wholeIssue } from './error.ts';
import { explain } from './explain.ts';
import { type AgentManifest, environment } from './schemas.ts';

/** What the environment sets, each variable judged by the schema of the field that it overrides. */
export function readEnvironment(env: Environment): {
  readonly overrides: Partial<AgentSpec>;
  readonly issues: readonly ConfigIssue[];
} {
  const overrides: Record<string, unknown> = {};
  const issues: ConfigIssue[] = [];
  for (const [name, { field, schema }] of Object.entries(environment)) {
    const value = env[name];
    if (value !== undefined && value !== '') {
      const result = schema.safeParse(value);
      if (result.success) {
        overrides[field] = result.data;
      } else {
        const [fault] = explain(schema, value, result.error);
        issues.push(wholeIssue('environment', name, fault?.found ?? '', fault?.expected ?? ''));
      }
    }
  }
  return { overrides, issues };
}

/** The Agent's spec in force; paths of the sample estate and of TLS are made absolute. */
export function agentSpec(
  manifest: AgentManifest,
  overrides: Partial<AgentSpec>,
  directory: string,
): AgentSpec {
  const { keys, sample, tls, ...spec } = manifest.spec;
  return {
    ...spec,
    ...overrides,
    ...(keys && { keys }),
    ...(tls && {
      tls: { certificate: resolve(directory, tls.certificate), key: resolve(directory, tls.key) },
    }),
    ...(sample && { sample: { estate: resolve(directory, sample.estate) } }),
  };
}
