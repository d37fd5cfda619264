import { ask, type Asked } from '../ask.ts';
import type { Panel, Row } from '../panels.ts';
import { barsPanel } from './bars.ts';
import { linesPanel } from './lines.ts';
import { statPanel } from './stat.ts';
import { tablePanel } from './table.ts';
import { escaped } from './text.ts';
import { timelinePanel } from './timeline.ts';

/** Pixels of the page: its width, one of 24 columns, one row of the grid, and between panels. */
const WIDTH = 1000;
const UNIT = 31;
const GAP = 6;
const TITLE = 26;

const STYLE = `
* { box-sizing: border-box; }
body { margin: 0; width: ${WIDTH}px; background: #f4f5f5; color: #24292e; font: 12px/1.35 Inter, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 13px; font-weight: 600; margin: 0; padding: 10px 8px 6px; }
h1 span { color: #6e7780; font-weight: 400; }
#grid { position: relative; }
.panel { position: absolute; background: #fff; border: 1px solid #dcdfe3; border-radius: 3px; overflow: hidden; }
h2 { font-size: 12px; font-weight: 600; margin: 0; height: ${TITLE}px; padding: 6px 8px 0; white-space: nowrap; overflow: hidden; }
.stat { display: flex; align-items: center; justify-content: space-around; height: calc(100% - ${TITLE + 6}px); font-weight: 600; }
.stat small { display: block; font-size: 12px; color: #6e7780; font-weight: 400; }
.none { display: grid; place-content: center; height: calc(100% - ${TITLE + 6}px); color: #6e7780; }
.grid { stroke: #e6e8eb; } .tick { font-size: 10.5px; fill: #59626b; } .part { font-size: 10.5px; fill: #fff; font-weight: 600; }
.name { font-size: 10px; line-height: 1.15; text-align: center; color: #59626b; }
.legend { padding: 0 10px; font-size: 11px; line-height: 16px; max-height: 34px; overflow: hidden; } .legend span { white-space: nowrap; } .legend span { margin-right: 10px; } .legend i { display: inline-block; width: 12px; height: 4px; border-radius: 2px; margin-right: 5px; vertical-align: middle; }
.more { color: #6e7780; float: right; } .legend b { color: #6e7780; font-weight: 400; }
table { border-collapse: collapse; width: calc(100% - 12px); margin: 0 6px; font-size: 11.5px; }
th { text-align: left; font-weight: 600; color: #59626b; padding: 3px 6px; border-bottom: 1px solid #dcdfe3; }
td { padding: 3.5px 6px; border-bottom: 1px solid #eceef0; vertical-align: top; }
td.number { white-space: nowrap; } .linked { color: #1f62c7; white-space: nowrap; }
p { margin: 0; padding: 3px 12px; color: #6e7780; font-size: 11px; }
`;

/** Takes out the rows of a table, and the names of a legend, that the panel has no room for, and says how many. */
const FIT = `
for (const legend of document.querySelectorAll('.legend')) {
  const names = [...legend.querySelectorAll('span:has(i)')];
  let gone = 0;
  while (legend.scrollHeight > legend.clientHeight && names.length > 0) {
    names.pop().remove();
    gone += 1;
    legend.querySelector('b')?.remove();
    legend.insertAdjacentHTML('beforeend', '<b>' + gone + ' more</b>');
  }
}
for (const panel of document.querySelectorAll('.panel:has(table)')) {
  const rows = [...panel.querySelectorAll('tbody tr')];
  let gone = 0;
  while (panel.scrollHeight > panel.clientHeight && rows.length > 0) {
    rows.pop().remove();
    gone += 1;
    panel.querySelector('p')?.remove();
    panel.insertAdjacentHTML('beforeend', '<p>' + gone + ' more by scrolling</p>');
  }
}
`;

/** Rows of a dashboard as one page: every panel at its place, with what Prometheus answers. */
export async function dashboardPage(title: string, rows: readonly Row[], asked: Asked): Promise<string> {
  const parts: string[] = [];
  let top = 0;
  for (const { heading, panels } of rows) {
    parts.push(
      `<h1 style="position:absolute;top:${top}px">${escaped(title)} <span>› ${escaped(heading)}</span></h1>`,
    );
    top += 34;
    const first = Math.min(...panels.map(({ gridPos }) => gridPos.y));
    for (const panel of panels) parts.push(await panelBox(panel, top - first * UNIT, asked));
    top += (Math.max(...panels.map(({ gridPos: { y, h } }) => y + h)) - first) * UNIT;
  }
  return `<!doctype html><html lang="en"><meta charset="utf-8"><style>${STYLE}</style><body><div id="grid" style="height:${top + GAP}px">${parts.join('\n')}</div><script>${FIT}</script></body></html>`;
}

async function panelBox(panel: Panel, offset: number, asked: Asked): Promise<string> {
  const { x, y, w, h } = panel.gridPos;
  const column = (WIDTH - GAP) / 24;
  const box = { width: w * column - GAP, height: h * UNIT - GAP };
  const place = `left:${(x * column + GAP).toFixed(1)}px;top:${y * UNIT + offset}px;width:${box.width.toFixed(1)}px;height:${box.height}px`;
  const inner = { width: box.width - 2, height: box.height - TITLE - 4 };
  const content = await contentOf(panel, asked, inner);
  return `<div class="panel" style="${place}"><h2>${escaped(panel.title)}</h2>${content}</div>`;
}

async function contentOf(
  panel: Panel,
  asked: Asked,
  box: { width: number; height: number },
): Promise<string> {
  const frames = await ask(asked, panel);
  switch (panel.type) {
    case 'stat':
      return statPanel(panel, frames, asked.end, box);
    case 'timeseries':
      return linesPanel(panel, frames, asked.end, box);
    case 'barchart':
      return barsPanel(panel, frames, box);
    case 'table':
      return tablePanel(panel, frames, asked.end);
    case 'state-timeline':
      return timelinePanel(panel, frames, asked.end, box);
    default:
      throw new Error('a row has no content');
  }
}
