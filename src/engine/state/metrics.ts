import { z } from 'zod';
import { collectorErrorCodes } from '../../collectors/error.ts';
import type { EvidenceLog } from '../../evidence/contract.ts';
import { isValid } from '../../controls/exception.ts';
import { SOA_SOURCE } from '../../controls/soa-records.ts';
import type { MetricsSnapshot } from '../view.ts';
import type { StateDatabase } from './database.ts';
import { deviationAges, openOf } from './deviation-metrics.ts';
import { assessEvery, judged, type Judged } from './documents.ts';
import { controlItem } from './items.ts';

type Own = 'verifyFailures' | 'timestamps' | 'witnesses' | 'datasets';

const collectorDocument = z.object({ spec: z.object({ plugin: z.string() }) });

/** The controls of the aspects, each once. */
function controlsOf(aspects: readonly string[]): readonly string[] {
  return [...new Set(aspects.map((aspect) => aspect.split('/')[0] ?? aspect))];
}

/** One reading for one scrape. */
export async function readMetrics(
  state: StateDatabase,
  log: Pick<EvidenceLog, 'checkpoint' | 'keys'>,
): Promise<Omit<MetricsSnapshot, Own>> {
  const { checks, soa, exceptions, attestations, sealed } = await judged(state);
  const controls = await state.selectFrom('control').selectAll().orderBy('ordinal').execute();
  const verdicts = new Map(
    (await state.selectFrom('verdict').selectAll().execute()).map((row) => [row.check_name, row]),
  );
  const open = await state.selectFrom('deviation').selectAll().where('closed_at', 'is', null).execute();
  const openBy = Map.groupBy(open, (row) => row.check_name);
  const now = Math.max(0, ...controls.map((row) => row.assessed_at));
  const aspectsOf = ({ exception }: Judged['exceptions'][number]): readonly string[] =>
    checks.get(exception.spec.check)?.spec.aspects ?? [];
  const valid = exceptions.filter((one) => isValid(one, now));
  const exceptionsOf = (control: string): number =>
    valid.filter((one) => controlsOf(aspectsOf(one)).includes(control)).length;
  const last = await state
    .selectFrom('entry')
    .select('sealed_at')
    .orderBy('index', 'desc')
    .limit(1)
    .executeTakeFirst();
  return {
    controls: controls.map((row) => ({
      ...controlItem(row, soa),
      exceptions: exceptionsOf(row.id),
      statusSince: row.since_at,
      lastKnownAt: row.known_at,
    })),
    checks: [...checks.values()].map(({ metadata, spec }) => ({
      name: metadata.name,
      title: spec.title,
      severity: spec.severity,
      outcome: verdicts.get(metadata.name)?.outcome ?? 'unknown',
      controls: controlsOf(spec.aspects),
      ...openOf(openBy.get(metadata.name) ?? [], now),
    })),
    ages: deviationAges(open, now),
    exceptions: exceptions.map((one) => ({
      name: one.exception.metadata.name,
      expiresAt: one.exception.spec.expires,
      controls: controlsOf(aspectsOf(one)),
      accepts: open.filter((row) => row.exception === one.exception.metadata.name).length,
    })),
    attestations: [
      ...attestations.map(({ metadata, spec }) => ({
        name: metadata.name,
        expiresAt: spec.expires,
        controls: controlsOf(spec.aspects),
      })),
      ...sealed.flatMap(({ line, aspects }) =>
        line === null ? [] : [{ name: line.name, expiresAt: line.expires, controls: controlsOf(aspects) }],
      ),
    ],
    configuration: await configurationMetrics(state),
    evidence: await evidenceMetrics(state),
    log: { size: log.checkpoint().size, checkpointAt: last?.sealed_at ?? 0 },
    assessEvery: await assessEvery(state),
    keys: log.keys().filter(({ retiring }) => !retiring),
    collectors: await collectorMetrics(state),
  };
}

async function configurationMetrics(state: StateDatabase): Promise<MetricsSnapshot['configuration']> {
  const sealed = await state
    .selectFrom('entry')
    .select((e) => [e.fn.countAll<number>().as('changes'), e.fn.max('sealed_at').as('last')])
    .where('stream', '=', 'config')
    .executeTakeFirst();
  const counts = await state.selectFrom('config_change').selectAll().execute();
  const documents = { evidenced: 0, not_evidenced: 0 };
  for (const row of counts) documents[row.approval] = row.documents;
  return { changes: sealed?.changes ?? 0, lastAt: sealed?.last ?? null, documents };
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
    .select(['name', 'manifest_json'])
    .where('kind', '=', 'Collector')
    .orderBy('name')
    .execute();
  return Promise.all(
    names.map(async ({ name, manifest_json }) => {
      const totals = await state
        .selectFrom('run')
        .select((e) => [
          e.fn.countAll<number>().as('runs'),
          e.fn.sum<number | null>('api_calls').as('calls'),
          e.fn.sum<number | null>('throttled').as('throttled'),
          e.fn.max(e.case().when('outcome', '=', 'ok').then(e.ref('finished_at')).end()).as('success'),
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
        type: collectorDocument.parse(JSON.parse(manifest_json)).spec.plugin,
        runs: totals?.runs ?? 0,
        failures,
        apiRequests: totals?.calls ?? 0,
        apiThrottled: totals?.throttled ?? 0,
        lastDurationSeconds: last === undefined ? null : last.finished_at - last.started_at,
        lastRunAt: last?.finished_at ?? null,
        lastSuccessAt: totals?.success ?? null,
      };
    }),
  );
}
