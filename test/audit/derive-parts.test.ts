import { DatabaseSync } from 'node:sqlite';
import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { csvFile } from '../../src/audit/derive/csv.ts';
import { checkView, populationView, sqliteNeeded } from '../../src/audit/derive/inventory-views.ts';
import { firstRows, path, safe, table } from '../../src/audit/derive/report/html.ts';
import { StatusClock } from '../../src/audit/derive/status-clock.ts';
import { numberText, shareText, unhide } from '../../src/audit/derive/text.ts';
import { spanText } from '../../src/controls/words.ts';
import { statementTimes } from '../../src/audit/derive/times.ts';
import { own } from '../../src/engine/own.ts';
import type { Sealed } from '../../src/evidence/contract.ts';
import type { CheckQuery } from '../../src/inventory/query-contract.ts';

describe('a CSV file', () => {
  const text = async (rows: readonly (readonly string[])[]) =>
    Buffer.concat(await Array.fromAsync(csvFile(['a', 'b'], rows))).toString();

  test('without rows is its header', async () => {
    expect(await text([])).toBe('a,b\r\n');
  });

  test.each(['=1', '+1', '-1', '@a', '\tx', '\rx', '＝1', '＋1', '－1', '＠a'])(
    'disarms %j',
    async (value) => {
      expect(parse(await text([['x', value]]))[1]).toEqual(['x', `'${value}`]);
    },
  );

  test.each(['a,b', 'a"b', 'a\nb', 'a\r\nb', ' a ', ''])('gives %j back as it was', async (value) => {
    expect(parse(await text([['x', value]]))[1]).toEqual(['x', value]);
  });

  test('writes more rows than one piece holds, and refuses one of another width', async () => {
    const rows = Array.from({ length: 1234 }, (_, at) => ['x', String(at)]);
    expect(parse(await text(rows)).slice(1)).toEqual(rows);
    await expect(text([['x']])).rejects.toThrow(TypeError);
  });
});

describe('text for people', () => {
  test('spans, shares and numbers are cut off, never rounded up', () => {
    expect([0, 59, 3600, 90_061].map(spanText)).toEqual(['0 s', '59 s', '1 h', '1 d 1 h']);
    expect([shareText(9999, 10_000), shareText(1, 1), shareText(1, 100_000), shareText(0, 5)]).toEqual([
      '99.9 %',
      '100.0 %',
      'less than 0.1 %',
      '0.0 %',
    ]);
    expect([0, 999, 1000, 1_234_567].map(numberText)).toEqual(['0', '999', '1,000', '1,234,567']);
  });

  test('names what can’t be seen, and leaves other scripts alone', () => {
    expect(unhide('a\u202eb\u0000\u200b\u{e0041}')).toBe('a<U+202E>b<U+0000><U+200B><U+E0041>');
    expect(unhide('שלום Ünï 日本\n')).toBe('שלום Ünï 日本\n');
  });
});

describe('markup', () => {
  test('escapes all that is put in, but markup', () => {
    const inner = safe`<b>${'<&>"\''}</b>`;
    expect(safe`<p title="${'"'}">${[inner, 1, null]}</p>`.html).toBe(
      '<p title="&quot;"><b>&lt;&amp;&gt;&quot;&#39;</b>1</p>',
    );
  });

  test('a table of more than a thousand rows is cut, and says where the rest is', () => {
    const cut = (length: number) => {
      const rows = firstRows(
        Array.from({ length }, (_, at) => `r${at}`),
        (name) => [name, 'x'],
      );
      return [...table({ caption: 'c', columns: ['a', 'b'], rows, total: length, file: 'all.csv' })].join('');
    };
    expect(cut(1000)).not.toContain('all.csv');
    expect(cut(1001)).toContain('The first 1,000 of 1,001 rows; all of them are in <code>all.csv</code>.');
    expect(cut(1001)).not.toContain('r1000<');
  });

  test('of a path breaks after its slashes, and escapes what lies between them', () => {
    expect(path('a/<i>\u202e/b').html).toBe(
      'a/<wbr>&lt;i&gt;<span class="hidden-character">U+202E</span>/<wbr>b',
    );
  });
});

