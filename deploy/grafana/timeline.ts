import { MappingType } from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/statetimeline';
import { statusColours } from './panels.ts';
import { ofControls, series } from './queries.ts';
import { datasource } from './variables.ts';

/** A number for each status, as the panel has no texts. */
const numbers = {
  effective: 1,
  accepted: 2,
  correcting: 3,
  unknown: 4,
  ineffective: 5,
  not_applicable: 6,
} as const;

/** The status of each control through the period, a row a control. */
export function timeline(id: number): PanelBuilder {
  const terms = Object.entries(numbers).map(
    ([status, number]) => `${number} * ${series('control_status', 'control', `status="${status}"`)}`,
  );
  const options = Object.fromEntries(
    Object.entries(numbers).map(([status, number]) => [
      String(number),
      { text: status.replace('_', ' '), color: statusColours[status as keyof typeof numbers], index: number },
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
