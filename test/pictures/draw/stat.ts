import { type Frame, nameOf } from '../ask.ts';
import { fieldOf, type Panel } from '../panels.ts';
import type { Box } from './chart.ts';
import { escaped, inUnit, shade } from './text.ts';

/** The last value of each line, large. */
export function statPanel(panel: Panel, frames: readonly Frame[], now: number, box: Box): string {
  const all = frames.flatMap((frame) => frame.lines.map((line) => ({ name: nameOf(frame, line), line })));
  const values = all.map(({ name, line }) => {
    const { unit, colour } = fieldOf(panel, name);
    const text = inUnit(line.points.at(-1)?.[1] ?? NaN, unit, now);
    const size = Math.min(40, box.height * 0.62, ((box.width / all.length) * 1.5) / text.length);
    const told = all.length > 1 ? `<small>${escaped(name)}</small>` : '';
    return `<div style="color:${shade(colour ?? 'text')};font-size:${size.toFixed(0)}px">${told}${escaped(text)}</div>`;
  });
  return `<div class="stat">${values.length === 0 ? `<div>${escaped(panel.fieldConfig.defaults.noValue)}</div>` : values.join('')}</div>`;
}
