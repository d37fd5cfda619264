import type { EvidenceLog } from '../../src/evidence/contract.ts';
import type { EvidenceKeys } from '../../src/evidence/keys.ts';
import { createLog, openLog } from '../../src/evidence/log.ts';
import { parseNote } from '../../src/evidence/note.ts';
import { testKeys } from '../evidence/helpers.ts';
import { generalized } from '../evidence/timestamp-authority.ts';
import { forgeToken, pem } from '../evidence/timestamp-forge.ts';
import { witness } from '../evidence/witness.ts';
import { assess, collectOnce, sealConfig } from './sample-store.ts';

export interface FullOptions {
  readonly directory: string;
  /** Unix seconds of the first entry. */
  readonly start: number;
  /** Datasets of each of its six rounds. */
  readonly datasets: number;
  /** Of its keys: those that it begins with, and those that follow them. */
  readonly seeds?: readonly [number, number];
}

/** Certificates of the authority, which every store of this kind names. */
export const TSA_CA = pem('root');
export const WITNESS = witness('witness.example', 9);

/** The keys that it begins with, and those that replace them. */
export function fullStoreKeys([first, second]: readonly [number, number] = [1, 2]): {
  readonly first: EvidenceKeys;
  readonly second: EvidenceKeys;
} {
  return { first: testKeys(first), second: testKeys(second) };
}

/**
 * A store in which everything happened that can: timestamps, cosignatures, the rotation of all three keys from its beginning to its end, a record
 * and a whole body erased, and entries that no timestamp covers yet.
 */
export async function makeFullStore({ directory, start, datasets, seeds }: FullOptions): Promise<void> {
  const { first, second } = fullStoreKeys(seeds);
  const clock = { at: start };
  const options = { directory, now: () => clock.at, agent: { version: '0.2.0', build: 'sample' } };
  const tick = (seconds: number): number => (clock.at += seconds);

  async function round(log: EvidenceLog, number: number): Promise<void> {
    await collectOnce(log, number, datasets, tick(3600));
    await assess(log, number, tick(30));
  }
  async function stamp(log: EvidenceLog, cosigned: boolean): Promise<void> {
    const { size, note } = log.checkpoint();
    const token = forgeToken({ data: Buffer.from(note), genTime: generalized(tick(20)) });
    await log.addToken(size, 'acme-time', token);
    if (cosigned) await log.addCosignatures(size, WITNESS.cosign(parseNote(Buffer.from(note)).text, tick(5)));
  }

  {
    await using log = await createLog({
      ...options,
      keys: first,
      domain: 'acme.example',
      sample: true,
      authorities: [{ name: 'acme-time', url: 'http://time.acme.example/', ca: TSA_CA }],
      witnesses: [{ name: WITNESS.name, key: WITNESS.vkey }],
    });
    await sealConfig(log, tick(60), [await log.publishAuthority(TSA_CA)]);
    await round(log, 0);
    await stamp(log, true);
    await round(log, 1);
    await stamp(log, false);
  }
  {
    tick(600);
    const { envelope, checkpoint, body } = first;
    await using log = await openLog({
      ...options,
      keys: { ...second, previous: { envelope, checkpoint, body } },
    });
    await round(log, 2);
    await stamp(log, true);
  }
  {
    tick(600);
    await using log = await openLog({ ...options, keys: second });
    await round(log, 3);
    await stamp(log, false);
    await erase(log, tick(60));
    await round(log, 4);
    await stamp(log, true);
    await round(log, 5);
  }
}

/** One record of the first snapshot, and all that the first assessment found failing. */
async function erase(log: EvidenceLog, at: number): Promise<void> {
  const entries = await Array.fromAsync(log.entries());
  const snapshot = entries.find(({ predicate }) => predicate === 'snapshot');
  const assessment = entries.find(({ predicate }) => predicate === 'assessment');
  const inputs = assessment?.subjects.find(({ name }) => name === 'inputs')?.sha256 ?? '';
  const sha256 = snapshot?.subjects[0]?.sha256 ?? '';
  const [record] = await Array.fromAsync(log.body(sha256));
  await log.erase({
    bodies: [
      { sha256, records: [record?.id ?? ''] },
      { sha256: inputs, records: 'all' },
    ],
    by: 'data protection officer',
    reason: `request ${at}`,
    legalBasis: 'GDPR Art. 17(1)(a)',
  });
}
