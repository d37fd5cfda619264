import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Check, queryOf } from '../../controls/check.ts';
import type { SourceState } from '../../controls/contract.ts';
import type { Sealed } from '../../evidence/contract.ts';
import { openInventory } from '../../inventory/inventory.ts';
import { sourceKey } from '../../inventory/kind.ts';
import type { QueryRow } from '../../inventory/query-contract.ts';
import { createSandbox } from '../../inventory/sandbox.ts';
import type { Evidence } from '../contract.ts';
import { AuditError } from '../error.ts';
import { recordLine, type VerdictLine, verdictLine } from '../reperform/compare.ts';
import {
  readConfiguration,
  records,
  recordsOf,
  type SealedConfiguration,
} from '../reperform/configuration.ts';
import { loadInputs, readInputs } from '../reperform/inputs.ts';
import type { Member, Population } from './draw.ts';

/** The records that a check applied to in an assessment, whatever it said of them: found by running its sealed `where` again. */
export async function checkPopulation(
  evidence: Evidence,
  name: string,
  assessment: number | null,
): Promise<Population> {
  const { entry, line, configuration } = await findVerdict(evidence, name, assessment);
  const check = configuration.checks.get(name);
  if (check === undefined) throw new AuditError('question', `the sealed configuration has no check ${name}`);
  const sources = await readInputs(evidence, entry);
  const rows = await populationRows(evidence, check, configuration, sources, Number(entry.fields['now']));
  const verdicts = await sealedOutcomes(evidence, line);
  const indexes = new Map(sources.map((source) => [sourceKey(source), source.index]));
  const members = rows.flatMap(({ id, source, outcome }): Member[] => {
    const snapshot = indexes.get(sourceKey(source)) ?? null;
    if (snapshot === null) return [];
    return [{ id, snapshot, outcome: verdicts.get(id) ?? (outcome === 'unknown' ? 'unknown' : 'pass') }];
  });
  return { assessment: entry.index, members, snapshots: await snapshotsOf(evidence, members) };
}

interface SealedVerdict {
  readonly entry: Sealed;
  readonly line: VerdictLine;
  readonly configuration: SealedConfiguration;
}

async function findVerdict(
  evidence: Evidence,
  name: string,
  assessment: number | null,
): Promise<SealedVerdict> {
  const configurations = new Map<string, Sealed>();
  let found: { readonly entry: Sealed; readonly line: VerdictLine } | undefined;
  async function take(entry: Sealed): Promise<void> {
    const digest = entry.fields['after'];
    if (entry.predicate === 'config' && typeof digest === 'string') configurations.set(digest, entry);
    if (entry.predicate !== 'assessment' || (assessment !== null && entry.index !== assessment)) return;
    for await (const record of records(evidence, entry, 'verdicts')) {
      if (record.id === name) found = { entry, line: verdictLine.parse(record) };
    }
  }
  for (const entry of evidence.context) await take(entry);
  for await (const entry of evidence.entries()) await take(entry);
  const where =
    assessment === null ? 'no assessment of this evidence' : `entry ${assessment} is no assessment that`;
  if (found === undefined)
    throw new AuditError('question', `${where} judged ${name}: verdicts.csv lists them`);
  const config = configurations.get(found.entry.config ?? '');
  if (config === undefined)
    throw new AuditError('invalid', `the configuration of entry ${found.entry.index} is not here`);
  return { ...found, configuration: await readConfiguration(evidence, config) };
}

/** Everything that `where` chose or could not decide. */
async function populationRows(
  evidence: Evidence,
  check: Check,
  { declared }: SealedConfiguration,
  sources: readonly SourceState[],
  now: number,
): Promise<readonly QueryRow[]> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-sample-'));
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => rm(directory, { recursive: true, force: true }));
  const inventory = cleanup.use(openInventory(join(directory, 'inventory.db'), { declared }));
  const failed = await loadInputs(evidence, inventory, sources);
  const [reason] = failed.values();
  const needed = sources.some(
    (source) => failed.has(sourceKey(source)) && source.kinds.includes(check.spec.kind),
  );
  if (needed)
    throw new AuditError('incomplete', `the population of ${check.metadata.name} can't be found: ${reason}`);
  const sandbox = cleanup.use(createSandbox({ file: inventory.file, deadline: 120, memory: 1 << 30 }));
  // Everything in the population "fails" this: what the rows are is then told by the sealed verdict.
  const { rows } = await sandbox.run({ ...queryOf(check), fails: 'it.id IS NOT NULL', reason: "''" }, now);
  return rows;
}

async function sealedOutcomes(
  evidence: Evidence,
  { id, body }: VerdictLine,
): Promise<ReadonlyMap<string, 'fail' | 'unknown'>> {
  const outcomes = new Map<string, 'fail' | 'unknown'>();
  if (body === null) return outcomes;
  for await (const record of recordsOf(evidence, body, `the records of ${id}`)) {
    const { outcome } = recordLine.parse(record);
    if (outcome === 'fail' || outcome === 'unknown') outcomes.set(record.id, outcome);
  }
  return outcomes;
}

async function snapshotsOf(
  evidence: Evidence,
  members: readonly Member[],
): Promise<ReadonlyMap<number, Sealed>> {
  const wanted = new Set(members.map(({ snapshot }) => snapshot));
  const snapshots = new Map<number, Sealed>();
  for (const entry of evidence.context) if (wanted.has(entry.index)) snapshots.set(entry.index, entry);
  for await (const entry of evidence.entries())
    if (wanted.has(entry.index)) snapshots.set(entry.index, entry);
  const lost = [...wanted].find((index) => !snapshots.has(index));
  if (lost !== undefined) throw new AuditError('incomplete', `entry ${lost} is not among the evidence`);
  return snapshots;
}
