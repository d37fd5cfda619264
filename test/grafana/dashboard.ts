import { z } from 'zod';

const target = z.looseObject({
  refId: z.string(),
  expr: z.string(),
  datasource: z.object({ type: z.string(), uid: z.string() }),
  instant: z.boolean().optional(),
  range: z.boolean().optional(),
});

const gridPos = z.object({ x: z.int(), y: z.int(), w: z.int(), h: z.int() });

const panel = z.looseObject({
  id: z.int(),
  type: z.string(),
  title: z.string(),
  description: z.string().optional(),
  gridPos,
  targets: z.array(target).optional(),
});

const variable = z.looseObject({
  name: z.string(),
  type: z.enum(['datasource', 'query', 'textbox']),
  query: z.union([z.string(), z.looseObject({ query: z.string() })]).optional(),
});

const dashboard = z.looseObject({
  uid: z.string(),
  title: z.string(),
  panels: z.array(panel),
  templating: z.object({ list: z.array(variable) }),
});

export type Dashboard = z.infer<typeof dashboard>;

export interface VariableQuery {
  readonly name: string;
  readonly label: string;
  readonly selector: string;
}

export interface PanelQuery {
  readonly panel: number;
  readonly title: string;
  readonly refId: string;
  readonly expression: string;
}

/** What a dashboard's file asks Prometheus. */
export function readDashboard(text: string): {
  readonly dashboard: Dashboard;
  readonly variables: readonly VariableQuery[];
  readonly queries: readonly PanelQuery[];
} {
  const parsed = dashboard.parse(JSON.parse(text));
  const variables = parsed.templating.list.flatMap(({ name, type, query }) => {
    if (type !== 'query') return [];
    const asked = typeof query === 'string' ? query : (query?.query ?? '');
    const [, selector = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(asked) ?? [];
    return [{ name, label, selector }];
  });
  const queries = parsed.panels.flatMap(({ id, title, targets }) =>
    (targets ?? []).map(({ refId, expr }) => ({ panel: id, title, refId, expression: expr })),
  );
  return { dashboard: parsed, variables, queries };
}

/** As Grafana does, with everything chosen and the last minute shown. */
export function filled(expression: string): string {
  return expression
    .replaceAll('$__rate_interval', '10s')
    .replaceAll('$__range', '1m')
    .replaceAll('$__interval', '1s')
    .replaceAll(/\$(?:job|instance|theme|owner|collector)\b/g, '.*');
}

/**
 * Queries by panel, letter and title that have nothing to show of the sample on its first day, in which each control that fails has an aspect
 * that nobody examines (unknown, and never known before), no alert fires, and neither authority, witness, token nor certificate is
 * configured.
 */
export const emptyInSample: Readonly<Record<string, readonly string[]>> = {
  'annexa-posture.json': [
    '9A Worst: ineffective, and being corrected',
    '9B Worst: ineffective, and being corrected',
    '11A No longer known',
    '12A Accepted',
    '12B Accepted',
    '18A Alerts',
  ],
  'annexa-coverage.json': [],
  'annexa-agent.json': [
    '23A Conditions that hold',
    '24A Denied requests',
    '25A Tokens and certificate by expiry',
    '25B Tokens and certificate by expiry',
    '17A Timestamps that failed',
    '18A Entries that a witness has not seen',
    '19A Witnesses: failures and refusals',
    '19B Witnesses: failures and refusals',
  ],
};
