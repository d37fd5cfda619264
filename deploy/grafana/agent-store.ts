import { type DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { lines, stat } from './panels.ts';
import { increase, moment } from './agent-queries.ts';
import { series } from './queries.ts';
import { AGENT } from './variables.ts';

/** What it keeps. */
export function log(dashboard: DashboardBuilder): DashboardBuilder {
  return dashboard
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
    );
}

/** What it uses. */
export function resources(dashboard: DashboardBuilder): DashboardBuilder {
  return dashboard
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
    );
}

/** A family of the process, which others have too: of the agents alone. */
function own(family: string, over?: 'rate'): string {
  const selector = `${family}{${AGENT}}`;
  const value = over === undefined ? selector : `${over}(${selector}[$__rate_interval])`;
  return `max by (instance) (${value} and on (job, instance) annexa_build_info)`;
}
