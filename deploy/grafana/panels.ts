import {
  DashboardLinkBuilder,
  type DynamicConfigValue,
  FieldColorBuilder,
  FieldColorModeId,
  MappingType,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as BarChart } from '@grafana/grafana-foundation-sdk/barchart';
import {
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  TableCellDisplayMode,
  TableSortByFieldStateBuilder,
  VizLegendOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries';
import { datasource } from './variables.ts';

/** What every panel has. Ids are written down and never given again: links and alerts of others name them. */
export interface About {
  readonly id: number;
  readonly title: string;
  readonly description: string;
  readonly unit?: string;
  /** Of the 24 columns, and in rows. */
  readonly width: number;
  readonly height?: number;
}

/** Legend, and expression. */
export type Query = readonly [legend: string, expression: string];

const letters = 'ABCDEFGHIJ';

function refId(index: number): string {
  const letter = letters[index];
  if (letter === undefined) throw new Error(`a panel has more than ${letters.length} queries`);
  return letter;
}

function query([legend, expression]: Query, index: number): DataqueryBuilder {
  return new DataqueryBuilder()
    .refId(refId(index))
    .datasource(datasource)
    .expr(expression)
    .legendFormat(legend);
}

const ranges = (queries: readonly Query[]) => queries.map((one, index) => query(one, index).range());
const instants = (queries: readonly Query[]) => queries.map((one, index) => query(one, index).instant());
const rows = (queries: readonly Query[]) =>
  queries.map((one, index) => query(one, index).instant().format(PromQueryFormat.Table));

export const statusColours = {
  effective: 'green',
  accepted: 'blue',
  correcting: 'yellow',
  unknown: 'orange',
  ineffective: 'red',
  not_applicable: 'gray',
} as const;

export const severityColours = {
  critical: 'dark-red',
  high: 'red',
  medium: 'orange',
  low: 'yellow',
} as const;

const fixed = (name: string, fixedColor: string) =>
  [name, [{ id: 'color', value: { mode: FieldColorModeId.Fixed, fixedColor } }]] as const;

type Colours = Readonly<Record<string, string>>;

export function stat(about: About, queries: readonly Query[], colours: Colours = {}): Stat {
  const panel = new Stat()
    .id(about.id)
    .title(about.title)
    .description(about.description)
    .datasource(datasource)
    .unit(about.unit ?? 'short')
    .span(about.width)
    .height(about.height ?? 4)
    .noValue('none')
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Fixed).fixedColor('text'))
    .targets(instants(queries));
  for (const [name, colour] of Object.entries(colours)) panel.overrideByName(...own(fixed(name, colour)));
  return panel;
}

/** The names of the colours, under what is drawn in them. */
const legendBelow = () =>
  new VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(LegendDisplayMode.List)
    .placement(LegendPlacement.Bottom)
    .calcs([]);

/** A copy that may be changed: the library's types ask for one. */
function own<T>([name, values]: readonly [string, readonly T[]]): [string, T[]] {
  return [name, [...values]];
}

export interface Lines {
  readonly stacked?: boolean;
  readonly colours?: Colours;
}

export function lines(about: About, queries: readonly Query[], { stacked, colours }: Lines = {}): TimeSeries {
  const panel = new TimeSeries()
    .id(about.id)
    .title(about.title)
    .description(about.description)
    .datasource(datasource)
    .unit(about.unit ?? 'short')
    .span(about.width)
    .height(about.height ?? 8)
    .min(0)
    .fillOpacity(stacked === true ? 60 : 8)
    .legend(legendBelow())
    .targets(ranges(queries));
  if (stacked === true) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal));
  for (const [name, colour] of Object.entries(colours ?? {}))
    panel.overrideByName(...own(fixed(name, colour)));
  return panel;
}

/** How a column is called, and what it shows. */
export interface Column {
  readonly field: string;
  readonly name: string;
  readonly unit?: string;
  /** `${__value.text}` stands for the cell. */
  readonly link?: string;
  /** Its texts have the table's colours. */
  readonly coloured?: true;
}

export interface Rows {
  readonly columns: readonly Column[];
  /** The name of the column, descending with a minus before it. */
  readonly sort: string;
  readonly colours?: Colours;
}

export function table(about: About, queries: readonly Query[], { columns, sort, colours }: Rows): Table {
  const panel = new Table()
    .id(about.id)
    .title(about.title)
    .description(about.description)
    .datasource(datasource)
    .span(about.width)
    .height(about.height ?? 9)
    .noValue('none')
    .filterable(true)
    .targets(rows(queries))
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        includeByName: Object.fromEntries(columns.map(({ field }) => [field, true])),
        indexByName: Object.fromEntries(columns.map(({ field }, index) => [field, index])),
        renameByName: Object.fromEntries(columns.map(({ field, name }) => [field, name])),
      },
    })
    .sortBy([
      new TableSortByFieldStateBuilder().displayName(sort.replace(/^-/, '')).desc(sort.startsWith('-')),
    ]);
  for (const column of columns) panel.overrideByName(column.name, properties(column));
  if (colours !== undefined) panel.mappings([coloured(colours)]);
  return panel;
}

function properties({ unit, link, coloured }: Column): DynamicConfigValue[] {
  return [
    ...(unit === undefined ? [] : [{ id: 'unit', value: unit }]),
    ...(coloured === undefined
      ? []
      : [{ id: 'custom.cellOptions', value: { type: TableCellDisplayMode.ColorText } }]),
    ...(link === undefined
      ? []
      : [{ id: 'links', value: [{ title: 'Look it up', url: link, targetBlank: true }] }]),
  ];
}

/** Texts in their colours. */
function coloured(colours: Colours): ValueMapping {
  const options = Object.fromEntries(
    Object.entries(colours).map(([text, color], index) => [text, { text, color, index }]),
  );
  return { type: MappingType.ValueToText, options };
}

/** A bar for each `rowLabel`, in parts by `columnLabel`. */
export function bars(
  about: About,
  [legend, expression]: Query,
  [rowLabel, columnLabel]: readonly [string, string],
  colours: Colours,
): BarChart {
  const panel = new BarChart()
    .id(about.id)
    .title(about.title)
    .description(about.description)
    .datasource(datasource)
    .unit(about.unit ?? 'short')
    .span(about.width)
    .height(about.height ?? 8)
    .stacking(StackingMode.Normal)
    .legend(legendBelow())
    .targets(rows([[legend, expression]]))
    // Prometheus answers in any order.
    .withTransformation({ id: 'sortBy', options: { fields: {}, sort: [{ field: rowLabel }] } })
    .withTransformation({
      id: 'groupingToMatrix',
      options: { rowField: rowLabel, columnField: columnLabel, valueField: 'Value', emptyValue: 'zero' },
    });
  for (const [name, colour] of Object.entries(colours)) panel.overrideByName(...own(fixed(name, colour)));
  return panel;
}

export function link(title: string, url: string): DashboardLinkBuilder {
  return new DashboardLinkBuilder(title).url(url).targetBlank(true);
}
