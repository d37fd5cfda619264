import type { MetricsSnapshot } from '../engine/view.ts';
import { controlsOf, type Family, family } from './family.ts';

/** What checks, exceptions, attestations and collectors are: to join the other families with. */
export function linkFamilies({
  checks,
  exceptions,
  attestations,
  collectors,
}: MetricsSnapshot): readonly Family[] {
  return [
    family(
      'gauge',
      'check_info',
      'Title and severity of each check; always 1.',
      ['check', 'title', 'severity'],
      checks.map(({ name, title, severity }) => [{ check: name, title, severity }, 1]),
    ),
    family(
      'gauge',
      'check_control_info',
      'The controls whose aspects each check answers; always 1.',
      ['check', 'control'],
      checks.flatMap(({ name, controls }) => controlsOf('check', name, controls)),
    ),
    family(
      'gauge',
      'exception_control_info',
      'The controls that each exception bears on; always 1.',
      ['exception', 'control'],
      exceptions.flatMap(({ name, controls }) => controlsOf('exception', name, controls)),
    ),
    family(
      'gauge',
      'attestation_control_info',
      'The controls whose aspects each attestation answers; always 1.',
      ['attestation', 'control'],
      attestations.flatMap(({ name, controls }) => controlsOf('attestation', name, controls)),
    ),
    family(
      'gauge',
      'collector_info',
      'The type of each collector; always 1.',
      ['collector', 'type'],
      collectors.map(({ name, type }) => [{ collector: name, type }, 1]),
    ),
  ];
}

/** How the evidence of each configured dataset stands, whether anything was ever collected or not. */
export function datasetFamilies({ datasets }: MetricsSnapshot): readonly Family[] {
  return [
    family(
      'gauge',
      'evidence_freshness_seconds',
      'The age above which the evidence of each dataset is stale, by the time that its source states.',
      ['collector', 'dataset'],
      datasets.map(({ collector, dataset, freshness }) => [{ collector, dataset }, freshness]),
    ),
    family(
      'gauge',
      'evidence_scopes',
      'Scopes of each dataset by how their evidence stands.',
      ['collector', 'dataset', 'state'],
      datasets.flatMap(({ collector, dataset, scopes }) =>
        Object.entries(scopes).map(([state, count]) => [{ collector, dataset, state }, count] as const),
      ),
    ),
    family(
      'gauge',
      'collector_failing_scopes',
      'Scopes of each dataset whose last collection failed.',
      ['collector', 'dataset'],
      datasets.map(({ collector, dataset, failing }) => [{ collector, dataset }, failing]),
    ),
  ];
}

export function configurationFamilies({ configuration, assessEvery }: MetricsSnapshot): readonly Family[] {
  const { changes, lastAt, documents } = configuration;
  return [
    family(
      'gauge',
      'assessment_interval_seconds',
      'How often everything is assessed again.',
      [],
      [[{}, assessEvery]],
    ),
    family(
      'counter',
      'config_changes_total',
      'Configurations that were sealed, the first one included.',
      [],
      [[{}, changes]],
    ),
    family(
      'gauge',
      'config_last_change_timestamp_seconds',
      'When the configuration in force was sealed, in Unix seconds; 0 before the first.',
      [],
      [[{}, lastAt ?? 0]],
    ),
    family(
      'counter',
      'config_changed_documents_total',
      "Documents that came, went or changed with a configuration, without the product's own, by whether their approval is evidenced.",
      ['approval'],
      Object.entries(documents).map(([approval, count]) => [{ approval }, count]),
    ),
  ];
}
