import { existsSync } from 'node:fs';
import type { Config } from '../config/contract.ts';
import { evidenceKeys } from '../engine/evidence-keys.ts';
import { failureCause } from '../engine/retry-policy.ts';
import { dataPaths } from '../engine/stores.ts';
import { EvidenceError } from '../evidence/error.ts';
import type { EvidenceKeys } from '../evidence/keys.ts';
import { ed25519Key } from '../evidence/note.ts';
import { fingerprint, verifyP256 } from '../evidence/public-keys.ts';
import { rotationsTo } from '../evidence/rotate.ts';
import type { Io } from './command.ts';
import { configuredStore } from './configured-store.ts';
import type { Finding } from './finding.ts';
import { when } from './output.ts';

/** Neither an envelope nor a checkpoint begins like this. */
const PROBE = Buffer.from('annexa doctor: can this key sign?\n');

/** Whether the keys that the configuration names can be used, and are those of its log or follow them. Makes none. */
export async function examineKeys(config: Config, env: Io['env']): Promise<Finding[]> {
  const { keys: directory } = dataPaths(config.agent.data);
  if (config.agent.keys === undefined && !existsSync(directory))
    return [{ subject: 'keys', state: 'ok', detail: 'not made yet' }];
  try {
    const keys = await evidenceKeys(config, directory, env, () => {});
    return [...(await signing(keys)), await inLog(config, keys)];
  } catch (error) {
    return [{ subject: 'keys', state: 'failed', detail: failureCause(error).detail }];
  }
}

/** Each key signs, be it at KMS, and its signature verifies. */
async function signing({ envelope, checkpoint, previous }: EvidenceKeys): Promise<Finding[]> {
  const signers = [
    { use: 'envelope', signer: envelope },
    { use: 'checkpoint', signer: checkpoint },
    { use: 'previous envelope', signer: previous?.envelope },
    { use: 'previous checkpoint', signer: previous?.checkpoint },
  ];
  const findings: Finding[] = [];
  for (const { use, signer } of signers) {
    if (signer === undefined) continue;
    const subject = `${use} key ${fingerprint(signer.spki)}`;
    try {
      const signature = await signer.sign(PROBE);
      const good = use.endsWith('envelope')
        ? verifyP256(signer.spki, PROBE, signature)
        : ed25519Key('probe', signer.spki).verify(PROBE, signature);
      findings.push({
        subject,
        state: good ? 'ok' : 'failed',
        detail: good ? 'signs' : 'its signature is wrong',
      });
    } catch (error) {
      findings.push({ subject, state: 'failed', detail: failureCause(error).detail });
    }
  }
  return findings;
}

/** What the next start would say of the keys. */
async function inLog(config: Config, keys: EvidenceKeys): Promise<Finding> {
  const subject = 'keys in force';
  try {
    const { identity } = await configuredStore(config);
    const rotations = rotationsTo(keys, identity.keys).filter(({ use }) => use !== 'body');
    const since = identity.keys
      .list()
      .map((key) => `${key.use} since ${when(key.since)}${key.retiring ? ' (retiring)' : ''}`);
    const next = rotations.map(({ use, step }) => `${use} ${step}`);
    const detail = [...since, ...(next.length === 0 ? [] : [`the next start rotates: ${next.join(', ')}`])];
    return { subject, state: 'ok', detail: detail.join('; ') };
  } catch (error) {
    if (error instanceof EvidenceError && error.code === 'no-store')
      return { subject, state: 'ok', detail: 'there is no log yet' };
    return { subject, state: 'failed', detail: failureCause(error).detail };
  }
}
