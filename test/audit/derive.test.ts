import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compareInventory } from '../../src/audit/derive/compare-inventory.ts';
import { DERIVED } from '../../src/audit/layout.ts';
import {
  deriveFrom,
  type DeriveWorld,
  digests,
  HOSTILE,
  makeDeriveWorld,
  MINUTE,
  rowsOf,
  START,
} from './derive-world.ts';

let made: DeriveWorld;
let files: ReadonlyMap<string, Buffer>;

beforeAll(async () => {
  made = await makeDeriveWorld();
  files = await deriveFrom(made.store);
});
afterAll(() => made[Symbol.asyncDispose]());

const at = (minute: number) => new Date((START + minute * MINUTE) * 1000).toISOString().replace('.000Z', 'Z');

test('every file is derived, in the order of the bundle', () => {
  expect([...files.keys()]).toEqual(DERIVED);
});

describe('deviations.csv', () => {
  const deviation = (check: string, record: string) =>
    rowsOf(files, 'deviations.csv').filter((row) => row['check'] === check && row['record'] === record);

  test('one that was put right in time stays visible', () => {
    expect(deviation('leavers', 'hr:test:1')).toEqual([
      {
        check: 'leavers',
        record: 'hr:test:1',
        kind: 'person',
        source: 'people/people/test',
        severity: 'high',
        reason: '1 has left',
        first_seen: at(10),
        first_seen_exact: 'yes',
        due: at(70),
        state: 'closed',
        closed: at(20),
        closed_by: 'passed',
        closing_reason: 'It was examined again and passed.',
        overdue: 'no',
        exception: '',
      },
    ]);
  });

  test('one past its deadline is overdue, one that an exception accepts names it', () => {
    expect(deviation('leavers', 'hr:test:2')).toMatchObject([
      { first_seen: at(30), due: at(90), state: 'open', overdue: 'yes', exception: '' },
    ]);
    expect(deviation('leavers', 'hr:test:3')).toMatchObject([{ state: 'open', exception: 'accepted' }]);
  });

  test('what a weakened check let off is closed at the assessment after it', () => {
    expect(deviation('second', 'hr:test:2')).toMatchObject([
      { first_seen: at(30), state: 'closed', closed: at(60), closed_by: 'passed' },
    ]);
  });

  test('there are no others', () => {
    const count = (check: string) =>
      rowsOf(files, 'deviations.csv').filter((row) => row['check'] === check).length;
    expect([count('leavers'), count('second')]).toEqual([4, 4]);
  });

  test('one that stood open before the range is told so, and its first sight only bounded', async () => {
    const later = await deriveFrom(made.store, { from: START + 55 * MINUTE });
    const rows = rowsOf(later, 'deviations.csv').filter((row) => row['check'] === 'leavers');
    expect(rows.map((row) => [row['record'], row['first_seen_exact'], row['state']])).toEqual([
      ['hr:test:2', 'no', 'open'],
      ['hr:test:3', 'no', 'open'],
      [`hr:test:${HOSTILE}`, 'no', 'open'],
    ]);
  });

  test('one that closed after the period stands open at its end', async () => {
    const short = await deriveFrom(made.store, { to: START + 15 * MINUTE });
    expect(rowsOf(short, 'deviations.csv').filter((row) => row['check'] === 'leavers')).toMatchObject([
      { record: 'hr:test:1', state: 'open', closed: '' },
    ]);
  });
});

