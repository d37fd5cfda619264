import { access } from 'node:fs/promises';
import path from 'node:path';
import type { SecretRef } from '../collectors/contract.ts';
import type { Config, KeySpec, SignerRef } from '../config/contract.ts';
import {
  type EvidenceKeys,
  generateKeys,
  keyFiles,
  type KeyUse,
  loadKeys,
  parseBodyKey,
  parseSigner,
  type PreviousKeys,
  readKeyFile,
  type Signer,
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

/** Keys that the configuration names: files of a mounted Secret, environment variables, or keys of AWS KMS. */
async function configuredKeys(named: KeySpec, directory: string, env: Environment): Promise<EvidenceKeys> {
  const source = { directory, env };
  const [envelope, checkpoint, body, previous] = await Promise.all([
    signer(named.envelope, 'envelope', source),
    signer(named.checkpoint, 'checkpoint', source),
    bodyKey(named.body, source),
    previousKeys(named.previous, source),
  ]);
  return { envelope, checkpoint, body, ...(previous === undefined ? {} : { previous }) };
}

async function previousKeys(named: KeySpec['previous'], source: Source): Promise<PreviousKeys | undefined> {
  if (named === undefined) return undefined;
  const { envelope, checkpoint, body } = named;
  return {
    ...(envelope && { envelope: await signer(envelope, 'envelope', source) }),
    ...(checkpoint && { checkpoint: await signer(checkpoint, 'checkpoint', source) }),
    ...(body && { body: await bodyKey(body, source) }),
  };
}

interface Source {
  readonly directory: string;
  readonly env: Environment;
}

async function signer(reference: SignerRef, use: KeyUse, source: Source): Promise<Signer> {
  if ('kms' in reference) {
    // The SDK is loaded only by who needs it.
    const { kmsSigner } = await import('../evidence/kms.ts');
    return kmsSigner(reference, use);
  }
  const { text, where } = await read(reference, source);
  return parseSigner(text, use, where);
}

async function bodyKey(reference: SecretRef, source: Source): Promise<Uint8Array> {
  const { text, where } = await read(reference, source);
  return parseBodyKey(text, where);
}

async function read(
  reference: SecretRef,
  { directory, env }: Source,
): Promise<{ readonly text: string; readonly where: string }> {
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
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}
