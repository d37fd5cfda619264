import { access } from 'node:fs/promises';
import path from 'node:path';
import type { SecretRef } from '../collectors/contract.ts';
import type { Config } from '../config/contract.ts';
import {
  type EvidenceKeys,
  generateKeys,
  keyFiles,
  loadKeys,
  parseBodyKey,
  parseSigner,
  readKeyFile,
} from '../evidence/keys.ts';
import { EngineError } from './error.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The keys that the configuration names, else those in the directory: made there, with a notice, when it is not there yet. */
export async function evidenceKeys(
  config: Config,
  directory: string,
  env: Environment,
  notice: (line: string) => void,
): Promise<EvidenceKeys> {
  const configured = config.agent.keys;
  if (configured !== undefined) return configuredKeys(configured, config.directory, env);
  const files = keyFiles(directory);
  if (await exists(directory)) return loadKeys(files);
  const keys = await generateKeys(directory);
  notice(
    `no keys are configured: new ones were made in ${directory}; keep a copy apart from the evidence (annexa keys shows them)`,
  );
  return keys;
}

/** Keys that the configuration names: files of a mounted Secret, or environment variables. */
async function configuredKeys(
  named: NonNullable<Config['agent']['keys']>,
  directory: string,
  env: Environment,
): Promise<EvidenceKeys> {
  const read = async (reference: SecretRef): Promise<{ text: string; where: string }> => {
    if ('file' in reference) {
      const file = path.resolve(directory, reference.file);
      return { text: await readKeyFile(file, 'a key'), where: file };
    }
    const text = env[reference.env];
    if (text === undefined)
      throw new EngineError(
        'configuration',
        `the environment variable ${reference.env} is not set: a key was expected there`,
      );
    return { text, where: `environment variable ${reference.env}` };
  };
  const [envelope, checkpoint, body] = await Promise.all([
    read(named.envelope),
    read(named.checkpoint),
    read(named.body),
  ]);
  return {
    envelope: parseSigner(envelope.text, 'envelope', envelope.where),
    checkpoint: parseSigner(checkpoint.text, 'checkpoint', checkpoint.where),
    body: parseBodyKey(body.text, body.where),
  };
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}