describe('controls.csv', () => {
  const control = (id: string, from = files) =>
    rowsOf(from, 'controls.csv').find((row) => row['control'] === id && row['aspect'] === '');

  test('the statuses at the end are the agent’s own', () => {
    const told = rowsOf(files, 'controls.csv').filter((row) => row['aspect'] === '');
    const own = [...made.view].map(([id, { status, why }]) => [id, status, why]);
    expect(told.map((row) => [row['control'], row['status_at_end'], row['why']])).toEqual(own);
    expect(control('A.5.18')).toMatchObject({ status_at_end: 'ineffective', last_status: 'ineffective' });
  });

  test('the seconds of all statuses are the period, gaps between assessments among the unknown', () => {
    const aspect = rowsOf(files, 'controls.csv').find((row) => row['aspect'] === 'A.5.18/removal');
    const of = (status: string) => Number(aspect?.[`${status}_seconds`]);
    // 30 min before the start and the one from 90 to 120, for an assessment speaks for 30 min.
    expect(of('unknown')).toBe(60 * MINUTE);
    expect(of('effective')).toBe(20 * MINUTE);
    expect(of('correcting')).toBe((10 + 60) * MINUTE);
    expect(of('ineffective')).toBe(10 * MINUTE);
    expect(of('accepted') + of('not_applicable')).toBe(0);
  });

  test('what was not assessed up to the end is unknown then, whatever it was before', async () => {
    const long = await deriveFrom(made.store, { to: START + 300 * MINUTE });
    expect(control('A.7.1', long)).toMatchObject({ status_at_end: 'unknown', last_status: 'not_applicable' });
  });

  test('with controls named, the others are left out', async () => {
    const one = await deriveFrom(made.store, { controls: ['A.5.18'] });
    expect(new Set(rowsOf(one, 'controls.csv').map((row) => row['control']))).toEqual(new Set(['A.5.18']));
    expect(new Set(rowsOf(one, 'verdicts.csv').map((row) => row['check']))).toEqual(new Set(['leavers']));
    expect(new Set(rowsOf(one, 'deviations.csv').map((row) => row['check']))).toEqual(new Set(['leavers']));
    expect(control('A.5.18', one)).toEqual(control('A.5.18'));
  });
});

