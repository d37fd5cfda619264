import { type Frame, nameOf } from '../ask.ts';
import { fieldOf, type Panel } from '../panels.ts';
import { HOUR } from '../story.ts';
import { type Box, colourOf, horizontal, legend, legendHeight, type Named, svg, vertical } from './chart.ts';

/** How far apart two points may be to be one line, in seconds: what is missing between them was not observed. */
const JOINED = 2 * HOUR;

interface Drawn extends Named {
  /** By time: from where to where it is filled. */
  readonly points: readonly (readonly [at: number, from: number, to: number])[];
}

/** Lines through the month, one over the other or each from 0. */
export function linesPanel(panel: Panel, frames: readonly Frame[], end: number, box: Box): string {
  const stacked = panel.fieldConfig.defaults.custom?.stacking.mode === 'normal';
  const all = frames.flatMap((frame) => frame.lines.map((line) => ({ name: nameOf(frame, line), line })));
  if (all.length === 0) return '<div class="none">No data</div>';
  const heights = new Map<number, number>();
  const drawn = all.map(({ name, line }, place): Drawn => {
    const points = line.points.map(([at, value]) => {
      const from = stacked ? (heights.get(at) ?? 0) : 0;
      heights.set(at, from + value);
      return [at, from, from + value] as const;
    });
    return { name, colour: colourOf(fieldOf(panel, name).colour, place), points };
  });
  const inner = { width: box.width, height: box.height - legendHeight(drawn, box) };
  const most = Math.max(...drawn.flatMap(({ points }) => points.map(([, , to]) => to)));
  const { y, grid } = vertical(most, panel.fieldConfig.defaults.unit, inner);
  const { x, labels } = horizontal(end, inner);
  const shapes = drawn.flatMap(({ points, colour }) =>
    runs(points).map((run) => {
      const upper = run.map(([at, , to]) => `${x(at).toFixed(1)},${y(to).toFixed(1)}`);
      const lower = run.toReversed().map(([at, from]) => `${x(at).toFixed(1)},${y(from).toFixed(1)}`);
      const fill = stacked ? 0.6 : 0.08;
      return (
        `<polygon points="${[...upper, ...lower].join(' ')}" fill="${colour}" fill-opacity="${fill}"/>` +
        `<polyline points="${upper.join(' ')}" fill="none" stroke="${colour}" stroke-width="1.5"/>`
      );
    }),
  );
  return svg(inner, grid + labels + shapes.join('')) + legend(drawn);
}

function runs<P extends readonly [at: number, ...rest: number[]]>(
  points: readonly P[],
): readonly (readonly P[])[] {
  const all: P[][] = [];
  for (const point of points) {
    const last = all.at(-1)?.at(-1);
    if (last !== undefined && point[0] - last[0] <= JOINED) all.at(-1)?.push(point);
    else all.push([point]);
  }
  return all;
}
