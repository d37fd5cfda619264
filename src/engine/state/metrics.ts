import { collectorErrorCodes } from '../../collectors/error.ts';
import type { EvidenceLog } from '../../evidence/contract.ts';
import { findControl } from '../../controls/catalogue.ts';
import { soaEntry } from '../../controls/soa.ts';
import { SOA_SOURCE } from '../../controls/soa-records.ts';
import type { MetricsSnapshot } from '../view.ts';
import type { StateDatabase } from './database.ts';
import { judged } from './documents.ts';

/** One reading for one scrape. */
export async function readMetrics(
  state: StateDatabase,
  log: Pick<EvidenceLog, 'checkpoint' | 'keys'>,
): Promise<Omit<MetricsSnapshot, 'ready' | 'conditions' | 'verifyFailures' | 'timestamps' | 'witnesses'>> {
  const { checks, soa, exceptions, attestations } = await judged(state);
  const controls = await state.selectFrom('control').selectAll().orderBy('ordinal').execute();
  const verdicts = new Map(
    (await state.selectFrom('verdict').selectAll().execute()).map((row) => [row.check_name, row]),
  );
  const open = await state.selectFrom('deviation').selectAll().where('closed_at', 'is', null).execute();
  const openBy = Map.groupBy(open, (row) => row.check_name);
  const now = Math.max(0, ...controls.map((row) => row.assessed_at));
  const exceptionsOf = (control: string): number =>
    exceptions.filter(({ exception }) =>
      checks.get(exception.spec.check)?.spec.aspects.some((aspect) => aspect.startsWith(`${control}/`)),
    ).length;
  const last = await state
    .selectFrom('entry')
    .select('sealed_at')
    .orderBy('index', 'desc')
    .limit(1)
    .executeTakeFirst();
  return {
    controls: controls.map((row) => ({
      id: row.id,
      title: findControl(row.id)?.title ?? soaEntry(soa, row.id)?.title ?? row.id,
      theme: findControl(row.id)?.theme ?? 'own',
      owner: soaEntry(soa, row.id)?.owner ?? null,
      status: row.status,
      why: row.why,
      lastAssessedAt: row.assessed_at,
      exceptions: exceptionsOf(row.id),
    })),
    checks: [...checks.values()].map(({ metadata, spec }) => {
      const rows = openBy.get(metadata.name) ?? [];
      return {
        name: metadata.name,
        severity: spec.severity,
        outcome: verdicts.get(metadata.name)?.outcome ?? 'unknown',
        open: rows.length,
        overdue: rows.filter((row) => row.due_at < now).length,
      };
    }),
    exceptions: exceptions.map(({ exception }) => ({
      name: exception.metadata.name,
      expiresAt: exception.spec.expires,
    })),
    attestations: attestations.map(({ metadata, spec }) => ({
      name: metadata.name,
      expiresAt: spec.expires,
    })),
    evidence: await evidenceMetrics(state),
    log: { size: log.checkpoint().size, checkpointAt: last?.sealed_at ?? 0 },
    keys: log.keys().filter(({ retiring }) => !retiring),
    collectors: await collectorMetrics(state),
  };
}

async function evidenceMetrics(state: StateDatabase): Promise<MetricsSnapshot['evidence']> {
  // What is sealed of the configuration grows no older: an alert on its age would be a false one.
  const sources = await state
    .selectFrom('source')
    .selectAll()
    .where('collector', '!=', SOA_SOURCE.collector)
    .orderBy('collector')
    .orderBy('dataset')
    .execute();
  const snapshots = await state.selectFrom('snapshot').selectAll().execute();
  return [...Map.groupBy(sources, (row) => `${row.collector}/${row.dataset}`).values()]
    .filter((scopes) => scopes.every((row) => row.as_of !== null))
    .map((scopes) => ({
      collector: scopes[0]!.collector,
      dataset: scopes[0]!.dataset,
      asOf: Math.min(...scopes.map((row) => row.as_of ?? 0)),
      records: snapshots
        .filter((row) => row.collector === scopes[0]!.collector && row.dataset === scopes[0]!.dataset)
        .reduce((sum, row) => sum + row.records, 0),
    }));
}

/** Counts from the log's runs: they go on across restarts. */
async function collectorMetrics(state: StateDatabase): Promise<MetricsSnapshot['collectors']> {
  const names = await state
    .selectFrom('document')
    .select('name')
    .where('kind', '=', 'Collector')
    .orderBy('name')
    .execute();
  return Promise.all(
    names.map(async ({ name }) => {
      const totals = await state
        .selectFrom('run')
        .select((e) => [
          e.fn.countAll<number>().as('runs'),
          e.fn.sum<number | null>('api_calls').as('calls'),
          e.fn.sum<number | null>('throttled').as('throttled'),
        ])
        .where('collector', '=', name)
        .executeTakeFirst();
      const failures: Record<string, number> = Object.fromEntries(
        collectorErrorCodes.map((code) => [code, 0]),
      );
      const counted = await state.selectFrom('failure').selectAll().where('collector', '=', name).execute();
      for (const { reason, runs } of counted) failures[reason] = runs;
      const last = await state
        .selectFrom('run')
        .selectAll()
        .where('collector', '=', name)
        .orderBy('entry', 'desc')
        .limit(1)
        .executeTakeFirst();
      return {
        name,
        runs: totals?.runs ?? 0,
        failures,
        apiRequests: totals?.calls ?? 0,
        apiThrottled: totals?.throttled ?? 0,
        lastDurationSeconds: last === undefined ? null : last.finished_at - last.started_at,
      };
    }),
  );
}
