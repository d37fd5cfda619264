import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Collector, CollectorContext, CollectorLogger, SecretRef } from '../collectors/contract.ts';
import { CollectorError } from '../collectors/error.ts';
import { plugins } from '../collectors/registry.ts';
import type { CollectorConfig } from '../config/contract.ts';
import { createMask, maskedCollector, maskedLogger, maskedProvenance } from './mask.ts';
import { type ProvenanceRecorder, recordProvenance } from './provenance.ts';

export interface ConnectDependencies {
  readonly logger: CollectorLogger;
  readonly now: () => number;
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly previous: (
    collector: string,
    dataset: string,
    scope: string,
  ) => ReturnType<CollectorContext['previous']>;
}

/** A collector that can be run, and the provenance of what it is collecting now. */
export interface Connected {
  readonly source: Collector;
  /** Starts the provenance of one collection anew. */
  begin(dataset: string, scope: string): ProvenanceRecorder;
}

/** Connects a configured collector to its plugin. Nothing is called until it collects. No secret that it asks for comes out of it again. */
export function connect(collector: CollectorConfig, deps: ConnectDependencies): Connected {
  const plugin = plugins.get(collector.type);
  if (plugin === undefined)
    throw new CollectorError('configuration', `there is no collector plugin ${collector.type}`);
  const current = new Map<string, ProvenanceRecorder>();
  const begin = (dataset: string, scope: string): ProvenanceRecorder => {
    const recorder = recordProvenance();
    current.set(`${dataset}/${scope}`, recorder);
    return recorder;
  };
  const mask = createMask();
  const source = plugin.connect(collector.settings, {
    name: collector.name,
    logger: maskedLogger(deps.logger, mask),
    now: deps.now,
    provenance: (dataset, scope) =>
      maskedProvenance(current.get(`${dataset}/${scope}`) ?? begin(dataset, scope), mask),
    secret: async (reference) => {
      const value = await secret(reference, deps);
      mask.add(value);
      return value;
    },
    previous: (dataset, scope) => deps.previous(collector.name, dataset, scope),
    directory: deps.directory,
  });
  return { source: maskedCollector(source, mask), begin };
}

async function secret(reference: SecretRef, { env, directory }: ConnectDependencies): Promise<string> {
  if ('env' in reference) {
    const value = env[reference.env];
    if (value === undefined || value === '') {
      throw new CollectorError('configuration', `the environment variable ${reference.env} is not set`);
    }
    return value;
  }
  try {
    return (await readFile(path.resolve(directory, reference.file), 'utf8')).trim();
  } catch (cause) {
    throw new CollectorError('configuration', `the secret file ${reference.file} can't be read`, { cause });
  }
}
