import { DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { lines, link, stat, table } from './panels.ts';
import { series } from './queries.ts';
import { addressVariables, agentVariables, AGENT, collectorVariable } from './variables.ts';

const COLLECTOR = 'collector=~"$collector"';
const increase = (family: string, by: string, matchers: string) =>
  `sum by (${by}) (increase(annexa_${family}{${AGENT}${matchers === '' ? '' : `, ${matchers}`}}[$__rate_interval]))`;
const moment = (family: string, by = '') => `max by (${by}) (annexa_${family}{${AGENT}}) * 1000`;

/** For DevOps: whether the agent does its work, and what that costs. */
export function agent(): DashboardBuilder {
  return new DashboardBuilder('Annexa: agent')
    .uid('annexa-agent')
    .description(
      'Whether the agent collects, seals and assesses, what it asks of the sources, and how log and store stand.',
    )
    .tags(['annexa'])
    .time({ from: 'now-24h', to: 'now' })
    .refresh('1m')
    .variables([...agentVariables(), collectorVariable(), ...addressVariables()])
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
    )
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
            `${increase('collector_run_failures_total', 'collector, reason', COLLECTOR)}`,
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
    )
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
    )
    .withRow(new RowBuilder('Log and store').id(103))
    .withPanel(
      lines(
        { id: 12, title: 'Entries of the log', description: 'It only grows. A fall is an alarm.', width: 8 },
        [['entries', `max(annexa_evidence_log_size{${AGENT}})`]],
      ),
    )
    .withPanel(
      stat(
        {
          id: 13,
          title: 'Newest checkpoint',
          description: 'When the newest checkpoint was signed.',
          unit: 'dateTimeFromNow',
          width: 4,
          height: 8,
        },
        [['checkpoint', moment('evidence_checkpoint_timestamp_seconds')]],
      ),
    )
    .withPanel(
      stat(
        {
          id: 14,
          title: 'Newest timestamp',
          description: 'The time that the latest RFC 3161 token says. Far in the past where there is none.',
          unit: 'dateTimeFromNow',
          width: 4,
          height: 8,
        },
        [['token', moment('evidence_last_token_timestamp_seconds')]],
      ),
    )
    .withPanel(
      stat(
        {
          id: 15,
          title: 'Did not verify',
          description:
            'Stored evidence that did not verify when it was read back. Anything but 0 is an alarm.',
          width: 4,
          height: 8,
        },
        [['failures', `max(annexa_evidence_verify_failures_total{${AGENT}})`]],
      ),
    )
    .withPanel(
      stat(
        {
          id: 16,
          title: 'Keys in force since',
          description: 'When the key of each use came into force.',
          unit: 'dateTimeFromNow',
          width: 4,
          height: 8,
        },
        [['{{use}}', moment('evidence_key_timestamp_seconds', 'use')]],
      ),
    )
    .withPanel(
      lines(
        {
          id: 17,
          title: 'Timestamps that failed',
          description: 'By authority. Empty where none is configured.',
          width: 8,
        },
        [['{{authority}}', increase('timestamp_failures_total', 'authority', '')]],
      ),
    )
    .withPanel(
      lines(
        {
          id: 18,
          title: 'Entries that a witness has not seen',
          description: 'How far each witness is behind the log. Empty where none is configured.',
          width: 8,
        },
        [
          [
            '{{witness}}',
            `scalar(max(annexa_evidence_log_size{${AGENT}})) - ${series('evidence_witnessed_size', 'witness')}`,
          ],
        ],
      ),
    )
    .withPanel(
      lines(
        {
          id: 19,
          title: 'Witnesses: failures and refusals',
          description:
            'A refusal is an alarm: the log does not go on from what the witness has seen. Empty where none is configured.',
          width: 8,
        },
        [
          ['{{witness}} failed', increase('evidence_witness_failures_total', 'witness', '')],
          ['{{witness}} refused', increase('evidence_witness_refusals_total', 'witness', '')],
        ],
      ),
    )
    .withRow(new RowBuilder('Process').id(104))
    .withPanel(
      lines(
        {
          id: 20,
          title: 'Memory',
          description:
            'Resident memory of the process, and of it the JavaScript heap in use. Children are not in it.',
          unit: 'bytes',
          width: 8,
        },
        [
          ['{{instance}} resident', own('process_resident_memory_bytes')],
          ['{{instance}} heap', own('nodejs_heap_size_used_bytes')],
        ],
      ),
    )
    .withPanel(
      lines(
        { id: 21, title: 'Processor', description: 'Processors in use.', unit: 'percentunit', width: 8 },
        [['{{instance}}', own('process_cpu_seconds_total', 'rate')]],
      ),
    )
    .withPanel(
      lines(
        {
          id: 22,
          title: 'Event loop',
          description: 'Share of the time that the event loop was busy. Near 100 % answers wait.',
          unit: 'percentunit',
          width: 8,
        },
        [['{{instance}}', own('nodejs_eventloop_active_seconds_total', 'rate')]],
      ),
    )
    .link(link('Every run, as the API tells it', '${api}/api/v1/runs'));
}

/** A family of the process, which others have too: of the agents alone. */
function own(family: string, over?: 'rate'): string {
  const selector = `${family}{${AGENT}}`;
  const value = over === undefined ? selector : `${over}(${selector}[$__rate_interval])`;
  return `max by (instance) (${value} and on (job, instance) annexa_build_info)`;
}
