import { Counter, Gauge, Registry } from 'prom-client';
import { conditionNames } from '../engine/conditions.ts';
import type { AgentView, MetricsSnapshot } from '../engine/view.ts';
import { type Family, family, oneOf, type Sample, told } from './family.ts';
import { configurationFamilies, datasetFamilies, linkFamilies } from './metrics-context.ts';
import { processFamilies } from './process-metrics.ts';
import { controlStatus, outcome } from './schemas.ts';

function readinessFamilies({ ready, conditions }: ReturnType<AgentView['readiness']>): readonly Family[] {
  const holding = new Set(conditions.map(({ condition }) => condition));
  return [
    family(
      'gauge',
      'ready',
      'Whether the agent can do its work: 1, as /readyz says 200.',
      [],
      [[{}, Number(ready)]],
    ),
    family(
      'gauge',
      'condition',
      'What keeps the agent, or a part of it, from its work: 1 while it holds.',
      ['condition'],
      conditionNames.map((condition) => [{ condition }, Number(holding.has(condition))]),
    ),
  ];
}

function controlFamilies({ controls }: MetricsSnapshot): readonly Family[] {
  return [
    family(
      'gauge',
      'control_info',
      'Title, theme and owner of each control; always 1.',
      ['control', 'title', 'theme', 'owner'],
      controls.map(({ id, title, theme, owner }) => [{ control: id, title, theme, owner: owner ?? '' }, 1]),
    ),
    family(
      'gauge',
      'control_status',
      'Status of each control: 1 for the one it has, 0 for the others.',
      ['control', 'status'],
      controls.flatMap(({ id, status }) => oneOf({ control: id }, controlStatus.options, status)),
    ),
    family(
      'gauge',
      'control_last_assessed_timestamp_seconds',
      'When each control was last assessed, in Unix seconds; absent before the first assessment.',
      ['control'],
      controls.flatMap(({ id, lastAssessedAt }) => told({ control: id }, lastAssessedAt)),
    ),
    family(
      'gauge',
      'control_status_since_timestamp_seconds',
      'When each control got the status that it has, in Unix seconds.',
      ['control'],
      controls.flatMap(({ id, statusSince }) => told({ control: id }, statusSince)),
    ),
    family(
      'gauge',
      'control_last_known_timestamp_seconds',
      'When each control was last assessed as anything but unknown, in Unix seconds; absent when it never was.',
      ['control'],
      controls.flatMap(({ id, lastKnownAt }) => told({ control: id }, lastKnownAt)),
    ),
    family(
      'gauge',
      'exceptions',
      'Valid exceptions that bear on each control.',
      ['control'],
      controls.map(({ id, exceptions }) => [{ control: id }, exceptions]),
    ),
  ];
}

function checkFamilies({ checks, ages }: MetricsSnapshot): readonly Family[] {
  return [
    family(
      'gauge',
      'check_status',
      'Outcome of each check: 1 for the one it has, 0 for the others.',
      ['check', 'status'],
      checks.flatMap(({ name, outcome: current }) => oneOf({ check: name }, outcome.options, current)),
    ),
    family(
      'gauge',
      'deviations',
      'Open deviations of each check.',
      ['check', 'severity'],
      checks.map(({ name, severity, open }) => [{ check: name, severity }, open]),
    ),
    family(
      'gauge',
      'deviations_overdue',
      'Open deviations of each check that are past their deadline and that no exception accepts.',
      ['check'],
      checks.map(({ name, overdue }) => [{ check: name }, overdue]),
    ),
    family(
      'gauge',
      'deviations_accepted',
      'Open deviations of each check that a valid exception accepts.',
      ['check'],
      checks.map(({ name, accepted }) => [{ check: name }, accepted]),
    ),
    family(
      'gauge',
      'deviations_oldest_timestamp_seconds',
      'When the oldest open deviation of each check was first seen, in Unix seconds; absent without one.',
      ['check'],
      checks.flatMap(({ name, oldestAt }) => told({ check: name }, oldestAt)),
    ),
    family(
      'gauge',
      'deviations_by_age',
      'Open deviations by severity and by the time since they were first seen.',
      ['severity', 'age'],
      ages.map(({ severity, age, open }) => [{ severity, age }, open]),
    ),
  ];
}

