import type { Config, WitnessSpec } from '../config/contract.ts';
import { failureCause } from '../engine/retry-policy.ts';
import { parseWitnessKey } from '../evidence/cosignature.ts';
import { logReader } from '../evidence/head.ts';
import { proveConsistency } from '../evidence/merkle.ts';
import type { StoreReader } from '../evidence/reader.ts';
import { tileNodes } from '../evidence/tiles.ts';
import { submitCheckpoint } from '../evidence/witness/client.ts';
import { configuredStore } from './configured-store.ts';
import type { Finding } from './finding.ts';
import { when } from './output.ts';
import { now } from './setup.ts';

/** Seconds between a witness's clock and ours: the agent keeps no cosignature that is further away. */
const TOLERANCE = 300;

/** Has each witness cosign the newest checkpoint, as the agent does; what it answers is not kept. */
export async function examineWitnesses(config: Config): Promise<readonly Finding[]> {
  const { witnesses } = config.agent;
  if (witnesses.length === 0) return [];
  try {
    const reader = await configuredStore(config);
    return await Promise.all(witnesses.map((witness) => examine(witness, reader)));
  } catch (error) {
    const detail = `not asked: no checkpoint can be read: ${failureCause(error).detail}`;
    return witnesses.map(({ name }) => ({ subject: `witness ${name}`, state: 'unknown', detail }));
  }
}

async function examine(witness: WitnessSpec, reader: StoreReader): Promise<Finding> {
  const subject = `witness ${witness.name}`;
  const { size, note } = reader.checkpoint();
  const nodes = tileNodes(logReader(reader.store), size);
  try {
    const answer = await submitCheckpoint(
      { ...witness, key: parseWitnessKey(witness.key) },
      { note, old: 0, prove: (from) => proveConsistency(from, size, nodes) },
      new AbortController().signal,
    );
    if (answer.kind === 'refused') {
      const detail = `it refuses the checkpoint of ${size} entries: ${answer.why}`;
      return { subject, state: 'failed', detail };
    }
    const ahead = Math.abs(answer.time - now());
    const clocks = `its clock says ${when(answer.time)}, ours ${when(now())}`;
    const detail = `cosigns the checkpoint of ${size} entries; ${clocks}`;
    return { subject, state: ahead > TOLERANCE ? 'failed' : 'ok', detail };
  } catch (error) {
    return { subject, state: 'failed', detail: failureCause(error).detail };
  }
}
