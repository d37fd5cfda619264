import {
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  TextBoxVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';

/** The data source that the reader chose. */
export const datasource = { type: 'prometheus', uid: '${datasource}' };

/** What every selector has: the agents that the reader chose. */
export const AGENT = 'job=~"$job", instance=~"$instance"';

function fromLabel(name: string, label: string, description: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .description(description)
    .datasource(datasource)
    .query({ query, refId: `variable-${name}` })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.NaturalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ selected: true, text: 'All', value: '$__all' });
}

export const agentVariables = () => [
  new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'),
  fromLabel('job', 'Job', 'Scrape jobs of agents', 'label_values(annexa_build_info, job)'),
  fromLabel('instance', 'Instance', 'Agents', 'label_values(annexa_build_info{job=~"$job"}, instance)'),
];

export const controlVariables = () => [
  fromLabel('theme', 'Theme', 'Theme of the controls', `label_values(annexa_control_info{${AGENT}}, theme)`),
  fromLabel('owner', 'Owner', 'Owner of the controls', `label_values(annexa_control_info{${AGENT}}, owner)`),
];

export const collectorVariable = () =>
  fromLabel(
    'collector',
    'Collector',
    'Collectors, by name',
    `label_values(annexa_collector_info{${AGENT}}, collector)`,
  );

/** Where links lead. */
export const addressVariables = () => [
  new TextBoxVariableBuilder('api')
    .label('API')
    .description("The agent's address, for links to its API")
    .defaultValue('http://127.0.0.1:8080'),
  new TextBoxVariableBuilder('runbooks')
    .label('Runbooks')
    .description('The address of your copy of docs/runbooks, for links to them')
    .defaultValue('docs/runbooks'),
];
