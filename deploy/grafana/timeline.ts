import { MappingType } from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/statetimeline';
import { statusColours } from './panels.ts';
import { ofControls, series } from './queries.ts';
import { datasource } from './variables.ts';

/** The panel shows numbers: a status is one more than its place here. */
const statuses = ['effective', 'accepted', 'correcting', 'unknown', 'ineffective', 'not_applicable'] as const;

/** The status of each control through the period, a row a control. */
export function timeline(id: number): PanelBuilder {
  const terms = statuses.map(
    (status, index) => `${index + 1} * ${series('control_status', 'control', `status="${status}"`)}`,
  );
  const options = Object.fromEntries(
    statuses.map((status, index) => [
      String(index + 1),
      { text: status.replace('_', ' '), color: statusColours[status], index },
    ]),
  );
  return new PanelBuilder()
    .id(id)
    .title('Controls through the period')
    .description(
      'A row for each chosen control. Where a row has a gap, nothing was observed. Choose a theme or an owner to see few.',
    )
    .datasource(datasource)
    .span(24)
    .height(16)
    .perPage(25)
    .mappings([{ type: MappingType.ValueToText, options }])
    .targets([
      new DataqueryBuilder()
        .refId('A')
        .datasource(datasource)
        .range()
        .legendFormat('{{control}}')
        .expr(ofControls(`(${terms.join(' + ')})`)),
    ]);
}
