import { DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { bars, lines, link, severityColours, stat, statusColours, table } from './panels.ts';
import { ofControls, ofLinked, series, shareOfPeriod } from './queries.ts';
import { timeline } from './timeline.ts';
import { addressVariables, agentVariables, AGENT, collectorVariable, controlVariables } from './variables.ts';

const status = series('control_status', 'control, status');
const COLLECTOR = 'collector=~"$collector"';
const dataset = (family: string, matchers = COLLECTOR) => series(family, 'collector, dataset', matchers);
const notFresh = `sum by (collector, dataset) (${series('evidence_scopes', 'collector, dataset, state', `${COLLECTOR}, state!="fresh"`)})`;

const evidence = [
  { field: 'collector', name: 'Collector', link: '${api}/api/v1/collectors' },
  { field: 'dataset', name: 'Dataset' },
];

/** How the controls stood in the period. */
function period(dashboard: DashboardBuilder): DashboardBuilder {
  return dashboard
    .withRow(new RowBuilder('The period').id(100))
    .withPanel(
      stat(
        {
          id: 1,
          title: 'Observed',
          description:
            'Share of the period in which an agent answered. The rest counts as unknown before an auditor, whatever stood before and after.',
          unit: 'percentunit',
          width: 5,
          height: 8,
        },
        [['observed', shareOfPeriod(`group(annexa_build_info{${AGENT}})`)]],
      ),
    )
    .withPanel(
      bars(
        {
          id: 2,
          title: 'Shares of the period by theme',
          description:
            'For how much of the period the controls of a theme stood how, all of them together. What is missing to 100 % was not observed.',
          unit: 'percentunit',
          width: 19,
        },
        [
          '',
          `sum by (theme, status) (${ofControls(`(${shareOfPeriod(status)})`, 'theme')}) / on (theme) group_left () count by (theme) (${ofControls(series('control_info', 'control'), 'theme')})`,
        ],
        ['theme', 'status'],
        statusColours,
      ),
    )
    .withPanel(
      table(
        {
          id: 3,
          title: 'Shares of the period by control',
          description: 'For how much of the period each control stood how: the least effective first.',
          width: 24,
          height: 12,
        },
        (['effective', 'accepted', 'correcting', 'unknown', 'ineffective', 'not_applicable'] as const).map(
          (name) =>
            [
              name,
              ofControls(
                `(${shareOfPeriod(series('control_status', 'control', `status="${name}"`))})`,
                'title, owner',
              ),
            ] as const,
        ),
        {
          columns: [
            { field: 'control', name: 'Control', link: '${api}/api/v1/controls/${__value.text}' },
            { field: 'title', name: 'Title' },
            { field: 'owner', name: 'Owner' },
            { field: 'Value #A', name: 'Effective', unit: 'percentunit' },
            { field: 'Value #B', name: 'Accepted', unit: 'percentunit' },
            { field: 'Value #C', name: 'Correcting', unit: 'percentunit' },
            { field: 'Value #D', name: 'Unknown', unit: 'percentunit' },
            { field: 'Value #E', name: 'Ineffective', unit: 'percentunit' },
            { field: 'Value #F', name: 'Not applicable', unit: 'percentunit' },
          ],
          sort: '-Ineffective',
        },
      ),
    )
    .withPanel(timeline(4));
}

/** How fresh evidence was. */
function freshness(dashboard: DashboardBuilder): DashboardBuilder {
  return dashboard
    .withRow(new RowBuilder('Evidence').id(101))
    .withPanel(
      table(
        {
          id: 5,
          title: 'Datasets',
          description:
            'How old evidence is by the time that its source states, above which age it is stale, for how much of the period some of it was stale or missing, and how many scopes are so now.',
          width: 14,
          height: 10,
        },
        [
          [
            'age',
            `time() - min by (collector, dataset) (annexa_evidence_as_of_timestamp_seconds{${AGENT}, ${COLLECTOR}})`,
          ],
          ['stale above', dataset('evidence_freshness_seconds')],
          ['not fresh', shareOfPeriod(`${notFresh} > bool 0`)],
          ['scopes', notFresh],
          ['records', dataset('collector_records')],
        ],
        {
          columns: [
            ...evidence,
            { field: 'Value #A', name: 'Age', unit: 's' },
            { field: 'Value #B', name: 'Stale above', unit: 's' },
            { field: 'Value #C', name: 'Not fresh', unit: 'percentunit' },
            { field: 'Value #D', name: 'Scopes not fresh' },
            { field: 'Value #E', name: 'Records' },
          ],
          sort: '-Not fresh',
        },
      ),
    )
    .withPanel(
      lines(
        {
          id: 6,
          title: 'Age of evidence, as a share of what is allowed',
          description: 'Above 100 % evidence is stale, and what rests on it is unknown.',
          unit: 'percentunit',
          width: 10,
          height: 10,
        },
        [
          [
            '{{collector}}/{{dataset}}',
            `(time() - min by (collector, dataset) (annexa_evidence_as_of_timestamp_seconds{${AGENT}, ${COLLECTOR}})) / ${dataset('evidence_freshness_seconds')}`,
          ],
        ],
      ),
    );
}

/** What fails, and what of it is accepted. */
function accepted(dashboard: DashboardBuilder): DashboardBuilder {
  return dashboard
    .withRow(new RowBuilder('Deviations and exceptions').id(102))
    .withPanel(
      bars(
        {
          id: 7,
          title: 'Open deviations by age',
          description: 'Time since each open deviation was first seen, over all themes and owners.',
          width: 8,
        },
        ['', series('deviations_by_age', 'age, severity')],
        ['age', 'severity'],
        severityColours,
      ),
    )
    .withPanel(
      lines(
        {
          id: 8,
          title: 'Open, accepted and overdue deviations',
          description: 'Over all themes and owners. A deviation that an exception accepts is never overdue.',
          width: 8,
        },
        [
          ['open', `sum(${series('deviations', 'check')})`],
          ['accepted', `sum(${series('deviations_accepted', 'check')})`],
          ['overdue', `sum(${series('deviations_overdue', 'check')})`],
        ],
        { colours: { open: 'orange', accepted: 'blue', overdue: 'red' } },
      ),
    )
    .withPanel(
      table(
        {
          id: 9,
          title: 'Exceptions',
          description:
            'How many open deviations each exception accepts, and when it expires. One that accepts nothing can go.',
          width: 8,
          height: 8,
        },
        [
          ['accepts', ofLinked('exception', series('exception_deviations', 'exception'))],
          [
            'expires',
            ofLinked('exception', `(${series('exception_expiry_timestamp_seconds', 'exception')} * 1000)`),
          ],
        ],
        {
          columns: [
            { field: 'exception', name: 'Exception' },
            { field: 'owner', name: 'Owner' },
            { field: 'Value #A', name: 'Accepts' },
            { field: 'Value #B', name: 'Expires', unit: 'dateTimeFromNow' },
          ],
          sort: 'Expires',
        },
      ),
    );
}

/** What changed in the configuration. */
function changes(dashboard: DashboardBuilder): DashboardBuilder {
  return dashboard
    .withRow(new RowBuilder('Changes of the configuration').id(103))
    .withPanel(
      stat(
        {
          id: 10,
          title: 'Last change',
          description: 'When the configuration in force was sealed.',
          unit: 'dateTimeFromNow',
          width: 6,
        },
        [['last change', `max(annexa_config_last_change_timestamp_seconds{${AGENT}}) * 1000`]],
      ),
    )
    .withPanel(
      stat(
        {
          id: 11,
          title: 'Changes in the period',
          description: 'Configurations that were sealed in the period.',
          width: 6,
        },
        [['changes', `max(increase(annexa_config_changes_total{${AGENT}}[$__range]))`]],
      ),
    )
    .withPanel(
      stat(
        {
          id: 12,
          title: 'Changed documents by approval',
          description:
            "Documents that came, went or changed in the period, without the product's own. An auditor asks about those whose approval is not evidenced.",
          width: 12,
        },
        [
          [
            '{{approval}}',
            `max by (approval) (increase(annexa_config_changed_documents_total{${AGENT}}[$__range]))`,
          ],
        ],
        { evidenced: 'green', not_evidenced: 'red' },
      ),
    );
}

/** For whoever must show a period: for how much of it what was known, and what changed. */
export function coverage(): DashboardBuilder {
  const dashboard = new DashboardBuilder('Annexa: evidence coverage')
    .uid('annexa-coverage')
    .description(
      'Over the chosen period: how long the controls stood how, where nothing was observed, how fresh evidence was, and what changed.',
    )
    .tags(['annexa'])
    .time({ from: 'now-90d', to: 'now' })
    .refresh('15m')
    .variables([...agentVariables(), ...controlVariables(), collectorVariable(), ...addressVariables()]);
  const rows = [period, freshness, accepted, changes];
  return rows
    .reduce((built, row) => row(built), dashboard)
    .link(link('Every check, as the API tells it', '${api}/api/v1/checks'));
}
