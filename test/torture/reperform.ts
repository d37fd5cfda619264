import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBundle } from '../../src/audit/bundle-evidence.ts';
import { writeBundle } from '../../src/audit/bundle/write.ts';
import { derive } from '../../src/audit/derive/derive.ts';
import type { ReperformReport } from '../../src/audit/reperform/contract.ts';
import { reperform } from '../../src/audit/reperform/reperform.ts';
import { verifyBundle, type VerifyReport } from '../../src/audit/verify.ts';
import { kindsRead } from '../../src/controls/judge.ts';
import { type EvidenceKeys, keyFiles, loadKeys } from '../../src/evidence/keys.ts';
import { fingerprint } from '../../src/evidence/public-keys.ts';
import { readStore } from '../../src/evidence/reader.ts';
import { createSandbox } from '../../src/inventory/sandbox.ts';
import { resign } from '../audit/resign.ts';
import { makeOrganisation, NOW, register } from '../e2e/organisation.ts';
import { testKeys } from '../evidence/helpers.ts';

export interface Reperformed {
  /** Of the organisation's own bundle, and of the one in which a record was changed and everything signed anew. */
  readonly honest: ReperformReport;
  readonly forged: ReperformReport;
  /** Given the fingerprints of the organisation's keys. */
  readonly verified: VerifyReport;
  readonly verifiedForged: VerifyReport;
  /** The identity that the forger let sign in without a second factor. */
  readonly changed: string;
  /** Of the forger's keys. */
  readonly foreign: readonly string[];
}

/** An organisation of so many identities, its bundle, and one of a forger who changes a record and signs everything with keys of his own. */
export async function reperformForged(
  identities: number,
  report: (line: string) => void,
): Promise<Reperformed> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-forged-'));
  try {
    const users = identities;
    await using organisation = await makeOrganisation({
      csv: register(users + 1, NOW, users),
      users,
      pageSize: 1000,
      only: ['iam-identities', 'iam-account'],
    });
    await collectAndChange(organisation.world);
    report(`${identities} identities collected, assessed and collected again`);
    const { directory: base } = organisation.world;
    const [store, forgedStore] = [join(base, 'data/evidence'), join(directory, 'forged')];
    const keys = await loadKeys(keyFiles(join(base, 'data/keys')));
    const trusted = [fingerprint(keys.envelope.spki), fingerprint(keys.checkpoint.spki)];
    const honestFile = join(directory, 'honest.zip');
    await bundleOf(store, keys, honestFile);
    const honest = await reperformFile(honestFile);
    const verified = await verifyBundle(honestFile, { trusted });
    report(
      `re-performed: ${honest.verdicts} verdicts, ${honest.records} records, ${honest.differenceCount} differences`,
    );

    const foreign = testKeys(7);
    let changed = '';
    await resign(store, forgedStore, foreign, (record) => {
      if (record['kind'] !== 'identity' || record['name'] !== 'user-0007') return record;
      changed = record.id;
      return { ...record, second_factor: false };
    });
    const forgedFile = join(directory, 'forged.zip');
    await bundleOf(forgedStore, foreign, forgedFile);
    const forged = await reperformFile(forgedFile);
    const verifiedForged = await verifyBundle(forgedFile, { trusted });
    report(
      `changed ${changed} and signed anew: ${forged.differenceCount} differences, verify finds ${verifiedForged.problemCount} problems`,
    );
    const prints = [fingerprint(foreign.envelope.spki), fingerprint(foreign.checkpoint.spki)];
    return { honest, forged, verified, verifiedForged, changed, foreign: prints };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function collectAndChange(world: Awaited<ReturnType<typeof makeOrganisation>>['world']): Promise<void> {
  await using opened = await world.open();
  await opened.agent.open();
  await opened.agent.collectOnce();
  world.now += 3600;
  await opened.agent.collectOnce();
}

async function bundleOf(store: string, keys: EvidenceKeys, file: string): Promise<void> {
  await using sandbox = createSandbox();
  await writeBundle(await readStore(store), {
    question: { from: NOW - 86_400, to: NOW + 86_400, controls: null, collectors: null },
    signer: keys.checkpoint,
    kindsOf: (check) => kindsRead(sandbox, check),
    derive,
    agent: { version: '0.0.0', build: 'test' },
    file,
  });
}

async function reperformFile(file: string): Promise<ReperformReport> {
  await using evidence = await openBundle(file);
  return await reperform(evidence);
}

/** What is wrong with the outcome; nothing, when it is as it must be. */
export function judgeReperformed({
  honest,
  forged,
  verified,
  verifiedForged,
  changed,
  foreign,
}: Reperformed): string[] {
  const named = forged.differences.some(
    ({ check, what }) => check === 'identity-second-factor' && what === `record ${changed}`,
  );
  const verdict = forged.differences.some(
    ({ check, what }) => check === 'identity-second-factor' && what === 'outcome',
  );
  const keysNamed = foreign.every((print) =>
    verifiedForged.problems.some(
      ({ code, where, message }) => code === 'foreign-key' && `${where} ${message}`.includes(print),
    ),
  );
  return [
    ...(honest.ok && honest.skippedCount === 0
      ? []
      : [`the honest bundle: ${JSON.stringify(honest.differences[0] ?? honest.skipped[0])}`]),
    ...(verified.ok ? [] : [`the honest bundle is refused: ${JSON.stringify(verified.problems[0])}`]),
    ...(named && verdict
      ? []
      : ['re-performing the forged bundle does not name the changed record and its verdict']),
    ...(keysNamed
      ? []
      : [`verify does not name the foreign keys: ${JSON.stringify(verifiedForged.problems.slice(0, 3))}`]),
  ];
}