describe('the other tables', () => {
  test('scope.csv tells from when to when each configuration and the scope stood', () => {
    const rows = rowsOf(files, 'scope.csv');
    expect(
      rows.filter((row) => row['item'] === 'configuration').map((row) => [row['from'], row['to']]),
    ).toEqual([
      [at(0), at(40)],
      [at(40), at(60)],
      [at(60), ''],
    ]);
    expect(
      rows.slice(3).map((row) => [row['from'], row['to'], row['item'], row['value'], row['reason']]),
    ).toEqual([
      [at(0), '', 'statement', 'Everything that Acme does', ''],
      [at(0), '', 'entity', 'Acme GmbH', ''],
      [at(0), '', 'site', 'Bremen', ''],
      [at(0), '', 'source', 'people/test', ''],
      [at(0), '', 'exclusion', 'the shop', 'sold'],
    ]);
  });

  test('soa.csv has a row for each control of Annex A', () => {
    const rows = rowsOf(files, 'soa.csv');
    expect(rows).toHaveLength(93);
    expect(rows.find((row) => row['control'] === 'A.5.18')).toMatchObject({
      applicable: 'yes',
      justification: 'risk 4',
      implementation: 'implemented',
      owner: 'hr',
      version: '7',
      approver: 'the board',
      approved: '2026-01-01T00:00:00Z',
    });
    expect(rows.find((row) => row['control'] === 'A.7.1')).toMatchObject({ applicable: 'no' });
    expect(rows.find((row) => row['control'] === 'A.5.1')).toMatchObject({ applicable: '' });
  });

  test('an exception counts from its sealing on, though it was approved before', () => {
    expect(rowsOf(files, 'exceptions.csv')).toMatchObject([
      {
        exception: 'accepted',
        records: '["hr:test:3"]',
        approved: at(0),
        sealed: at(40),
        valid_from: at(40),
        withdrawn: '',
      },
    ]);
  });

  test('attestations.csv says what was attested, and that it still counts', () => {
    expect(rowsOf(files, 'attestations.csv')).toMatchObject([
      { attestation: 'review', aspects: 'A.5.18/review', by: 'the owner', state_at_end: 'valid' },
    ]);
  });

  test('failed runs are among the runs, with their reason', () => {
    const failed = rowsOf(files, 'runs.csv').filter((row) => row['outcome'] === 'failed');
    expect(failed.map((row) => row['finished'])).toEqual([at(50), at(60)]);
    for (const row of failed)
      expect(row).toMatchObject({ run_outcome: 'failed', reason: 'configuration', snapshot: '' });
    expect(rowsOf(files, 'runs.csv')).toHaveLength(8);
  });

  test('coverage.csv tells expected and actual snapshots and when the longest gap was', () => {
    const rows = rowsOf(files, 'coverage.csv');
    expect(rows.map((row) => row['control'])).toEqual(['A.5.11', 'A.5.18']);
    for (const row of rows)
      expect(row).toMatchObject({
        collector: 'people',
        dataset: 'people',
        scope: 'test',
        kinds: 'person',
        expected_snapshots: '13',
        actual_snapshots: '6',
        failed_collections: '2',
        longest_gap_seconds: String(80 * MINUTE),
        gap_from: at(40),
        gap_to: at(120),
      });
  });

  test('what was expected is unknown where the configuration does not tell its cadences', async () => {
    const old = await deriveFrom(made.store, {}, (evidence) => ({
      ...evidence,
      async *entries() {
        for await (const entry of evidence.entries())
          yield {
            ...entry,
            subjects: entry.subjects.filter(
              ({ name }) => name !== 'datasets' || entry.predicate !== 'config',
            ),
          };
      },
    }));
    expect(rowsOf(old, 'coverage.csv')).toMatchObject([
      { expected_snapshots: 'unknown', actual_snapshots: '6' },
      { expected_snapshots: 'unknown', actual_snapshots: '6' },
    ]);
  });

  test('a weakened check shows with what it let off, and that nobody approved it', () => {
    const changes = rowsOf(files, 'config-changes.csv').filter((row) => row['configuration_before'] !== '');
    expect(changes).toMatchObject([
      {
        document: 'Exception/accepted',
        change: 'added',
        approved_by: 'the board',
        approval_evidence: 'annotation',
      },
      {
        document: 'Check/second',
        change: 'changed',
        approved_by: 'approval not evidenced',
        effect: 'weaker',
        outcome_before: 'fail',
        outcome_after: 'pass',
        let_off: '3',
        caught: '0',
      },
    ]);
    expect(changes[1]?.['fields']).toContain('spec.fails');
  });

  test('verdicts.csv has every verdict of the range, and says which lie outside the period', async () => {
    const rows = rowsOf(files, 'verdicts.csv');
    const moments = new Set(rows.map((row) => row['moment']));
    expect(moments).toEqual(new Set([0, 10, 20, 30, 40, 50, 60, 120].map(at)));
    expect(rows.filter((row) => row['moment'] === at(30) && row['outcome'] === 'fail')).toMatchObject([
      { check: 'leavers', population: '5', failing: '3', unknown: '0', why: '3 of 5 fail, in 1 scope.' },
      { check: 'second', population: '5', failing: '3' },
    ]);
    const short = rowsOf(await deriveFrom(made.store, { to: START + 15 * MINUTE }), 'verdicts.csv');
    for (const row of short) expect(row['in_period']).toBe(String(row['moment']) < at(15) ? 'yes' : 'no');
    expect(short).toHaveLength(rows.length);
  });

  test('the index lists each body with its file and its times', () => {
    const rows = rowsOf(files, 'evidence/index.csv');
    const row = rows.findLast(({ sha256 }) => sha256 === made.snapshot);
    expect(row).toMatchObject({
      stream: 'snapshot/people/people/test',
      predicate: 'snapshot',
      subject: 'records',
      file: `evidence/${made.snapshot}.ndjson`,
      as_of: '2026-06-01T00:00:00Z',
      sealed: at(120),
      not_before: '',
      not_after: '',
      late: 'no',
      asserted: 'yes',
      erased_lines: '0',
    });
  });

  test('tokens bound the times from both sides, and a day without one is late', async () => {
    const token = { authority: 'tsa', sha256: 'ab'.repeat(32) };
    const stamped = await deriveFrom(made.store, {}, (evidence) => ({
      ...evidence,
      tokens: [
        { ...token, size: 3, genTime: START + 60 },
        { ...token, size: 8, sha256: 'cd'.repeat(32), genTime: START + 2 * 86_400 },
      ],
      async *entries() {
        for await (const entry of evidence.entries())
          yield entry.index < 3 ? entry : { ...entry, anchor: { ...entry.anchor, tokens: [token.sha256] } };
      },
    }));
    const rows = rowsOf(stamped, 'evidence/index.csv');
    const of = (index: number) => rows.find((row) => row['index'] === String(index));
    expect(of(1)).toMatchObject({ not_before: '', not_after: at(1), late: 'no', asserted: 'no' });
    expect(of(5)).toMatchObject({ not_before: at(1), not_after: at(2 * 1440), late: 'yes', asserted: 'no' });
    expect(of(9)).toMatchObject({ not_before: at(1), not_after: '', late: 'no', asserted: 'yes' });
  });
});

