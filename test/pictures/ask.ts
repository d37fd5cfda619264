import { z } from 'zod';
import type { Panel } from './panels.ts';
import { DAY, HOUR, LENGTH } from './story.ts';

/** Of a dashboard's variables and of the chosen month, as Grafana fills them in with everything chosen. */
function filled(expression: string): string {
  return expression
    .replaceAll('$__rate_interval', '1d')
    .replaceAll('$__range', `${LENGTH / DAY}d`)
    .replaceAll('$__interval', '1h')
    .replaceAll(/\$(?:job|instance|theme|owner|collector)\b/g, '.*');
}

export type Labels = Readonly<Record<string, string>>;

export interface Line {
  readonly labels: Labels;
  readonly points: readonly (readonly [at: number, value: number])[];
}

export interface Frame {
  readonly refId: string;
  readonly legend: string;
  readonly lines: readonly Line[];
}

const point = z.tuple([z.number(), z.string()]);
const answer = z.object({
  data: z.object({
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        value: point.optional(),
        values: z.array(point).optional(),
      }),
    ),
  }),
});

export interface Asked {
  /** Of Prometheus, without a slash at its end. */
  readonly url: string;
  /** Unix seconds. */
  readonly end: number;
}

/** What each query of a panel answers: at the end of the month, or through it. */
export async function ask({ url, end }: Asked, { targets, title }: Panel): Promise<readonly Frame[]> {
  const frames: Frame[] = [];
  for (const { refId, expr, legendFormat, instant } of targets) {
    const query = filled(expr);
    const asked: Record<string, string> = instant
      ? { query, time: String(end) }
      : { query, start: String(end - LENGTH), end: String(end), step: String(2 * HOUR) };
    const path = instant ? 'query' : 'query_range';
    const response = await fetch(`${url}/api/v1/${path}`, {
      method: 'POST',
      body: new URLSearchParams(asked),
    });
    if (!response.ok) throw new Error(`${title}: ${await response.text()}`);
    const { data } = answer.parse(await response.json());
    const lines = data.result.map(({ metric, value, values }) => {
      const { __name__: _, ...labels } = metric;
      const points = (value === undefined ? (values ?? []) : [value]).map(
        ([at, text]) => [at, Number(text)] as const,
      );
      return { labels, points };
    });
    frames.push({ refId, legend: legendFormat, lines });
  }
  return frames;
}

/** The name of a line, as the legend's format tells it. */
export function nameOf({ legend }: Frame, { labels }: Line): string {
  return legend.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? '');
}
