/**
 * What in an SQL expression ends or hides a part of it: a `;` or a comment outside quotes. SQLite ignores the text after the first
 * `;`, and knows other comments than the parser does, so neither is accepted at all.
 */
export function findTerminator(sql: string): ';' | '--' | '/*' | 'unclosed quote' | undefined {
  for (let at = 0; at < sql.length; at++) {
    const char = sql[at]!;
    const close = CLOSING[char];
    if (close !== undefined) {
      at = sql.indexOf(close, at + 1);
      if (at < 0) return 'unclosed quote';
    } else if (char === ';') return ';';
    else if (char === '-' && sql[at + 1] === '-') return '--';
    else if (char === '/' && sql[at + 1] === '*') return '/*';
  }
  return undefined;
}

// A doubled quote within quotes closes and opens again, which comes to the same here.
const CLOSING: Readonly<Record<string, string>> = { "'": "'", '"': '"', '`': '`', '[': ']' };
