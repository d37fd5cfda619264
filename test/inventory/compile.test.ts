import { afterAll, describe, expect, test } from 'vitest';
import type { CheckQuery } from '../../src/inventory/query-contract.ts';
import { createSandbox } from '../../src/inventory/sandbox.ts';
import { check } from './records.ts';

const sandbox = createSandbox();
afterAll(() => sandbox[Symbol.asyncDispose]());

describe('a check that is compiled', () => {
  test('says which tables, kinds and nullable columns it reads', async () => {
    const compiled = await sandbox.compile(
      check({
        where:
          'it.can_sign_in AND EXISTS (SELECT 1 FROM credential AS c WHERE c.identity = it.id AND c.active)',
        reason:
          "'no second factor; groups ' || (SELECT group_concat(g.name) FROM identity_group AS g WHERE g.identity = it.id)",
      }),
    );
    expect(compiled).toEqual({
      tables: ['identity', 'credential', 'identity_group'],
      kinds: ['identity', 'credential'],
      nullable: ['can_sign_in', 'second_factor'],
    });
  });

  test('depends on people when it reads an owner', async () => {
    expect((await sandbox.compile(check({ fails: "it.owner = ''" }))).kinds).toEqual([
      'identity',
      'departure',
      'person',
    ]);
    const grants = await sandbox.compile(
      check({
        kind: 'role_grant',
        fails: "EXISTS (SELECT 1 FROM identity AS i WHERE i.id = it.identity AND i.owner = '')",
        reason: "'x'",
      }),
    );
    expect(grants.kinds).toEqual(['role_grant', 'identity', 'departure', 'person']);
  });

  test.each<[string, Partial<CheckQuery>]>([
    ['instants and a parameter', { fails: 'it.last_active_at < :now - :days * 86400', params: { days: 90 } }],
    [
      'a list',
      { fails: 'it.name NOT IN (SELECT l.value FROM json_each(:names) AS l)', params: { names: ['a'] } },
    ],
    [
      'a pattern for each of a list',
      {
        fails: 'EXISTS (SELECT 1 FROM json_each(:names) AS l WHERE it.name LIKE l.value)',
        params: { names: [] },
      },
    ],
    ['a count', { fails: '(SELECT count(*) FROM credential AS c WHERE c.identity = it.id) > 2' }],
    [
      'a join',
      {
        fails:
          'EXISTS (SELECT 1 FROM departure AS d JOIN person AS p ON p.id = d.person WHERE d.person = it.owner)',
      },
    ],
    [
      'a scan that happens once',
      { fails: 'it.owner IN (SELECT d.person FROM departure AS d WHERE d.at < :now)' },
    ],
    [
      'a subquery in FROM',
      {
        fails:
          'it.owner IN (SELECT m.person FROM (SELECT d.person AS person, max(d.at) AS at FROM departure AS d GROUP BY d.person) AS m WHERE m.at < :now)',
      },
    ],
    ['a choice', { fails: 'CASE WHEN it.enabled THEN coalesce(it.second_factor, TRUE) ELSE FALSE END' }],
    ['a day in the reason', { reason: "'since ' || date(it.created_at, 'unixepoch')" }],
    [
      'quotes, brackets and semicolons within quotes',
      { fails: "it.name = ';--/*' OR it.\"name\" = 'it''s'" },
    ],
    [
      'two subqueries with the same alias',
      {
        fails:
          'EXISTS (SELECT 1 FROM credential AS c WHERE c.identity = it.id) AND NOT EXISTS (SELECT 1 FROM credential AS c WHERE c.identity = it.id AND c.active)',
      },
    ],
  ])('may use %s', async (_, fields) => {
    await expect(sandbox.compile(check(fields))).resolves.toMatchObject({
      kinds: expect.arrayContaining(['identity']),
    });
  });
});

const EXISTS = 'EXISTS (SELECT 1 FROM person AS p WHERE p.id = it.owner AND ';