describe('the times of a statement', () => {
  const token = (size: number, genTime: number) => ({ size, genTime, authority: 'a', sha256: `t${size}` });
  const at = (index: number, sealedAt: number, tokens: string[] = []) =>
    own<Sealed>({ index, sealedAt, anchor: { size: 1, root: '', tokens } });

  test('are the latest of its anchor and the earliest that covers it', () => {
    const times = statementTimes([token(2, 100), token(5, 300), token(9, 290)]);
    expect(times(at(1, 90))).toEqual({ notBefore: undefined, notAfter: 100, late: false });
    expect(times(at(2, 150, ['t2', 't5']))).toEqual({ notBefore: 300, notAfter: 290, late: false });
    expect(times(at(9, 400, ['unheard of']))).toEqual({
      notBefore: undefined,
      notAfter: undefined,
      late: false,
    });
  });

  test('more than a day to the covering one is late', () => {
    const times = statementTimes([token(2, 86_500)]);
    expect([times(at(0, 100)).late, times(at(0, 99)).late]).toEqual([false, true]);
  });
});

describe('time in statuses', () => {
  test('adds up to the period, gaps and what was before the first assessment unknown', () => {
    const clock = new StatusClock(100, 200);
    const is = (status: 'effective' | 'ineffective') => new Map([['A', status]] as const);
    clock.assessed(is('effective'), 110, 20);
    clock.assessed(is('ineffective'), 150, 20);
    clock.assessed(is('effective'), 145, 20); // a clock that was set back
    const history = clock.finish(20).get('A');
    expect(history).toMatchObject({ first: 'effective', last: 'effective', assessments: 3 });
    expect(history?.seconds).toMatchObject({ effective: 20 + 15, ineffective: 0, unknown: 10 + 20 + 35 });
  });

  test('an assessment before the period speaks for its beginning', () => {
    const clock = new StatusClock(100, 200);
    clock.assessed(new Map([['A', 'correcting']]), 95, 20);
    expect(clock.finish(20).get('A')).toMatchObject({
      first: undefined,
      assessments: 0,
      seconds: { correcting: 15, unknown: 85 },
    });
  });
});

describe('a view', () => {
  const query = (parts: Partial<CheckQuery>): CheckQuery => ({
    name: 'a-check',
    kind: 't',
    fails: 'it.n > :limit',
    reason: `'over ' || :limit`,
    params: { limit: 1 },
    ...parts,
  });
  const rows = (asked: CheckQuery, view = 'check_a_check') => {
    const db = new DatabaseSync(':memory:');
    try {
      db.exec(
        `CREATE TABLE t (id TEXT, n INTEGER, s TEXT); INSERT INTO t VALUES ('a', 1, 'x'), ('b', 2, 'y'), ('c', NULL, NULL)`,
      );
      db.exec(checkView(asked, 50));
      db.exec(populationView(asked, 50));
      return db
        .prepare(`SELECT * FROM ${view}`)
        .all()
        .map((row) => Object.values(row));
    } finally {
      db.close();
    }
  };

  test('has failures as 1 and what isn’t known as NULL', () => {
    expect(rows(query({}))).toEqual([
      ['b', 1, 'over 1'],
      ['c', null, 'not known'],
    ]);
    expect(rows(query({}), 'population_a_check')).toEqual([
      ['a', 0],
      ['b', 1],
      ['c', null],
    ]);
  });

  test('leaves an undecided population undecided', () => {
    const asked = query({ where: `it.s <> 'x'`, fails: 'it.n IS NULL', params: {}, reason: `'r'` });
    expect(rows(asked)).toEqual([['c', null, 'not known']]);
    expect(rows(asked, 'population_a_check')).toEqual([
      ['b', 0],
      ['c', null],
    ]);
  });

  test.each<{ value: string | number | string[] }>([
    { value: "it's :limit" },
    { value: -5 },
    { value: 0.1 },
    { value: ['a', "b'"] },
  ])('writes the parameter $value out', ({ value }) => {
    const asked = query({ fails: 'it.n = 2', reason: ':limit', params: { limit: value } });
    const text = Array.isArray(value) ? JSON.stringify(value) : String(value);
    expect(rows(asked)[0]?.[2]).toBe(text);
  });

  test('takes :now for the moment, and no parameter within quotes', () => {
    expect(
      rows(
        query({ fails: ':now = 50 AND it.n = 2', reason: `':limit "' || :limit`, params: { limit: 7 } }),
      )[0],
    ).toEqual(['b', 1, ':limit "7']);
  });

  test.each([
    [`it.n = 1`, undefined],
    [`concat(it.s, 'x') = ''`, '3.44'],
    [`it.s = 'concat(a)'`, undefined],
    [`iif(it.n, 1) = 1`, '3.48'],
    [`iif(it.n, max(1, 2), 1) = 1`, undefined],
    [`it.n = 1_000`, '3.46'],
    [`it.n_1_0 = 1`, undefined],
  ])('of %s needs SQLite %s', (fails, version) => {
    expect(sqliteNeeded(query({ fails }))).toBe(version);
  });
});
