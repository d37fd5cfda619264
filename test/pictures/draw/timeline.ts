import { type Frame, nameOf } from '../ask.ts';
import { mappingsOf, type Panel } from '../panels.ts';
import { HOUR } from '../story.ts';
import { type Box, horizontal, legend, legendHeight, MARGIN, svg } from './chart.ts';
import { escaped, shade } from './text.ts';

/** A row for each line of the first page, its states as coloured spans. */
export function timelinePanel(panel: Panel, frames: readonly Frame[], end: number, box: Box): string {
  const all = frames
    .flatMap((frame) => frame.lines.map((line) => ({ name: nameOf(frame, line), line })))
    .toSorted((a, b) => new Intl.Collator('en', { numeric: true }).compare(a.name, b.name));
  const shown = all.slice(0, panel.options.perPage ?? all.length);
  const mappings = mappingsOf(panel);
  const states = Object.values(mappings).map(({ text, color }) => ({ name: text, colour: shade(color) }));
  const inner = { width: box.width, height: box.height - legendHeight(states, box) };
  const { x, labels } = horizontal(end, inner, 56);
  const slot = (inner.height - MARGIN.bottom) / shown.length;
  const rows = shown.map(({ name, line }, index) => {
    const top = index * slot + 1.5;
    const spans = stretches(line.points).map(([from, to, value]) => {
      const colour = shade(mappings[String(value)]?.color);
      return `<rect x="${x(from).toFixed(1)}" width="${(x(to) - x(from)).toFixed(1)}" y="${top}" height="${slot - 3}" fill="${colour}" fill-opacity="0.75"/>`;
    });
    return `<text x="50" y="${top + slot / 2 + 2}" class="tick" text-anchor="end">${escaped(name)}</text>${spans.join('')}`;
  });
  const pages =
    all.length > shown.length ? `<span class="more">1 to ${shown.length} of ${all.length}</span>` : '';
  return svg(inner, labels + rows.join('')) + legend(states).replace('</div>', `${pages}</div>`);
}

/** From when until when a line has had one value without a gap. */
function stretches(
  points: readonly (readonly [at: number, value: number])[],
): readonly (readonly [from: number, to: number, value: number])[] {
  const all: [number, number, number][] = [];
  for (const [at, value] of points) {
    const last = all.at(-1);
    const goesOn = last !== undefined && at - last[1] <= 2 * HOUR;
    if (goesOn) last[1] = at;
    if (!goesOn || last[2] !== value) all.push([at, at, value]);
  }
  return all;
}
