import type { Selectable } from 'kysely';
import { findControl } from '../../controls/catalogue.ts';
import { soaEntry } from '../../controls/soa.ts';
import type { Subject } from '../../evidence/contract.ts';
import { ownJson } from '../own.ts';
import type { ControlItem, DeviationItem, EvidenceItem, RunItem, SoaItem } from '../view.ts';
import type { StateTables } from './database.ts';
import type { Judged } from './documents.ts';

export type Row<T extends keyof StateTables> = Selectable<StateTables[T]>;

export function controlItem(row: Row<'control'>, soa: Judged['soa']): ControlItem {
  const control = findControl(row.id);
  const entry = soaEntry(soa, row.id);
  return {
    id: row.id,
    title: control?.title ?? entry?.title ?? row.id,
    theme: control?.theme ?? 'own',
    owner: entry?.owner ?? null,
    status: row.status,
    why: row.why,
    lastAssessedAt: row.assessed_at,
  };
}

export function deviationItem(row: Row<'deviation'>, now: number): DeviationItem {
  return {
    id: row.id,
    check: row.check_name,
    record: row.record,
    severity: row.severity,
    reason: row.reason,
    firstSeenAt: row.first_seen_at,
    dueAt: row.due_at,
    overdue: row.closed_at === null && row.due_at < now,
    exception: row.exception,
    closedAt: row.closed_at,
    closedBy: row.closed_by,
  };
}

export function runItem(row: Row<'run'>): RunItem {
  return {
    id: row.id,
    collector: row.collector,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    outcome: row.outcome,
    evidence: row.entry,
    datasets: ownJson<RunItem['datasets']>(row.datasets_json),
  };
}

export function evidenceItem(row: Row<'entry'>): EvidenceItem {
  return {
    index: row.index,
    leafHash: row.leaf_hash,
    predicateType: `https://annexa.dev/${row.predicate}/v1`,
    stream: row.stream,
    seq: row.seq,
    runId: row.run_id,
    sealedAt: row.sealed_at,
    subjects: ownJson<Subject[]>(row.subjects_json),
  };
}

export function soaItem(row: Row<'control'>, soa: Judged['soa']): SoaItem {
  const { id, title, owner, status } = controlItem(row, soa);
  const entry = soaEntry(soa, row.id);
  return {
    control: id,
    title,
    applicable: entry?.applicable ?? null,
    justification: entry?.justification ?? '',
    implementation: entry?.applicable === true ? entry.implementation : '',
    owner,
    status,
  };
}
