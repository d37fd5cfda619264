/** For terminals and pipes alike: plain lines, no colour, nothing that moves the cursor. */

export interface Column {
  readonly title: string;
  /** Numbers read best from the right. Left unless set. */
  readonly align?: 'left' | 'right';
}

export type Cell = string | number | null;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const wide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;

/** Columns of a terminal that a printable text takes. */
export function textWidth(text: string): number {
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += wide.test(segment) ? 2 : 1;
  return width;
}

/**
 * A text on one line in which nothing can steer the terminal: control characters (line ends too), line separators, characters that
 * change the direction of writing and lone surrogates are written as escapes. What a source calls its users is not to be trusted.
 */
export function printable(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A moment, Unix seconds, as RFC 3339 in UTC; `-` for none. */
export function when(instant: number | null): string {
  return instant === null ? '-' : new Date(instant * 1000).toISOString().replace('.000Z', 'Z');
}

/** One line of JSON, as `--json` prints them. Line separators that JSON allows inside strings are escaped. */
export function jsonLine(value: object): string {
  return JSON.stringify(value).replaceAll(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A text in pieces of at most `width` columns: between words where there are any, else between characters. */
function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((whole) => chop(whole, width))) {
    const joined = line === '' ? word : `${line} ${word}`;
    if (textWidth(joined) <= width) {
      line = joined;
    } else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

function chop(word: string, width: number): readonly string[] {
  if (textWidth(word) <= width) return [word];
  const parts: string[] = [];
  let part = '';
  for (const { segment } of graphemes.segment(word)) {
    if (part !== '' && textWidth(part + segment) > width) {
      parts.push(part);
      part = '';
    }
    part += segment;
  }
  return [...parts, part];
}

function pad(text: string, width: number, align: Column['align']): string {
  const space = ' '.repeat(Math.max(0, width - textWidth(text)));
  return align === 'right' ? space + text : text + space;
}

const gap = '  ';
const narrowest = 20;

/**
 * Lines of a table, its titles first: columns two spaces apart, no space at line ends. With `width`, the columns of the terminal, the
 * last column is wrapped to fit (to no less than 20). Cells are made printable; null is `-`.
 */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  width?: number,
): readonly string[] {
  const texts = [columns.map((column) => column.title), ...rows].map((row) =>
    columns.map((_, at) => printable(String(row[at] ?? '-'))),
  );
  const widths = columns.map((_, at) => Math.max(...texts.map((row) => textWidth(row[at] ?? ''))));
  const last = columns.length - 1;
  const before = widths.slice(0, last).reduce((sum, one) => sum + one + gap.length, 0);
  const room = width === undefined ? Number.POSITIVE_INFINITY : Math.max(narrowest, width - before);
  widths[last] = Math.min(widths[last] ?? 0, room);
  return texts.flatMap((row) => {
    const pieces = wrap(row[last] ?? '', room);
    return pieces.map((piece, line) =>
      columns
        .map((column, at) => {
          const text = at === last ? piece : line === 0 ? (row[at] ?? '') : '';
          return pad(text, widths[at] ?? 0, column.align);
        })
        .join(gap)
        .trimEnd(),
    );
  });
}
