import { numberText, unhide } from '../text.ts';

/** Markup, as opposed to text that has yet to be escaped. */
export interface Html {
  readonly html: string;
}

export type Content = string | number | null | undefined | Html | readonly Content[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Markup from a template, without its indents: all that is put in is escaped, unless it is markup itself. */
export function safe(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  const fixed = strings.map((part) => part.replace(/\n\s*/g, '\n'));
  return { html: fixed.map((part, at) => (at === 0 ? '' : markup(values[at - 1])) + part).join('') };
}

function markup(content: Content): string {
  if (content === null || content === undefined) return '';
  if (typeof content === 'number') return String(content);
  if (typeof content === 'string') return escape(content);
  return 'html' in content ? content.html : content.map(markup).join('');
}

/** Hidden characters are shown by their names. */
function escape(text: string): string {
  const safe = text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
  return unhide(safe, (name) => `<span class="hidden-character">${name}</span>`);
}

/** An id for an anchor, of letters, digits, `-`, `.` and `_`. */
export function anchor(...parts: readonly string[]): string {
  return parts.join('-').replace(/[^A-Za-z0-9._-]/g, (char) => `_${char.codePointAt(0)}_`);
}

/** Rows that a table may have; the rest is in the file that it points to. */
const MAX_ROWS = 1000;
/** Tables of no more rows are kept on one page. */
const SHORT = 8;

export interface Table {
  readonly caption: Content;
  readonly columns: readonly string[];
  /** The first cell heads its row. */
  readonly rows: Iterable<readonly Content[]>;
  /** How many there are, and the file that has all. */
  readonly total: number;
  readonly file: string;
  readonly kind?: string;
}

export function* table({ caption, columns, rows, total, file, kind = '' }: Table): Generator<string> {
  const heads = columns.map((column) => safe`<th scope="col">${column}</th>`);
  const classes = `${kind}${total <= SHORT ? ' short' : ''}`.trim();
  yield safe`<table class="${classes}">
    <caption>${caption}</caption>
    <thead><tr>${heads}</tr></thead>
    <tbody>
`.html;
  let number = 0;
  for (const [first, ...rest] of rows) {
    if (number === MAX_ROWS) break;
    number += 1;
    const cells = rest.map(cellOf);
    yield safe`<tr><th scope="row">${timed(first)}</th>${cells}</tr>
`.html;
  }
  yield '</tbody></table>\n';
  if (total > number)
    yield safe`<p class="cut">
      The first ${numberText(number)} of ${numberText(total)} rows; all of them are in <code>${file}</code>.
    </p>
`.html;
}

/** A short word is not broken. */
function cellOf(content: Content): Html {
  const whole = typeof content === 'string' && /^[\w .,-]{1,14}$/.test(content);
  return whole ? safe`<td class="whole">${content}</td>` : safe`<td>${timed(content)}</td>`;
}

/** A path breaks after its slashes. */
export function path(text: string): Html {
  return { html: text.split('/').map(escape).join('/<wbr>') };
}

/** Times break between day and hour alone. */
function timed(content: Content): Content {
  if (typeof content !== 'string') return content;
  const part = (text: string) => `<span class="whole">${text}</span>`;
  const day = /\b(\d{4}-\d\d-\d\dT)(\d\d:\d\d:\d\dZ)/g;
  return {
    html: markup(content).replace(day, (_, date: string, time: string) => `${part(date)}<wbr>${part(time)}`),
  };
}

/** As many rows as a table may have. */
export function* firstRows<T>(
  rows: Iterable<T>,
  show: (row: T) => readonly Content[],
): Generator<readonly Content[]> {
  let number = 0;
  for (const row of rows) {
    if (number === MAX_ROWS) return;
    number += 1;
    yield show(row);
  }
}