describe('a check is refused, with check, place and what was expected, for', () => {
  test.each<[string, Partial<CheckQuery>, string]>([
    ['an unknown kind', { kind: 'cat' }, 'kind: no kind cat; expected one of access_review'],
    ['a child table as its kind', { kind: 'identity_tag' }, 'kind: no kind identity_tag'],
    [
      'an unknown column',
      { fails: 'NOT it.mfa_activ' },
      'fails: no column it.mfa_activ; expected one of id, source',
    ],
    [
      'an unknown column of a subquery',
      { where: `${EXISTS}p.nope)` },
      'where: no column p.nope; expected one of id, source',
    ],
    [
      'an unknown table',
      { fails: 'EXISTS (SELECT 1 FROM people AS p WHERE p.id = it.owner)' },
      'fails: no table people; expected one of',
    ],
    ['an unknown alias', { fails: 'q.second_factor' }, 'fails: no table or alias q'],
    [
      'an unqualified column',
      { fails: 'NOT second_factor' },
      'fails: column second_factor is not qualified; expected it.second_factor',
    ],
    [
      'an unqualified column that would bind inwards',
      { fails: 'EXISTS (SELECT 1 FROM person AS p WHERE p.email = email)' },
      'fails: column email is not qualified',
    ],
    [
      'a column compared with itself',
      { fails: `${EXISTS}p.email = p.email)` },
      'fails: p.email is compared with itself',
    ],
    [
      'an alias that hides another',
      { fails: `${EXISTS}EXISTS (SELECT 1 FROM departure AS p WHERE p.at > 1))` },
      'fails: alias p is used twice',
    ],
    [
      'another table called it',
      { fails: 'EXISTS (SELECT 1 FROM departure AS it WHERE it.at > 1)' },
      'fails: alias it is used twice',
    ],
    [
      'a nullable column of another table',
      { fails: `${EXISTS}p.start_at > 1)` },
      'fails: column p.start_at of person can be NULL; expected a NOT NULL column',
    ],
    [
      'a nullable column of another record',
      { fails: 'EXISTS (SELECT 1 FROM identity AS i WHERE i.owner = it.owner AND i.second_factor)' },
      'fails: column i.second_factor of identity can be NULL',
    ],
    [
      'a nullable column of another table in the reason',
      { reason: '(SELECT p.start_at FROM person AS p WHERE p.id = it.owner)' },
      'reason: column p.start_at of person can be NULL',
    ],
    [
      'an outer join',
      {
        fails:
          'EXISTS (SELECT 1 FROM person AS p LEFT JOIN departure AS d ON d.person = p.id WHERE p.id = it.owner)',
      },
      'fails: an outer join',
    ],
    [
      'USING',
      { fails: 'EXISTS (SELECT 1 FROM person AS p JOIN departure AS d USING (id) WHERE p.id = it.owner)' },
      'fails: USING and NATURAL',
    ],
    [
      'every column',
      { fails: 'EXISTS (SELECT * FROM person AS p WHERE p.id = it.owner)' },
      'fails: * reads every column',
    ],
    [
      'an unbound parameter',
      { fails: 'it.created_at < :dayz', params: {} },
      'fails: no parameter :dayz; expected :now',
    ],
    ['an unused parameter', { params: { days: 90 } }, 'params: days is not used; expected :days in'],
    ['a parameter called now', { params: { now: 1 } }, "params: now can't be a parameter's name"],
    ['a parameter of another form', { fails: 'it.created_at < ?1' }, 'fails: no parameter ?1'],
    [
      'a list used as a value',
      { fails: 'it.name = :names', params: { names: ['a'] } },
      'fails: :names is a list; expected json_each(:names)',
    ],
    [
      'json_each of anything else',
      { fails: "EXISTS (SELECT 1 FROM json_each('[1]') AS l)" },
      'fails: json_each takes one parameter whose value is a list',
    ],
    [':now in the reason', { reason: "'idle for ' || (:now - it.last_active_at)" }, 'reason: uses :now'],
    ['the clock', { fails: "it.created_at < date('now')" }, 'fails: date is not allowed'],
    ['the clock in the reason', { reason: "date('now')" }, 'reason: date is not allowed'],
    [
      'the clock by name',
      { fails: 'it.created_at < CURRENT_TIMESTAMP' },
      'fails: function current_timestamp is not allowed',
    ],
    ['chance', { fails: 'random() > 0' }, 'fails: function random is not allowed'],
    [
      'an extension',
      { fails: "load_extension('x') IS NULL" },
      'fails: function load_extension is not allowed',
    ],
    ['a second statement', { fails: 'it.enabled; DELETE FROM identity' }, 'fails: ; is not allowed'],
    ['a comment', { fails: 'it.enabled -- AND FALSE' }, 'fails: -- is not allowed'],
    ['an open comment', { fails: 'it.enabled /* ' }, 'fails: /* is not allowed'],
    ['an open quote', { fails: "it.name = 'x" }, 'fails: unclosed quote is not allowed'],
    [
      'brackets that close what stands around them',
      { fails: '1) FROM identity WHERE (1' },
      'fails: expected one SQL expression',
    ],
    ['two expressions', { fails: 'it.enabled, it.owner' }, 'fails: expected one SQL expression'],
    ['nothing', { fails: '' }, 'fails: '],
    ['half an expression', { fails: 'it.enabled AND' }, 'fails: '],
    ['an aggregate over the records judged', { fails: 'count(it.id) > 1' }, 'fails: misuse of aggregate'],
    [
      'such an aggregate in the reason',
      { reason: "'one of ' || count(it.id)" },
      'reason: misuse of aggregate',
    ],
    ['the schema', { fails: '(SELECT count(*) FROM sqlite_master) > 0' }, 'fails: no table sqlite_master'],
    [
      "the inventory's own tables",
      { fails: '(SELECT count(*) FROM _source) > 0' },
      'fails: no table _source',
    ],
    ["the inventory's own columns", { fails: 'it._source = 1' }, 'fails: no column it._source'],
    [
      'a pragma',
      { fails: "EXISTS (SELECT 1 FROM pragma_table_info('identity') AS t)" },
      'fails: pragma_table_info(...) in FROM is not allowed',
    ],
    [
      'WITH',
      {
        fails:
          '(WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT c.x + 1 FROM c) SELECT count(*) FROM c) > 1',
      },
      'fails: WITH is not allowed',
    ],
    [
      'LIMIT',
      { fails: '(SELECT d.at FROM departure AS d WHERE d.person = it.owner LIMIT 1) > 1' },
      'fails: LIMIT is not allowed',
    ],
    [
      'a window',
      { fails: '(SELECT max(d.at) OVER () FROM departure AS d WHERE d.person = it.owner) > 1' },
      'fails: OVER is not allowed',
    ],
    [
      'a scan for each record',
      { fails: 'EXISTS (SELECT 1 FROM person AS p WHERE lower(p.email) = it.name)' },
      'fails: reads a whole table for each record (SCAN p',
    ],
    [
      'a scan for each record in where',
      { where: 'EXISTS (SELECT 1 FROM person AS p WHERE p.status = it.name)' },
      'where: reads a whole table for each record',
    ],
    [
      'a cross join',
      { fails: '(SELECT count(*) FROM identity AS a, identity AS b) > 1' },
      'fails: reads a whole table for each record (SCAN b',
    ],
    ['a text for a condition', { fails: 'it.name' }, 'fails: the expression is not a condition'],
    [
      'a text within a condition',
      { where: 'it.enabled AND it.name' },
      'where: the expression is not a condition',
    ],
    [
      'a number compared with a text',
      { fails: "it.enabled = 'true'" },
      'fails: it.enabled is a number and is compared with a text',
    ],
    [
      'a number compared with a text parameter',
      { fails: 'it.created_at < :from', params: { from: '2026-01-01' } },
      'fails: it.created_at is a number',
    ],
  ])('%s', async (_, fields, message) => {
    const compiled = sandbox.compile(check(fields));
    await expect(compiled).rejects.toMatchObject({ name: 'InventoryError', code: 'query-invalid' });
    await expect(compiled).rejects.toThrow(`check sample, ${message}`);
  });
});

test('a check that was refused is refused again', async () => {
  const wrong = check({ fails: 'it.nope' });
  await expect(sandbox.compile(wrong)).rejects.toThrow('no column it.nope');
  await expect(sandbox.compile(wrong)).rejects.toThrow('no column it.nope');
});