describe('hostile names', () => {
  test('are data in the CSV files, and never a formula', () => {
    const text = String(files.get('deviations.csv'));
    expect(text).toContain(`"'=2+5<img/src=x>\u202e&"" has left"`);
    expect(text.endsWith('\r\n')).toBe(true);
    expect(rowsOf(files, 'deviations.csv').some((row) => row['record'] === `hr:test:${HOSTILE}`)).toBe(true);
  });

  test('are text in the report, what can’t be seen made visible', () => {
    const text = String(files.get('report.html'));
    expect(text).not.toContain('<img');
    expect(text).not.toContain('\u202e');
    expect(text).not.toContain('Acme <b>');
    expect(text).toContain('=2+5&lt;img/src=x&gt;<span class="hidden-character">U+202E</span>&amp;&quot;');
    expect(String(files.get('README.md'))).toContain('Acme \\<b\\>GmbH\\</b\\>');
  });
});

describe('report.html', () => {
  test('needs nothing else, and calls nothing proven or compliant', () => {
    const text = String(files.get('report.html'));
    expect(text).not.toMatch(/<script|<link|<img|<iframe|\burl\(|@import|\ssrc=|href="(?!#)|\son[a-z]+=/i);
    expect(text + String(files.get('README.md'))).not.toMatch(/\bcompliant\b|\bproves?\b/i);
  });

  test('links to what is there, and every table has a caption and heads', () => {
    const text = String(files.get('report.html'));
    const ids = new Set([...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    const links = [...text.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
    expect(links.length).toBeGreaterThan(8);
    expect(links.filter((id) => !ids.has(id))).toEqual([]);
    expect(text.match(/<table/g)).toHaveLength(text.match(/<caption>[^<]/g)?.length ?? 0);
    expect(text.match(/<t(head|body)>/g)).toHaveLength(2 * (text.match(/<table/g)?.length ?? 0));
    for (const tag of ['table', 'tbody', 'section', 'main', 'p', 'tr'])
      expect(text.match(new RegExp(`<${tag}[ >]`, 'g'))?.length).toBe(
        text.match(new RegExp(`</${tag}>`, 'g'))?.length,
      );
  });

  test('tells weakening first, gaps, failures, and deviations put right', () => {
    const text = String(files.get('report.html'));
    expect(text).toMatch(/Check\/<wbr>second<\/th>.*Exception\/<wbr>accepted<\/th>/s);
    expect(text).toContain('1 h 20 min');
    expect(text).toContain('2 of 8 runs failed');
    expect(text.replaceAll(/<wbr>|<[/]?span[^>]*>/g, '')).toContain(`${at(20)}: passed`);
    expect(text).not.toContain('class="sample-mark"');
  });

  test('a sample is marked as one', async () => {
    const sample = await deriveFrom(made.store, {}, (evidence) => ({ ...evidence, sample: true }));
    expect(String(sample.get('report.html'))).toContain('class="sample-mark">');
    expect(String(sample.get('README.md'))).toContain('**SAMPLE.**');
  });
});

describe('derived again', () => {
  test('it is the same, byte for byte, in any time zone', async () => {
    const zone = process.env['TZ'];
    try {
      for (const name of ['Pacific/Kiritimati', 'America/St_Johns']) {
        process.env['TZ'] = name;
        expect(digests(await deriveFrom(made.store))).toEqual(digests(files));
      }
    } finally {
      if (zone === undefined) delete process.env['TZ'];
      else process.env['TZ'] = zone;
    }
  });
});

describe('inventory.sqlite', () => {
  let directory: string;
  let file: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'annexa-test-'));
    file = join(directory, 'inventory.sqlite');
    await writeFile(file, files.get('inventory.sqlite') ?? '');
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  const query = (sql: string) => {
    const db = new DatabaseSync(file, { readOnly: true });
    try {
      return db
        .prepare(sql)
        .all()
        .map((row) => Object.values(row));
    } finally {
      db.close();
    }
  };

  test('repeats a check as the sealed verdict has it, parameters written out', () => {
    expect(query('SELECT id, v, reason FROM check_leavers ORDER BY id')).toEqual([
      ['hr:test:2', 1, '2 has left'],
      ['hr:test:3', 1, '3 has left'],
      [`hr:test:${HOSTILE}`, 1, `${HOSTILE} has left`],
    ]);
    expect(query('SELECT v, count(*) FROM population_leavers GROUP BY v ORDER BY v')).toEqual([
      [0, 2],
      [1, 3],
    ]);
    expect(query('SELECT * FROM check_second')).toEqual([]);
    expect(query('SELECT "check", outcome, population, failing FROM annexa_verdict')).toEqual([
      ['leavers', 'fail', 5, 3],
      ['second', 'pass', 5, 0],
    ]);
    expect(query('SELECT name, kind, view, sqlite, note FROM annexa_check')).toEqual([
      ['leavers', 'person', 'check_leavers', null, ''],
      ['second', 'person', 'check_second', null, ''],
    ]);
    expect(query('SELECT id, state, body, loaded, erased FROM annexa_source')).toEqual([
      ['_configuration/soa/statement', 'fresh', expect.any(String), 1, 0],
      ['people/people/test', 'fresh', made.snapshot, 1, 0],
    ]);
  });

  test('is one file of its own, and differs from none that says the same', () => {
    const bytes = files.get('inventory.sqlite') ?? Buffer.alloc(0);
    expect([bytes[18], bytes[19]]).toEqual([1, 1]);
    const vacuumed = join(directory, 'other.sqlite');
    const db = new DatabaseSync(file);
    db.prepare('VACUUM INTO ?').run(vacuumed);
    db.close();
    expect(compareInventory(vacuumed, file)).toEqual([]);
  });

  test.each([
    ['a row', `UPDATE person SET status = 'active' WHERE id = 'hr:test:2'`, 'table person'],
    ['a row less', `DELETE FROM person_login; DELETE FROM person WHERE id = 'hr:test:2'`, 'table person'],
    ['a verdict', `UPDATE annexa_verdict SET outcome = 'pass'`, 'table annexa_verdict'],
    ['a view', 'DROP VIEW check_leavers; CREATE VIEW check_leavers AS SELECT 1', 'view check_leavers'],
    ['a table more', 'CREATE TABLE more (x)', 'table more'],
  ])('names %s that is not as expected', async (_, sql, named) => {
    const other = join(directory, 'changed.sqlite');
    await writeFile(other, files.get('inventory.sqlite') ?? '');
    const db = new DatabaseSync(other);
    db.exec(sql);
    db.close();
    expect(compareInventory(other, file).join()).toContain(named);
  });

  test('names a file that is no database, and bytes after one', async () => {
    const other = join(directory, 'broken.sqlite');
    await writeFile(other, 'nothing');
    expect(compareInventory(other, file).join()).toContain("can't be read");
    await writeFile(
      other,
      Buffer.concat([files.get('inventory.sqlite') ?? Buffer.alloc(0), Buffer.alloc(4096)]),
    );
    expect(compareInventory(other, file)).toEqual(['bytes follow the pages of the database']);
  });
});
