import { describe, expect, test } from 'vitest';
import { jsonLine, printable, table, textWidth, when } from '../../src/cli/output.ts';

const columns = [{ title: 'CONTROL' }, { title: 'OPEN', align: 'right' }, { title: 'WHY' }] as const;

describe('a table', () => {
  test('has its columns two spaces apart, numbers to the right, and no space at line ends', () => {
    expect(
      table(columns, [
        ['A.5.18', 12, 'two leavers have access'],
        ['A.8.2', 7, ''],
        ['A.8.5', null, 'not assessed'],
      ]),
    ).toEqual([
      'CONTROL  OPEN  WHY',
      'A.5.18     12  two leavers have access',
      'A.8.2       7',
      'A.8.5       -  not assessed',
    ]);
  });

  test('without rows is its titles', () => {
    expect(table(columns, [])).toEqual(['CONTROL  OPEN  WHY']);
  });

  test('wraps its last column to the width of the terminal', () => {
    const lines = table(columns, [['A.5.18', 1, 'one two three four five six seven eight']], 40);
    expect(lines).toEqual([
      'CONTROL  OPEN  WHY',
      'A.5.18      1  one two three four five',
      '               six seven eight',
    ]);
    expect(lines.every((line) => textWidth(line) <= 40)).toBe(true);
  });

  test('breaks a word that is longer than the column, losing nothing', () => {
    const word = 'arn:aws:iam::111122223333:user/'.repeat(3);
    const lines = table([{ title: 'ID' }], [[word]], 30);
    expect(lines.slice(1).join('')).toBe(word);
    expect(Math.max(...lines.map((line) => line.length))).toBe(30);
  });

  test('keeps 20 columns for the last one on a narrow terminal', () => {
    const lines = table(columns, [['A.5.18', 1, 'x'.repeat(45)]], 10);
    expect(lines.slice(1).map((line) => line.trim().replace(/^A\.5\.18 +1 +/, '').length)).toEqual([
      20, 20, 5,
    ]);
  });

  test('counts characters as a terminal shows them', () => {
    expect(textWidth('e\u0301')).toBe(1);
    expect(textWidth('漢字')).toBe(4);
    expect(textWidth('👩‍👩‍👧')).toBe(2);
    const lines = table(
      [{ title: 'NAME' }, { title: 'X' }],
      [
        ['日本', 'x'],
        ['José', 'x'],
      ],
    );
    expect(lines).toEqual(['NAME  X', '日本  x', 'José  x']);
  });

  test('lets no cell steer the terminal or take another line', () => {
    const [, line = ''] = table([{ title: 'USER' }], [['a\u001b[2J\nb\u202ec\u0085d\u2028e\ud800']]);
    expect(line).toBe(String.raw`a\u001b[2J\u000ab\u202ec\u0085d\u2028e\ud800`);
  });
});

describe('printable text', () => {
  test('is left as it is', () => {
    const text = 'José Ørsted — 日本 👩‍👩‍👧 "quoted" \\ back';
    expect(printable(text)).toBe(text);
  });
});

describe('a line of JSON', () => {
  test('is one line that reads back as the same value', () => {
    const value = { a: 'x\ny\u2028z\u0085\u007f', b: [1, null, true] };
    const line = jsonLine(value);
    expect(line).toMatch(/^[\x20-\x7e]+$/);
    expect(JSON.parse(line)).toEqual(value);
  });
});

describe('a moment', () => {
  test('is RFC 3339 in UTC to the second, or a dash', () => {
    expect(when(1_795_321_980)).toBe('2026-11-22T04:33:00Z');
    expect(when(null)).toBe('-');
  });
});
