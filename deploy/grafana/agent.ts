import { DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { lines, link, stat, table } from './panels.ts';
import { series } from './queries.ts';
import { addressVariables, agentVariables, AGENT, collectorVariable } from './variables.ts';

import { COLLECTOR, increase, moment } from './agent-queries.ts';
import { log, resources } from './agent-store.ts';

/** Whether it works. */
function state(dashboard: DashboardBuilder): DashboardBuilder {
  return dashboard
    .withRow(new RowBuilder('Agent').id(100))
    .withPanel(
      stat(
        {
          id: 1,
          title: 'Ready',
          description:
            '1: the configuration is loaded and the store is open. 0: /readyz says what is missing.',
          width: 4,
        },
        [['ready', `min(annexa_ready{${AGENT}})`]],
      ),
    )
    .withPanel(
      stat(
        {
          id: 2,
          title: 'Last assessment',
          description: 'When all controls were last assessed.',
          unit: 'dateTimeFromNow',
          width: 5,
        },
        [['assessed', moment('control_last_assessed_timestamp_seconds')]],
      ),
    )
    .withPanel(
      stat(
        {
          id: 3,
          title: 'Started',
          description: 'When the process started.',
          unit: 'dateTimeFromNow',
          width: 5,
        },
        [
          [
            'started',
            `max(process_start_time_seconds{job=~"$job", instance=~"$instance"} and on (job, instance) annexa_build_info) * 1000`,
          ],
        ],
      ),
    )
    .withPanel(
      table(
        {
          id: 4,
          title: 'Builds',
          description: 'Version, revision and Node of each agent.',
          width: 10,
          height: 4,
        },
        [['', `group by (instance, version, revision, node) (annexa_build_info{${AGENT}})`]],
        {
          columns: [
            { field: 'instance', name: 'Instance' },
            { field: 'version', name: 'Version' },
            { field: 'revision', name: 'Revision' },
            { field: 'node', name: 'Node' },
          ],
          sort: 'Instance',
        },
      ),
    )
    .withPanel(
      table(
        {
          id: 23,
          title: 'Conditions that hold',
          description:
            "What keeps the agent, or a part of it, from its work: a full store, a clock in doubt, names that can't be resolved. Empty is well.",
          width: 8,
          height: 7,
        },
        [['', `${series('condition', 'condition')} == 1`]],
        {
          columns: [{ field: 'condition', name: 'Condition', link: '${runbooks}/AnnexaCondition.md' }],
          sort: 'Condition',
        },
      ),
    )
    .withPanel(
      lines(
        {
          id: 24,
          title: 'Denied requests',
          description: 'Requests to the agent that were denied, by reason. Empty is well.',
          width: 8,
          height: 7,
        },
        [['{{reason}}', `${increase('access_denied_total', 'reason', '')} > 0`]],
      ),
    )
    .withPanel(
      table(
        {
          id: 25,
          title: 'Tokens and certificate by expiry',
          description:
            'When each access token expires, and the certificate that the server shows. Empty where neither is configured.',
          width: 8,
          height: 7,
        },
        [
          ['token', moment('access_token_expiry_timestamp_seconds', 'token')],
          [
            'certificate',
            `label_replace(${moment('tls_certificate_expiry_timestamp_seconds')}, "token", "TLS certificate", "", "")`,
          ],
        ],
        {
          columns: [
            { field: 'token', name: 'Name' },
            { field: 'Value #A', name: 'Token expires', unit: 'dateTimeFromNow' },
            { field: 'Value #B', name: 'Certificate expires', unit: 'dateTimeFromNow' },
          ],
          sort: 'Name',
        },
      ),
    );
}

/** What it collects. */
function runs(dashboard: DashboardBuilder): DashboardBuilder {
  return dashboard
    .withRow(new RowBuilder('Runs').id(101))
    .withPanel(
      table(
        {
          id: 5,
          title: 'Collectors',
          description:
            'When each collector last ran, when it last ran without a failure, for how long, and how many scopes of its datasets fail now.',
          width: 14,
        },
        [
          ['ran', moment('collector_last_run_timestamp_seconds', 'collector')],
          ['well', moment('collector_last_success_timestamp_seconds', 'collector')],
          ['duration', series('collector_run_duration_seconds', 'collector', COLLECTOR)],
          [
            'failing',
            `sum by (collector) (${series('collector_failing_scopes', 'collector, dataset', COLLECTOR)})`,
          ],
          ['type', series('collector_info', 'collector, type', COLLECTOR)],
        ],
        {
          columns: [
            { field: 'collector', name: 'Collector', link: '${api}/api/v1/runs?collector=${__value.text}' },
            { field: 'type', name: 'Type' },
            { field: 'Value #A', name: 'Last run', unit: 'dateTimeFromNow' },
            { field: 'Value #B', name: 'Last without failure', unit: 'dateTimeFromNow' },
            { field: 'Value #C', name: 'Took', unit: 's' },
            { field: 'Value #D', name: 'Failing scopes' },
          ],
          sort: '-Failing scopes',
        },
      ),
    )
    .withPanel(
      lines(
        {
          id: 6,
          title: 'Failures by reason',
          description: 'Runs in which a dataset failed, by the reason. docs/runbooks says what each means.',
          width: 10,
          height: 9,
        },
        [
          [
            '{{collector}} {{reason}}',
            increase('collector_run_failures_total', 'collector, reason', COLLECTOR),
          ],
        ],
      ),
    )
    .withPanel(
      lines({ id: 7, title: 'Runs', description: 'Runs that ended, failed ones included.', width: 8 }, [
        ['{{collector}}', increase('collector_runs_total', 'collector', COLLECTOR)],
      ]),
    )
    .withPanel(
      lines(
        {
          id: 8,
          title: 'Duration of the last run',
          description: 'How long the last run of each collector took.',
          unit: 's',
          width: 8,
        },
        [['{{collector}}', series('collector_run_duration_seconds', 'collector', COLLECTOR)]],
      ),
    )
    .withPanel(
      lines({ id: 9, title: 'Records', description: 'Records in the snapshots in force.', width: 8 }, [
        ['{{collector}}/{{dataset}}', series('collector_records', 'collector, dataset', COLLECTOR)],
      ]),
    );
}

/** What it asks of the sources. */
function requests(dashboard: DashboardBuilder): DashboardBuilder {
  return dashboard
    .withRow(new RowBuilder('Requests to sources').id(102))
    .withPanel(
      lines(
        {
          id: 10,
          title: 'Requests',
          description: "Requests that each collector sent, the SDK's retries included.",
          width: 12,
        },
        [['{{collector}}', increase('collector_api_requests_total', 'collector', COLLECTOR)]],
      ),
    )
    .withPanel(
      lines(
        {
          id: 11,
          title: 'Refused as too many',
          description: 'Requests that the source refused as too many. They are tried again within bounds.',
          width: 12,
        },
        [['{{collector}}', increase('collector_api_throttled_total', 'collector', COLLECTOR)]],
      ),
    );
}

/** For DevOps: whether the agent does its work, and what that costs. */
export function agent(): DashboardBuilder {
  const dashboard = new DashboardBuilder('Annexa: agent')
    .uid('annexa-agent')
    .description(
      'Whether the agent collects, seals and assesses, what it asks of the sources, and how log and store stand.',
    )
    .tags(['annexa'])
    .time({ from: 'now-24h', to: 'now' })
    .refresh('1m')
    .variables([...agentVariables(), collectorVariable(), ...addressVariables()]);
  const rows = [state, runs, requests, log, resources];
  return rows
    .reduce((built, row) => row(built), dashboard)
    .link(link('Every run, as the API tells it', '${api}/api/v1/runs'));
}
