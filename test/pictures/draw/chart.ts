import { dateText, LENGTH } from '../story.ts';
import { escaped, inUnit, shade } from './text.ts';

/** A line with its name and colour. */
export interface Named {
  readonly name: string;
  readonly colour: string;
}

export interface Box {
  readonly width: number;
  readonly height: number;
}

/** Room for the labels of the axes, in pixels. */
export const MARGIN = { left: 44, right: 10, top: 8, bottom: 20 };

/** A round number of which four or five steps reach the largest value. */
function stepOf(most: number): number {
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 2.5, 5, 10].map((times) => times * power).find((step) => step >= rough) ?? rough;
}

/** Grid and labels of a vertical axis from 0, and where a value lies on it. */
export function vertical(most: number, unit: string, { width, height }: Box) {
  const step = most > 0 ? stepOf(unit === 'short' ? Math.max(most, 4) : most) : 1;
  const top = Math.max(step, Math.ceil(most / step - 1e-9) * step);
  const span = height - MARGIN.top - MARGIN.bottom;
  const y = (value: number): number => MARGIN.top + span * (1 - value / top);
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step);
  const grid = ticks.map(
    (tick) =>
      `<line x1="${MARGIN.left}" x2="${width - MARGIN.right}" y1="${y(tick)}" y2="${y(tick)}" class="grid"/>` +
      `<text x="${MARGIN.left - 6}" y="${y(tick) + 3.5}" class="tick" text-anchor="end">${escaped(inUnit(tick, unit, 0))}</text>`,
  );
  return { y, grid: grid.join('') };
}

/** Days along a horizontal axis through the month, and where an instant lies on it. */
export function horizontal(end: number, { width, height }: Box, left = MARGIN.left) {
  const x = (at: number): number => left + ((at - end + LENGTH) / LENGTH) * (width - left - MARGIN.right);
  const first = Math.ceil((end - LENGTH) / 86_400);
  const days = Array.from({ length: LENGTH / 86_400 }, (_, index) => (first + index) * 86_400);
  const labels = days
    .filter((day, index) => index % (width < 420 ? 7 : 4) === 1 && x(day) < width - 20)
    .map(
      (day) =>
        `<text x="${x(day)}" y="${height - 5}" class="tick" text-anchor="middle">${dayText(day)}</text>`,
    );
  return { x, labels: labels.join('') };
}

/** `11-05` */
const dayText = (day: number): string => dateText(day).slice(5);

export function legend(all: readonly Named[]): string {
  const items = all.map(
    ({ name, colour }) => `<span><i style="background:${colour}"></i>${escaped(name)}</span>`,
  );
  return `<div class="legend">${items.join('')}</div>`;
}

/** How high a legend of these names is, in pixels: two lines at most. */
export function legendHeight(all: readonly Named[], { width }: Box): number {
  const needed = all.reduce((sum, { name }) => sum + name.length * 6 + 30, 0);
  return needed > width ? 38 : 22;
}

export function svg({ width, height }: Box, content: string): string {
  return `<svg width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${content}</svg>`;
}

export const colourOf = (colour: string | undefined, place: number): string => shade(colour, place);
