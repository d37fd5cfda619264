import { DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { bars, lines, link, severityColours, stat, statusColours, table } from './panels.ts';
import { ofChecks, ofControls, ofLinked, series } from './queries.ts';
import { addressVariables, agentVariables, controlVariables } from './variables.ts';

const status = (matchers = '') => series('control_status', 'control, status', matchers);
const inTheme = ofControls(status(), 'theme');
const one = (name: string) => `sum(${ofControls(status(`status="${name}"`))})`;

const control = {
  field: 'control',
  name: 'Control',
  link: '${api}/api/v1/controls/${__value.text}',
};
const named = [control, { field: 'title', name: 'Title' }, { field: 'owner', name: 'Owner' }];

/** The controls that are in one of the states, and since when. */
function worst(states: string) {
  const chosen = `(${status(`status=~"${states}"`)} == 1)`;
  const since = `${series('control_status_since_timestamp_seconds', 'control')} * 1000`;
  return [
    ['status', ofControls(chosen, 'title, owner')],
    ['since', ofControls(`(${since} and on (control) ${chosen})`)],
  ] as const;
}

/** Each status, and what it says. Their panels have the ids 1 to 6. */
const statuses = [
  [
    'effective',
    'Every test defined for every aspect passed, on complete and fresh evidence. The auditor concludes.',
  ],
  ['accepted', 'Controls that fail only where a valid exception accepts it.'],
  ['correcting', 'Controls that fail, with everything that fails still within its deadline.'],
  ['unknown', 'Something could not be examined, or nothing covers an aspect. Never counted as passed.'],
  ['ineffective', 'A deviation or an attestation is past its deadline.'],
  ['not_applicable', 'Excluded by the Statement of Applicability.'],
] as const;

/** How the controls stand. */
function controls(dashboard: DashboardBuilder): DashboardBuilder {
  dashboard.withRow(new RowBuilder('Controls').id(100));
  for (const [index, [name, description]] of statuses.entries()) {
    const about = { id: index + 1, title: name.replace('_', ' '), description, width: 4 };
    dashboard.withPanel(stat(about, [[name, one(name)]], { [name]: statusColours[name] }));
  }
  return dashboard
    .withPanel(
      lines(
        {
          id: 7,
          title: 'Controls by status',
          description:
            'All chosen controls, in parts by status. Where there is nothing, nothing was observed.',
          width: 14,
        },
        [['{{status}}', `sum by (status) (${ofControls(status())})`]],
        { stacked: true, colours: statusColours },
      ),
    )
    .withPanel(
      bars(
        {
          id: 8,
          title: 'Controls by theme',
          description:
            'The controls of each theme of Annex A, in parts by status. Clauses 4 to 10 are a theme of their own.',
          width: 10,
        },
        ['', `sum by (theme, status) (${inTheme})`],
        ['theme', 'status'],
        statusColours,
      ),
    )
    .withPanel(
      table(
        {
          id: 9,
          title: 'Worst: ineffective, and being corrected',
          description:
            'Controls that fail, with whose they are and since when. Ineffective: past a deadline.',
          width: 14,
        },
        worst('ineffective|correcting'),
        {
          columns: [
            ...named,
            { field: 'status', name: 'Status', coloured: true },
            { field: 'Value #B', name: 'Since', unit: 'dateTimeFromNow' },
          ],
          sort: '-Status',
          colours: statusColours,
        },
      ),
    )
    .withPanel(
      bars(
        {
          id: 10,
          title: 'Controls by owner',
          description: 'Whose controls stand how. Owners are those of the Statement of Applicability.',
          width: 10,
          height: 9,
        },
        ['', `sum by (owner, status) (${ofControls(status('status!="not_applicable"'), 'owner')})`],
        ['owner', 'status'],
        statusColours,
      ),
    )
    .withPanel(
      table(
        {
          id: 11,
          title: 'No longer known',
          description:
            'Controls that are unknown and once were not, by when they were last known: something stopped being examined. Repair that first.',
          width: 12,
        },
        [
          [
            'last known',
            ofControls(
              `(${series('control_last_known_timestamp_seconds', 'control')} * 1000 and on (control) ${status('status="unknown"')} == 1)`,
              'title, owner',
            ),
          ],
        ],
        {
          columns: [...named, { field: 'Value', name: 'Last known', unit: 'dateTimeFromNow' }],
          sort: 'Last known',
        },
      ),
    )
    .withPanel(
      table(
        {
          id: 12,
          title: 'Accepted',
          description: 'Controls that fail, where a valid exception accepts it.',
          width: 12,
        },
        worst('accepted'),
        {
          columns: [...named, { field: 'Value #B', name: 'Since', unit: 'dateTimeFromNow' }],
          sort: 'Control',
        },
      ),
    );
}

/** What fails. */
function deviations(dashboard: DashboardBuilder): DashboardBuilder {
  return dashboard
    .withRow(new RowBuilder('Deviations').id(101))
    .withPanel(
      stat(
        {
          id: 13,
          title: 'Overdue deviations',
          description: 'Open deviations past their deadline that no exception accepts.',
          width: 4,
          height: 8,
        },
        [['overdue', `sum(${ofChecks(series('deviations_overdue', 'check'))})`]],
        { overdue: 'red' },
      ),
    )
    .withPanel(
      lines(
        {
          id: 14,
          title: 'Open deviations by severity',
          description: "Records that fail a check. The severity is the check's.",
          width: 20,
        },
        [['{{severity}}', `sum by (severity) (${ofChecks(series('deviations', 'check'))})`]],
        { stacked: true, colours: severityColours },
      ),
    )
    .withPanel(
      table(
        {
          id: 15,
          title: 'Checks with open deviations',
          description:
            'Each check that fails: open, of those overdue, of those accepted by an exception, and since when the oldest is open.',
          width: 24,
        },
        [
          ['open', ofChecks(`(${series('deviations', 'check')} > 0)`)],
          [
            'overdue',
            `${series('deviations_overdue', 'check')} and on (check) ${series('deviations', 'check')} > 0`,
          ],
          [
            'accepted',
            `${series('deviations_accepted', 'check')} and on (check) ${series('deviations', 'check')} > 0`,
          ],
          ['oldest', `${series('deviations_oldest_timestamp_seconds', 'check')} * 1000`],
        ],
        {
          columns: [
            {
              field: 'check',
              name: 'Check',
              link: '${api}/api/v1/deviations?state=open&check=${__value.text}',
            },
            { field: 'title', name: 'Title' },
            { field: 'severity', name: 'Severity', coloured: true },
            { field: 'Value #A', name: 'Open' },
            { field: 'Value #B', name: 'Overdue' },
            { field: 'Value #C', name: 'Accepted' },
            { field: 'Value #D', name: 'Oldest', unit: 'dateTimeFromNow' },
          ],
          sort: '-Overdue',
          colours: severityColours,
        },
      ),
    );
}

/** What expires, and what was told of all this. */
function dueDates(dashboard: DashboardBuilder): DashboardBuilder {
  return dashboard
    .withRow(new RowBuilder('What comes due').id(102))
    .withPanel(
      due(
        16,
        'exception',
        'Exceptions by expiry',
        'When each exception expires. What it accepts is a deviation again from then on.',
      ),
    )
    .withPanel(
      due(
        17,
        'attestation',
        'Attestations by expiry',
        'When each attestation expires. From then on its aspects are ineffective.',
      ),
    )
    .withPanel(
      table(
        {
          id: 18,
          title: 'Alerts',
          description: "Alerts of Annexa that fire or are about to, by Prometheus' own account.",
          width: 24,
          height: 7,
        },
        [
          [
            '',
            'max by (alertname, alertstate, severity, owner, control, check, exception, attestation) (ALERTS{alertname=~"Annexa.+", job=~"$job|"})',
          ],
        ],
        {
          columns: [
            { field: 'alertname', name: 'Alert', link: '${runbooks}/${__value.text}.md' },
            { field: 'alertstate', name: 'State' },
            { field: 'severity', name: 'Severity' },
            { field: 'owner', name: 'Owner' },
            { field: 'control', name: 'Control' },
            { field: 'check', name: 'Check' },
            { field: 'exception', name: 'Exception' },
            { field: 'attestation', name: 'Attestation' },
          ],
          sort: 'Alert',
        },
      ),
    );
}

/** For ISMS managers: how the controls stand, what is worst, and what comes due. */
export function posture(): DashboardBuilder {
  const dashboard = new DashboardBuilder('Annexa: ISMS posture')
    .uid('annexa-posture')
    .description(
      'How the controls of ISO/IEC 27001 stand, which are worst and whose they are, and what comes due.',
    )
    .tags(['annexa'])
    .time({ from: 'now-30d', to: 'now' })
    .refresh('5m')
    .variables([...agentVariables(), ...controlVariables(), ...addressVariables()]);
  const rows = [controls, deviations, dueDates];
  return rows
    .reduce((built, row) => row(built), dashboard)
    .link(link('Every control, as the API tells it', '${api}/api/v1/controls'));
}

function due(id: number, what: 'exception' | 'attestation', title: string, description: string) {
  const expiry = `${series(`${what}_expiry_timestamp_seconds`, what)} * 1000`;
  return table(
    { id, title, description, width: 12, height: 7 },
    [['expires', ofLinked(what, `(${expiry})`)]],
    {
      columns: [
        { field: what, name: 'Name' },
        { field: 'owner', name: 'Owner' },
        { field: 'Value', name: 'Expires', unit: 'dateTimeFromNow' },
      ],
      sort: 'Expires',
    },
  );
}