function expiryFamilies({ exceptions, attestations }: MetricsSnapshot): readonly Family[] {
  return [
    family(
      'gauge',
      'exception_expiry_timestamp_seconds',
      'When each exception expires, in Unix seconds.',
      ['exception'],
      exceptions.map(({ name, expiresAt }) => [{ exception: name }, expiresAt]),
    ),
    family(
      'gauge',
      'exception_deviations',
      'Open deviations that each exception accepts.',
      ['exception'],
      exceptions.map(({ name, accepts }) => [{ exception: name }, accepts]),
    ),
    family(
      'gauge',
      'attestation_expiry_timestamp_seconds',
      'When each attestation expires, in Unix seconds.',
      ['attestation'],
      attestations.map(({ name, expiresAt }) => [{ attestation: name }, expiresAt]),
    ),
  ];
}

function timestampFamilies({ timestamps }: MetricsSnapshot): readonly Family[] {
  const { lastTokenAt, failures } = timestamps;
  return [
    family(
      'gauge',
      'evidence_last_token_timestamp_seconds',
      'The time that the latest RFC 3161 timestamp over the log says, in Unix seconds; 0 while there is none.',
      [],
      [[{}, lastTokenAt ?? 0]],
    ),
    family(
      'counter',
      'timestamp_failures_total',
      'Timestamps that each authority was asked for and that were not kept, since the start.',
      ['authority'],
      Object.entries(failures).map(([authority, count]) => [{ authority }, count]),
    ),
  ];
}

function witnessFamilies({ witnesses }: MetricsSnapshot): readonly Family[] {
  const each = (value: (witness: MetricsSnapshot['witnesses'][number]) => number) =>
    witnesses.map((witness) => [{ witness: witness.name }, value(witness)] as const);
  return [
    family(
      'gauge',
      'evidence_witnessed_size',
      'Entries of the newest checkpoint that each witness has cosigned since the start.',
      ['witness'],
      each(({ size }) => size),
    ),
    family(
      'counter',
      'evidence_witness_failures_total',
      'Checkpoints that each witness was given and did not cosign, or not so that it can be believed, since the start.',
      ['witness'],
      each(({ failures }) => failures),
    ),
    family(
      'counter',
      'evidence_witness_refusals_total',
      'Checkpoints that each witness refused since the log does not go on from what it has seen, since the start.',
      ['witness'],
      each(({ refusals }) => refusals),
    ),
  ];
}

function evidenceFamilies({ evidence, log, keys, verifyFailures }: MetricsSnapshot): readonly Family[] {
  return [
    family(
      'gauge',
      'evidence_as_of_timestamp_seconds',
      "The source's own time of the evidence in force, the oldest of the dataset's scopes, in Unix seconds; absent while one is missing.",
      ['collector', 'dataset'],
      evidence.map(({ collector, dataset, asOf }) => [{ collector, dataset }, asOf]),
    ),
    family('gauge', 'evidence_log_size', 'Entries in the evidence log.', [], [[{}, log.size]]),
    family(
      'gauge',
      'evidence_checkpoint_timestamp_seconds',
      'When the newest checkpoint of the log was signed, in Unix seconds.',
      [],
      [[{}, log.checkpointAt]],
    ),
    family(
      'gauge',
      'evidence_key_timestamp_seconds',
      'When the key in force of each use came into force, in Unix seconds; absent for a body key until its first rotation.',
      ['use'],
      keys.map(({ use, since }) => [{ use }, since]),
    ),
    family(
      'counter',
      'evidence_verify_failures_total',
      'Stored evidence that did not verify when it was read back.',
      [],
      [[{}, verifyFailures]],
    ),
  ];
}

