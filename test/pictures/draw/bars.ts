import type { Frame, Line } from '../ask.ts';
import { fieldOf, type Panel } from '../panels.ts';
import { type Box, colourOf, legend, legendHeight, MARGIN, type Named, svg, vertical } from './chart.ts';
import { escaped, inUnit } from './text.ts';

/** Room for the names under the bars, in pixels. */
const NAMES = 34;
/** The same where they are turned, for want of room. */
const TURNED = 102;
/** Pixels of a letter. */
const LETTER = 4.9;
/** A bar's width, of its slot. */
const BAR = 0.7;

/** What the panel's transformations make of its lines: a bar for each row, in parts by column. */
interface Matrix {
  readonly rows: readonly string[];
  readonly columns: readonly Named[];
  readonly value: (row: string, column: string) => number;
}

function matrixOf(panel: Panel, frames: readonly Frame[]): Matrix {
  const grouping = panel.transformations.find((one) => one.id === 'groupingToMatrix');
  if (grouping === undefined) throw new Error(`${panel.title}: bars of what?`);
  const { rowField, columnField } = grouping.options;
  const by = panel.transformations.find((one) => one.id === 'sortBy')?.options.sort[0].field ?? '';
  const order = (a: Line, b: Line): number => ((a.labels[by] ?? '') < (b.labels[by] ?? '') ? -1 : 1);
  const lines = frames.flatMap((frame) => frame.lines).toSorted(order);
  const present = new Set(lines.map(({ labels }) => labels[columnField] ?? ''));
  const names = panel.fieldConfig.overrides
    .map(({ matcher }) => matcher.options)
    .filter((name) => present.has(name));
  return {
    rows: [...new Set(lines.map(({ labels }) => labels[rowField] ?? ''))],
    columns: names.map((name, place) => ({ name, colour: colourOf(fieldOf(panel, name).colour, place) })),
    value: (row, column) =>
      lines.find(({ labels }) => (labels[rowField] ?? '') === row && (labels[columnField] ?? '') === column)
        ?.points[0]?.[1] ?? 0,
  };
}

export function barsPanel(panel: Panel, frames: readonly Frame[], box: Box): string {
  const { rows, columns, value } = matrixOf(panel, frames);
  if (rows.length === 0) return '<div class="none">No data</div>';
  const { unit } = panel.fieldConfig.defaults;
  const inner = { width: box.width, height: box.height - legendHeight(columns, box) };
  const slot = (inner.width - MARGIN.left - MARGIN.right) / rows.length;
  const turned = rows.some((row) => row.split(' ').some((word) => word.length * LETTER > slot));
  const names = turned ? TURNED : NAMES;
  const plot = { width: inner.width, height: inner.height - names + MARGIN.bottom };
  const totals = rows.map((row) => columns.reduce((sum, { name }) => sum + value(row, name), 0));
  const { y, grid } = vertical(Math.max(...totals), unit, plot);
  const shapes = rows.map((row, index) => {
    const left = MARGIN.left + slot * index;
    const parts = columns.map(({ name, colour }, place) => {
      const from = columns.slice(0, place).reduce((sum, below) => sum + value(row, below.name), 0);
      const part = value(row, name);
      const text = inUnit(part, unit, 0);
      return partOf({ colour, text, left, width: slot, top: y(from + part), bottom: y(from) });
    });
    const base = plot.height - MARGIN.bottom;
    const name = escaped(row === '' ? 'none' : row);
    return parts.join('') + (turned ? turnedUnder : nameUnder)(name, left, slot, base);
  });
  return svg(inner, grid + shapes.join('')) + legend(columns);
}

interface Part {
  readonly colour: string;
  readonly text: string;
  readonly left: number;
  readonly width: number;
  readonly top: number;
  readonly bottom: number;
}

/** A part of a bar, with its value where there is room for it. */
function partOf({ colour, text, left, width, top, bottom }: Part): string {
  const [x, middle] = [left + (width * (1 - BAR)) / 2, left + width / 2];
  const rectangle = `<rect x="${x}" width="${width * BAR}" y="${top}" height="${bottom - top}" fill="${colour}" fill-opacity="0.8"/>`;
  if (bottom - top < 11) return rectangle;
  return `${rectangle}<text x="${middle}" y="${(top + bottom) / 2 + 3.5}" class="part" text-anchor="middle">${escaped(text)}</text>`;
}

function nameUnder(name: string, left: number, slot: number, base: number): string {
  return `<foreignObject x="${left}" y="${base + 2}" width="${slot}" height="${NAMES}"><div class="name">${name}</div></foreignObject>`;
}

function turnedUnder(name: string, left: number, slot: number, base: number): string {
  return `<text transform="translate(${left + slot * 0.6} ${base + 12}) rotate(-32)" class="tick" text-anchor="end">${name}</text>`;
}
