import { z } from 'zod';

const target = z.looseObject({
  refId: z.string(),
  expr: z.string(),
  legendFormat: z.string().default(''),
  instant: z.boolean().default(false),
});

const transformation = z.discriminatedUnion('id', [
  z.object({ id: z.literal('merge') }),
  z.object({
    id: z.literal('organize'),
    options: z.object({
      indexByName: z.record(z.string(), z.number()),
      renameByName: z.record(z.string(), z.string()),
    }),
  }),
  z.object({
    id: z.literal('sortBy'),
    options: z.object({ sort: z.tuple([z.object({ field: z.string() })]) }),
  }),
  z.object({
    id: z.literal('groupingToMatrix'),
    options: z.object({ rowField: z.string(), columnField: z.string() }),
  }),
]);

const mapping = z.object({
  options: z.record(z.string(), z.object({ text: z.string(), color: z.string(), index: z.number() })),
});

const override = z.object({
  matcher: z.object({ id: z.literal('byName'), options: z.string() }),
  properties: z.array(z.object({ id: z.string(), value: z.unknown() })),
});

const panel = z.looseObject({
  id: z.int(),
  type: z.enum(['row', 'stat', 'timeseries', 'barchart', 'table', 'state-timeline']),
  title: z.string(),
  gridPos: z.object({ x: z.int(), y: z.int(), w: z.int(), h: z.int() }),
  targets: z.array(target).default([]),
  transformations: z.array(transformation).default([]),
  options: z
    .looseObject({
      sortBy: z.array(z.object({ displayName: z.string(), desc: z.boolean() })).default([]),
      perPage: z.number().optional(),
    })
    .default({ sortBy: [] }),
  fieldConfig: z
    .object({
      defaults: z.looseObject({
        unit: z.string().default('short'),
        noValue: z.string().default(''),
        custom: z
          .looseObject({ stacking: z.object({ mode: z.string() }).default({ mode: 'none' }) })
          .optional(),
        mappings: z.array(mapping).default([]),
      }),
      overrides: z.array(override).default([]),
    })
    .default({ defaults: { unit: 'short', noValue: '', mappings: [] }, overrides: [] }),
});

/** A panel of a dashboard's file, as far as it is drawn. What it has beyond that is refused, so that no drawing leaves it out in silence. */
export type Panel = z.infer<typeof panel>;

const dashboard = z.object({ title: z.string(), uid: z.string(), panels: z.array(panel) });

/** A row's heading with the panels below it. */
export interface Row {
  readonly heading: string;
  readonly panels: readonly Panel[];
}

export function readRows(text: string): {
  readonly title: string;
  readonly uid: string;
  readonly rows: readonly Row[];
} {
  const { title, uid, panels } = dashboard.parse(JSON.parse(text));
  const rows: { heading: string; panels: Panel[] }[] = [];
  for (const one of panels) {
    if (one.type === 'row') rows.push({ heading: one.title, panels: [] });
    else rows.at(-1)?.panels.push(one);
  }
  return { title, uid, rows };
}

/** The unit, the colour and whether there is a link, of a field by the name that it shows. */
export function fieldOf({ fieldConfig: { defaults, overrides } }: Panel, name: string) {
  const own = overrides
    .filter(({ matcher }) => matcher.options === name)
    .flatMap(({ properties }) => properties);
  const property = (id: string) => own.find((one) => one.id === id)?.value;
  const colour = z.object({ fixedColor: z.string() }).safeParse(property('color'));
  return {
    unit: z.string().catch(defaults.unit).parse(property('unit')),
    colour: colour.success ? colour.data.fixedColor : undefined,
    linked: property('links') !== undefined,
  };
}

export function mappingsOf({
  fieldConfig,
}: Panel): Readonly<Record<string, { text: string; color: string }>> {
  return Object.assign({}, ...fieldConfig.defaults.mappings.map(({ options }) => options));
}