function collectorFamilies({ collectors, evidence }: MetricsSnapshot): readonly Family[] {
  return [
    family(
      'counter',
      'collector_runs_total',
      'Runs of each collector that have ended, failed ones included.',
      ['collector'],
      collectors.map(({ name, runs }) => [{ collector: name }, runs]),
    ),
    family(
      'counter',
      'collector_run_failures_total',
      'Failures in the runs of each collector, by reason.',
      ['collector', 'reason'],
      collectors.flatMap(({ name, failures }) =>
        Object.entries(failures).map(([reason, count]): Sample => [{ collector: name, reason }, count]),
      ),
    ),
    family(
      'gauge',
      'collector_run_duration_seconds',
      'How long the last run of each collector took; absent before the first.',
      ['collector'],
      collectors.flatMap(({ name, lastDurationSeconds }) => told({ collector: name }, lastDurationSeconds)),
    ),
    family(
      'gauge',
      'collector_last_run_timestamp_seconds',
      'When the last run of each collector ended, in Unix seconds; absent before the first.',
      ['collector'],
      collectors.flatMap(({ name, lastRunAt }) => told({ collector: name }, lastRunAt)),
    ),
    family(
      'gauge',
      'collector_last_success_timestamp_seconds',
      'When the last run of each collector in which nothing failed ended, in Unix seconds; absent before the first.',
      ['collector'],
      collectors.flatMap(({ name, lastSuccessAt }) => told({ collector: name }, lastSuccessAt)),
    ),
    family(
      'counter',
      'collector_api_requests_total',
      "Requests that each collector sent to its source, the SDK's retries included.",
      ['collector'],
      collectors.map(({ name, apiRequests }) => [{ collector: name }, apiRequests]),
    ),
    family(
      'counter',
      'collector_api_throttled_total',
      'Requests of each collector that its source refused as too many.',
      ['collector'],
      collectors.map(({ name, apiThrottled }) => [{ collector: name }, apiThrottled]),
    ),
    family(
      'gauge',
      'collector_records',
      'Records in the snapshots in force, all scopes of the dataset together.',
      ['collector', 'dataset'],
      evidence.map(({ collector, dataset, records }) => [{ collector, dataset }, records]),
    ),
  ];
}

function register(registry: Registry, { type, name, help, labels, samples }: Family): void {
  const options = { name, help, labelNames: labels, registers: [registry] };
  if (type === 'gauge') {
    const gauge = new Gauge(options);
    // Without labels prom-client shows a gauge as 0 from the start; with labels it shows nothing until a sample is set.
    for (const [sampleLabels, value] of samples) gauge.set(sampleLabels, value);
  } else {
    const counter = new Counter(options);
    for (const [sampleLabels, value] of samples) counter.inc(sampleLabels, value);
  }
}

function stateFamilies(snapshot: MetricsSnapshot): readonly Family[] {
  return [
    ...configurationFamilies(snapshot),
    ...controlFamilies(snapshot),
    ...checkFamilies(snapshot),
    ...linkFamilies(snapshot),
    ...expiryFamilies(snapshot),
    ...datasetFamilies(snapshot),
    ...evidenceFamilies(snapshot),
    ...timestampFamilies(snapshot),
    ...witnessFamilies(snapshot),
    ...collectorFamilies(snapshot),
  ];
}

export interface Exposition {
  readonly contentType: string;
  readonly text: string;
}

/**
 * One scrape in the Prometheus text format (0.0.4), made anew from the engine's snapshot, so that a series of something that is
 * gone goes too. Families of `extra`, such as those of the process, follow.
 */
export async function exposeMetrics(
  view: Pick<AgentView, 'build' | 'metrics' | 'readiness'>,
  extra?: Registry,
): Promise<Exposition> {
  const snapshot = await view.metrics();
  const registry = new Registry();
  const build = family(
    'gauge',
    'build_info',
    'Version, revision and Node of this build; always 1.',
    ['version', 'revision', 'node'],
    [[{ ...view.build }, 1]],
  );
  const families = [
    build,
    ...readinessFamilies(view.readiness()),
    ...processFamilies(),
    ...(snapshot === undefined ? [] : stateFamilies(snapshot)),
  ];
  for (const one of families) register(registry, one);
  const own = await registry.metrics();
  return {
    contentType: registry.contentType,
    text: extra === undefined ? own : `${own}${await extra.metrics()}`,
  };
}
