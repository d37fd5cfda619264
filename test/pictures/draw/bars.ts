import type { Frame, Line } from '../ask.ts';
import { fieldOf, type Panel } from '../panels.ts';
import { type Box, colourOf, legend, legendHeight, MARGIN, svg, vertical } from './chart.ts';
import { escaped, inUnit } from './text.ts';

/** Room for the names under the bars, in pixels. */
const NAMES = 34;
/** The same where they are turned, for want of room. */
const TURNED = 84;

/** A bar for each row of the matrix, in parts by its columns. */
export function barsPanel(panel: Panel, frames: readonly Frame[], box: Box): string {
  const matrix = panel.transformations.find((one) => one.id === 'groupingToMatrix');
  const by = panel.transformations.find((one) => one.id === 'sortBy')?.options.sort[0].field ?? '';
  const order = (a: Line, b: Line): number => ((a.labels[by] ?? '') < (b.labels[by] ?? '') ? -1 : 1);
  const lines = frames.flatMap((frame) => frame.lines).toSorted(order);
  if (matrix === undefined || lines.length === 0) return '<div class="none">No data</div>';
  const { rowField, columnField } = matrix.options;
  const rows = Map.groupBy(lines, ({ labels }) => labels[rowField] ?? '');
  const columns = [...new Set(lines.map(({ labels }) => labels[columnField] ?? ''))];
  const ordered = panel.fieldConfig.overrides
    .map(({ matcher }) => matcher.options)
    .filter((name) => columns.includes(name));
  const named = ordered.map((name, place) => ({
    name,
    colour: colourOf(fieldOf(panel, name).colour, place),
  }));
  const value = (row: string, column: string): number =>
    rows.get(row)?.find(({ labels }) => labels[columnField] === column)?.points[0]?.[1] ?? 0;
  const totals = [...rows.keys()].map((row) => ordered.reduce((sum, column) => sum + value(row, column), 0));
  const inner = { width: box.width, height: box.height - legendHeight(named, box) };
  const turned = inner.width / rows.size < 60;
  const names = turned ? TURNED : NAMES;
  const plot = { width: inner.width, height: inner.height - names + MARGIN.bottom };
  const { y, grid } = vertical(Math.max(...totals), panel.fieldConfig.defaults.unit, plot);
  const slot = (inner.width - MARGIN.left - MARGIN.right) / rows.size;
  const shapes = [...rows.keys()].map((row, index) => {
    const left = MARGIN.left + slot * index + slot * 0.15;
    let from = 0;
    const parts = named.map(({ name, colour }) => {
      const part = value(row, name);
      const [bottom, top] = [y(from), y(from + part)];
      from += part;
      const told =
        bottom - top < 11
          ? ''
          : `<text x="${left + slot * 0.35}" y="${(top + bottom) / 2 + 3.5}" class="part" text-anchor="middle">${escaped(inUnit(part, panel.fieldConfig.defaults.unit, 0))}</text>`;
      return `<rect x="${left}" width="${slot * 0.7}" y="${top}" height="${bottom - top}" fill="${colour}" fill-opacity="0.8"/>${told}`;
    });
    const base = plot.height - MARGIN.bottom + 2;
    const name = escaped(row === '' ? 'none' : row);
    const label = turned
      ? `<text transform="translate(${left + slot * 0.45} ${base + 10}) rotate(-32)" class="tick" text-anchor="end">${name}</text>`
      : `<foreignObject x="${left - slot * 0.15}" y="${base}" width="${slot}" height="${names}"><div class="name">${name}</div></foreignObject>`;
    return parts.join('') + label;
  });
  return svg(inner, grid + shapes.join('')) + legend(named);
}
