import type { Frame } from '../ask.ts';
import { fieldOf, mappingsOf, type Panel } from '../panels.ts';
import { escaped, inUnit, shade } from './text.ts';

type Cell = string | number;
type Record_ = ReadonlyMap<string, Cell>;

/** The rows of a table, merged, renamed and sorted as the panel says. Rows that don't fit are counted by the page's script. */
export function tablePanel(panel: Panel, frames: readonly Frame[], now: number): string {
  const organize = panel.transformations.find((one) => one.id === 'organize');
  if (organize === undefined) throw new Error(`${panel.title}: a table without columns`);
  const { indexByName, renameByName } = organize.options;
  const columns = Object.keys(indexByName).toSorted((a, b) => (indexByName[a] ?? 0) - (indexByName[b] ?? 0));
  const heads = columns.map((field) => ({ field, name: renameByName[field] ?? field }));
  const sorted = sort(merged(frames), panel, heads);
  if (sorted.length === 0) return `<div class="none">${escaped(panel.fieldConfig.defaults.noValue)}</div>`;
  const rows = sorted.map((row) => {
    const cells = heads.map(({ field, name }) => cellOf(panel, name, row.get(field), now));
    return `<tr>${cells.join('')}</tr>`;
  });
  const header = heads.map(({ name }) => `<th>${escaped(name)}</th>`).join('');
  return `<table><thead><tr>${header}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

/** Rows of the frames that agree in the fields that they share are one. */
function merged(frames: readonly Frame[]): readonly Record_[] {
  const rows: Map<string, Cell>[] = [];
  for (const { refId, lines } of frames) {
    const valueField = frames.length === 1 ? 'Value' : `Value #${refId}`;
    for (const { labels, points } of lines) {
      const own = new Map<string, Cell>([...Object.entries(labels), [valueField, points[0]?.[1] ?? NaN]]);
      const shared = rows.find(
        (row) =>
          !row.has(valueField) &&
          Object.entries(labels).every(([name, value]) => (row.get(name) ?? value) === value),
      );
      if (shared === undefined) rows.push(own);
      else for (const [name, value] of own) shared.set(name, value);
    }
  }
  return rows;
}

type Head = { readonly field: string; readonly name: string };

function sort(rows: readonly Record_[], { options }: Panel, heads: readonly Head[]): readonly Record_[] {
  const [by] = options.sortBy;
  const field = heads.find(({ name }) => name === by?.displayName)?.field;
  if (by === undefined || field === undefined) return rows;
  const order = new Intl.Collator('en', { numeric: true });
  const compare = (a: Cell, b: Cell): number =>
    typeof a === 'number' && typeof b === 'number' ? a - b : order.compare(String(a), String(b));
  return rows.toSorted((a, b) => compare(a.get(field) ?? '', b.get(field) ?? '') * (by.desc ? -1 : 1));
}

function cellOf(panel: Panel, name: string, value: Cell | undefined, now: number): string {
  const { unit, linked } = fieldOf(panel, name);
  const text = typeof value === 'number' ? inUnit(value, unit, now) : (value ?? '');
  const mapped = mappingsOf(panel)[text];
  const style = mapped === undefined ? '' : ` style="color:${shade(mapped.color)};font-weight:600"`;
  const classes = `${typeof value === 'number' ? 'number' : ''}${linked ? ' linked' : ''}`.trim();
  return `<td class="${classes}"${style}>${escaped(mapped?.text ?? text)}</td>`;
}
