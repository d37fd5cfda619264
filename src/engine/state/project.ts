import type { Transaction } from 'kysely';
import { z } from 'zod';
import type { Sealed } from '../../evidence/contract.ts';
import type { EvidenceReader } from '../../evidence/view.ts';
import type { StateDatabase, StateTables } from './database.ts';
import { attestationApplied } from './attestation.ts';
import { builtinFile, NOT_EVIDENCED } from '../../config/words.ts';
import { assessmentApplied } from './project-assessment.ts';
import { subject } from './subject.ts';

type Work = Transaction<StateTables>;

const snapshotFields = z.object({
  collector: z.string(),
  dataset: z.string(),
  scope: z.string(),
  asOf: z.int(),
  records: z.object({ count: z.int() }),
  provenance: z.object({ notes: z.record(z.string(), z.union([z.string(), z.number()])) }),
});

const runFields = z.object({
  collector: z.string(),
  outcome: z.enum(['ok', 'failed']),
  apiCalls: z.int(),
  throttled: z.int(),
});

const runLine = z.object({
  dataset: z.string(),
  scope: z.string(),
  outcome: z.enum(['ok', 'failed']),
  reason: z.string().nullable(),
  detail: z.string().nullable(),
  records: z.int().nullable(),
  apiCalls: z.int(),
  throttled: z.int(),
});

const documentLine = z.object({
  id: z.string(),
  kind: z.string(),
  name: z.string(),
  manifest: z.record(z.string(), z.unknown()),
});

const changeLine = z.object({ file: z.string(), approval: z.unknown() });

/** The newest entry of the log that the state holds; undefined when it is empty. */
export async function lastEntry(
  state: StateDatabase,
): Promise<Pick<StateTables['entry'], 'index' | 'leaf_hash'> | undefined> {
  return state
    .selectFrom('entry')
    .select(['index', 'leaf_hash'])
    .orderBy('index', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** Brings the state up to the log's end. It follows from the entries alone, whoever sealed them and when it is called. */
export async function catchUp(state: StateDatabase, log: EvidenceReader): Promise<void> {
  for await (const entry of log.entries(((await lastEntry(state))?.index ?? -1) + 1)) {
    await state.transaction().execute((work) => apply(work, log, entry));
  }
}

async function apply(work: Work, log: EvidenceReader, entry: Sealed): Promise<void> {
  await work
    .insertInto('entry')
    .values({
      index: entry.index,
      leaf_hash: entry.leafHash,
      predicate: entry.predicate,
      stream: entry.stream,
      seq: entry.seq,
      run_id: entry.runId,
      sealed_at: entry.sealedAt,
      subjects_json: JSON.stringify(entry.subjects),
    })
    .execute();
  switch (entry.predicate) {
    case 'config':
      return configApplied(work, log, entry);
    case 'snapshot':
      return snapshotApplied(work, entry);
    case 'run':
      return runApplied(work, log, entry);
    case 'assessment':
      return assessmentApplied(work, log, entry);
    case 'attestation':
      return attestationApplied(work, log, entry);
    default:
  }
}

async function configApplied(work: Work, log: EvidenceReader, entry: Sealed): Promise<void> {
  const before = new Map(
    (await work.selectFrom('document').selectAll().execute()).map((row) => [row.id, row]),
  );
  const present: string[] = [];
  for await (const line of log.body(subject(entry, 'documents'))) {
    const { id, kind, name, manifest } = documentLine.parse(line);
    const manifest_json = JSON.stringify(manifest);
    const old = before.get(id);
    const sealed_at = old?.manifest_json === manifest_json ? old.sealed_at : entry.sealedAt;
    await work.replaceInto('document').values({ id, kind, name, manifest_json, sealed_at }).execute();
    present.push(id);
  }
  const gone = [...before.keys()].filter((id) => !present.includes(id));
  for (const id of gone) await work.deleteFrom('document').where('id', '=', id).execute();
  for (const id of gone) await documentGone(work, id);
  await countChanges(work, log, entry);
}

/** The product's own documents change with its version: nobody's approval is asked for. */
async function countChanges(work: Work, log: EvidenceReader, entry: Sealed): Promise<void> {
  const changes = entry.subjects.find(({ name }) => name === 'changes');
  if (changes === undefined) return;
  for await (const line of log.body(changes.sha256)) {
    const { file, approval } = changeLine.parse(line);
    if (file === builtinFile) continue;
    await work
      .insertInto('config_change')
      .values({ approval: approval === NOT_EVIDENCED ? 'not_evidenced' : 'evidenced', documents: 1 })
      .onConflict((c) =>
        c.column('approval').doUpdateSet((e) => ({ documents: e('config_change.documents', '+', 1) })),
      )
      .execute();
  }
}

/** Deviations of a check that left are closed by the next assessment. */
async function documentGone(work: Work, id: string): Promise<void> {
  const [kind, name = ''] = id.split('/', 2);
  if (kind === 'Collector') {
    await work.deleteFrom('snapshot').where('collector', '=', name).execute();
    await work.deleteFrom('source').where('collector', '=', name).execute();
  }
  if (kind === 'Check') await work.deleteFrom('verdict').where('check_name', '=', name).execute();
}

async function snapshotApplied(work: Work, entry: Sealed): Promise<void> {
  const fields = snapshotFields.parse(entry.fields);
  const listed = fields.provenance.notes['listed'];
  await work
    .replaceInto('snapshot')
    .values({
      collector: fields.collector,
      dataset: fields.dataset,
      scope: fields.scope,
      as_of: fields.asOf,
      records: fields.records.count,
      listed: typeof listed === 'number' ? listed : fields.records.count,
      body: subject(entry, 'records'),
      sealed_at: entry.sealedAt,
      entry: entry.index,
    })
    .execute();
}

async function runApplied(work: Work, log: EvidenceReader, entry: Sealed): Promise<void> {
  const fields = runFields.parse(entry.fields);
  const datasets: z.infer<typeof runLine>[] = [];
  for await (const line of log.body(subject(entry, 'datasets'))) datasets.push(runLine.parse(line));
  await work
    .insertInto('run')
    .values({
      id: entry.runId,
      collector: fields.collector,
      started_at: entry.startedAt,
      finished_at: entry.finishedAt,
      outcome: fields.outcome,
      entry: entry.index,
      api_calls: fields.apiCalls,
      throttled: fields.throttled,
      datasets_json: JSON.stringify(datasets),
    })
    .execute();
  for (const reason of new Set(datasets.map((line) => line.reason).filter((code) => code !== null))) {
    await work
      .insertInto('failure')
      .values({ collector: fields.collector, reason, runs: 1 })
      .onConflict((c) =>
        c.columns(['collector', 'reason']).doUpdateSet((e) => ({ runs: e('failure.runs', '+', 1) })),
      )
      .execute();
  }
}
