import { createHash } from 'node:crypto';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { at, collect, collectRows, type Given, header, training } from './harness.ts';

const row = 'lea@acme.example,x,2026-02-03,,';

function csv(text: string | Uint8Array, section: object = {}): ReturnType<typeof collect> {
  return collect({
    settings: { training: { ...training, ...section } },
    files: { 'training.csv': text },
  });
}

describe('a CSV that isn’t whole, or isn’t what was mapped, gives nothing', () => {
  test.each<[string, string | Uint8Array, string, RegExp]>([
    ['nothing in it', '', 'malformed', /expected a header/],
    ['a column missing', 'Employee,Course,Valid until\n', 'configuration', /column Completed is not there/],
    ['a column twice', `${header},Course\n`, 'configuration', /column Course is there 2 times/],
    ['a row too short', `${header}\nlea@acme.example,x\n`, 'malformed', /expected as many columns/],
    ['an open quote', `${header}\n"lea@acme.example,x,,,`, 'malformed', /may be cut/],
    ['bytes that are no UTF-8', Buffer.from(`${header}\nl\xE9a,x,,,\n`, 'latin1'), 'malformed', /not UTF-8/],
    ['the same row twice', `${header}\n${row}\n${row}\n`, 'malformed', /^row 3: expected an id that none/],
    ['nobody named', `${header}\n,x,,,\n`, 'malformed', /^row 2, column Employee: expected a value/],
    ['a required value empty', `${header}\nlea@acme.example,,,,\n`, 'malformed', /column Course/],
    ['a value too long', `${header}\n${'x'.repeat(300)},x,,,\n`, 'malformed', /^row 2, column Employee/],
  ])('%s', async (_, text, code, message) => {
    await expect(csv(text)).rejects.toMatchObject({
      name: 'CollectorError',
      code,
      message: expect.stringMatching(message),
    });
  });

  test('one that ends within a column that is read', async () => {
    const cut = `Note,Employee,Course,Completed,Valid until\n,lea@acme.example,x,2026-02-03,2027-02-03`;
    await expect(csv(cut)).rejects.toMatchObject({
      code: 'incomplete',
      message: expect.stringMatching(/^row 2: .*line end$/),
    });
    expect((await csv(`${cut}\n`)).records).toHaveLength(1);
    expect((await csv(`${header}\n${row}`)).records).toHaveLength(1);
  });

  test('one whose row has no id', async () => {
    await expect(csv(`${header}\n${row}\n`, { id: 'Note' })).rejects.toMatchObject({
      code: 'malformed',
      message: 'row 2, column Note: expected an id of 1 to 256 characters',
    });
  });

  test('one that is larger than maxBytes', async () => {
    const failure = csv(`${header}\n${row}\n`, { maxBytes: 40 });
    await expect(failure).rejects.toMatchObject({
      code: 'malformed',
      message: expect.stringMatching(/larger than 40 bytes/),
    });
  });

  test('one that is not there, or is a directory', async () => {
    await expect(csv('', { file: 'elsewhere.csv' })).rejects.toMatchObject({ code: 'configuration' });
    await expect(csv('', { file: '.' })).rejects.toMatchObject({ code: 'configuration' });
  });

  test('no message holds a value', async () => {
    const failure = csv(`${header}\nlea@acme.example,x,secretly,,\n`);
    await expect(failure).rejects.toThrow(/^row 2, column Completed: expected a date like YYYY-MM-DD/);
    await expect(failure).rejects.not.toThrow(/secretly|lea/);
  });

  test('an aborted signal ends it with its reason', async () => {
    const reason = new Error('stopped');
    const given = { signal: AbortSignal.abort(reason) };
    await expect(collectRows([row], {}, given)).rejects.toBe(reason);
  });
});

describe('a register that doesn’t say how old it is, or says it badly, gives nothing', () => {
  test.each<[string, object, string[], RegExp]>([
    ['nothing says it', { asOf: undefined }, [row], /configure asOf/],
    ['the future', { asOf: { declared: '2026-11-29' } }, [row], /in the future/],
    [
      'an unreadable cell',
      { asOf: { column: 'Note' } },
      [`${row}soon`],
      /^row 2, column Note: expected a date/,
    ],
    ['an empty cell', { asOf: { column: 'Note' } }, [row], /^row 2, column Note: expected a date/],
    ['no row to say it', { asOf: { column: 'Note' } }, [], /no entry states/],
    [
      'rows that disagree',
      { asOf: { column: 'Note' } },
      [`${row}2026-11-20`, 'omar@acme.example,x,,,2026-11-19'],
      /^row 3: states another time/,
    ],
  ])('%s', async (_, section, rows, message) => {
    await expect(collectRows(rows, section)).rejects.toMatchObject({
      code: 'as-of',
      message: expect.stringMatching(message),
    });
  });

  test('one that is older than the last snapshot', async () => {
    const failure = collectRows([row], {}, { before: at('2026-11-21T00:00:00Z') });
    await expect(failure).rejects.toMatchObject({
      code: 'as-of',
      message: expect.stringMatching(/older than the last/),
    });
    const same = await collectRows([row], {}, { before: at('2026-11-20T00:00:00Z') });
    expect(same.records).toHaveLength(1);
  });
});

const yamlSection = {
  file: 'risks.yaml',
  format: 'yaml',
  list: 'risks',
  asOf: { key: 'as_of' },
  id: 'id',
  columns: { owner: 'owner', treated_at: 'treated' },
  constants: { status: 'treated', level: 'low', treatment: 'mitigate' },
};

function yaml(text: string, section: object = {}): ReturnType<typeof collect> {
  return collect({
    dataset: 'risks',
    settings: { risks: { ...yamlSection, ...section } },
    files: { 'risks.yaml': text },
  });
}

const risk = '  - { id: R-1, owner: lea@acme.example, treated: 2026-02-03 }\n';
const whole = `as_of: 2026-11-20\nrisks:\n${risk}`;

describe('YAML', () => {
  test('is read as text, so that nothing becomes a number, a date or null by its looks', async () => {
    const { records, told } = await yaml(
      'as_of: 2026-11-20\nrisks:\n  - { id: 1.10, owner: ~, treated: null }\n',
    );
    expect(records).toMatchObject([{ id: 'register:acme:risks/1.10', owner: '', treated_at: null }]);
    expect(told.asOf).toBe(at('2026-11-20T00:00:00Z'));
    const quoted = await yaml('as_of: 2026-11-20\nrisks:\n  - { id: x, owner: "null", treated: }\n');
    expect(quoted.records).toMatchObject([{ owner: 'null', treated_at: null }]);
  });

  test('may be a list alone', async () => {
    const section = { list: undefined, asOf: { declared: '2026-11-20' } };
    expect((await yaml('- { id: a, owner: "", treated: "" }\n', section)).records).toHaveLength(1);
  });

  test('a key may be absent where the mapping says so', async () => {
    const text = `as_of: 2026-11-20\nrisks:\n  - { id: R-1, owner: x }\n`;
    await expect(yaml(text)).rejects.toMatchObject({
      code: 'malformed',
      message: 'item 1 (line 3), column treated: expected the key, though its value may be empty',
    });
    const mapped = { owner: 'owner', treated_at: { column: 'treated', optional: true } };
    expect((await yaml(text, { columns: mapped })).records).toMatchObject([{ treated_at: null }]);
  });

  test.each<[string, string, string, RegExp]>([
    ['cut within its last line', whole.slice(0, -4), 'incomplete', /line end/],
    [
      'cut within an item',
      `${whole}  - id: R-2\n    owner: x\n`,
      'malformed',
      /^item 2 \(line 4\), column treated/,
    ],
    ['a key twice', whole.replace('owner:', 'id: R-2, owner:'), 'malformed', /line 3.*DUPLICATE_KEY/],
    ['an anchor', whole.replace('R-1', '&a R-1'), 'malformed', /line 3: expected no anchors/],
    ['an alias', `x: &a [1]\n${whole}y: *a\n`, 'malformed', /line 1: expected no anchors/],
    ['an alias to nothing', `${whole}y: *a\n`, 'malformed', /the file/],
    ['a tag', whole.replace('R-1', '!secret R-1'), 'malformed', /line 3/],
    ['two documents', `${whole}---\n${whole}`, 'malformed', /MULTIPLE_DOCS/],
    ['nested without end', `as_of: ${'['.repeat(20_000)}\n`, 'malformed', /the file/],
    ['no list', 'as_of: 2026-11-20\nrisks: none\n', 'malformed', /key risks: expected a list/],
    ['no such key', 'as_of: 2026-11-20\nrisk: []\n', 'malformed', /key risks: expected a list/],
    [
      'an item that is no mapping',
      `${whole}  - R-2\n`,
      'malformed',
      /^item 2 \(line 4\): expected a mapping/,
    ],
    ['a list for a value', whole.replace('R-1', '[R-1]'), 'malformed', /column id: expected one value/],
    ['a mapping for a value', whole.replace('lea@acme.example', '{ a: b }'), 'malformed', /column owner/],
    ['no time', whole.replace('as_of', 'asof'), 'malformed', /column as_of: expected the key/],
    ['an empty time', whole.replace('2026-11-20', ''), 'as-of', /column as_of: expected a date/],
    ['nothing', '\n', 'malformed', /expected a mapping/],
    ['text', 'risks\n', 'malformed', /expected a mapping/],
  ])('%s gives nothing', async (_, text, code, message) => {
    await expect(yaml(text)).rejects.toMatchObject({
      name: 'CollectorError',
      code,
      message: expect.stringMatching(message),
    });
  });

  test('a message about what can’t be read holds none of it', async () => {
    const failure = yaml(`as_of: 2026-11-20\nrisks:\n  - { id: "lea@acme.example, owner: x }\n`);
    await expect(failure).rejects.toThrow(/^the file, line \d+: expected YAML that can be read/);
    await expect(failure).rejects.not.toThrow(/lea/);
  });
});

const policy = (number: string): string =>
  `---\nnumber: ${number}\ntitle: T\nversion: 1.10\ntopics: [a, b]\n---\n# T\n\n--- text\n`;

const documents = {
  directory: 'policies',
  format: 'markdown',
  asOf: { file: 'register.yaml', key: 'as_of' },
  columns: { reference: 'number', title: 'title', version: 'version', topics: 'topics' },
  constants: { type: 'policy', status: 'in_force', for_everyone: true, subjects: [] },
};

const files = {
  'policies/register.yaml': 'as_of: 2026-11-20\n',
  'policies/b.md': policy('POL-2'),
  'policies/a/deep.MD': policy('POL-1'),
  'policies/.hidden.md': 'x',
  'policies/.git/x.md': 'x',
  'policies/picture.png': 'x',
};

function directory(given: Partial<Given> = {}, section: object = {}): ReturnType<typeof collect> {
  return collect({
    files,
    dataset: 'documents',
    settings: { documents: { ...documents, ...section } },
    ...given,
  });
}

describe('a directory', () => {
  test('of Markdown is a record a file, of its front matter alone', async () => {
    const { records, told } = await directory();
    expect(records).toMatchObject([
      { id: 'register:acme:documents/a/deep', reference: 'POL-1', version: '1.10', topics: ['a', 'b'] },
      { id: 'register:acme:documents/b', reference: 'POL-2' },
    ]);
    expect(told.asOf).toBe(at('2026-11-20T00:00:00Z'));
    expect(Object.fromEntries(told.notes)).toMatchObject({ files: 3, rows: 2, asOf: 'file,key' });
  });

  test('has the digest of what sha256sum writes of its files', async () => {
    const { told } = await directory();
    const sum = (text: string): string => createHash('sha256').update(text).digest('hex');
    const lines = (['a/deep.MD', 'b.md', 'register.yaml'] as const).map(
      (path) => `${sum(files[`policies/${path}`])}  ${path}\n`,
    );
    expect(told.notes.get('sha256')).toBe(sum(lines.join('')));
    expect(told.caller).toBe(`sha256:${sum(lines.join(''))}`);
  });

  test('of YAML is a record a file', async () => {
    const section = { format: 'yaml', asOf: { declared: '2026-11-20' }, id: 'number' };
    const item = 'number: S-1\ntitle: T\nversion: 1\ntopics: []\n';
    const { records } = await directory({ files: { 'policies/s.yml': item } }, section);
    expect(records).toMatchObject([{ id: 'register:acme:documents/S-1' }]);
  });

  test('may be that of a mounted ConfigMap, made of links', async () => {
    const { records } = await directory({
      files: {
        'policies/..data/register.yaml': 'as_of: 2026-11-20\n',
        'policies/..data/a.md': policy('POL-1'),
      },
      prepare: async (root) => {
        for (const name of ['register.yaml', 'a.md'])
          await symlink(join('..data', name), join(root, 'policies', name));
      },
    });
    expect(records).toMatchObject([{ reference: 'POL-1' }]);
  });

  const beside = (more: Readonly<Record<string, string>>): Partial<Given> => ({
    files: { ...files, ...more },
  });
  const prepare = (work: (root: string) => Promise<void>): Partial<Given> => ({
    files,
    prepare: (root) => work(join(root, 'policies')),
  });

  test.each<[string, Partial<Given>, string, RegExp]>([
    [
      'a file without front matter',
      beside({ 'policies/c.md': '# C\n' }),
      'malformed',
      /^file c\.md: expected front/,
    ],
    [
      'front matter cut',
      beside({ 'policies/c.md': '---\nnumber: X\n' }),
      'malformed',
      /^file c\.md: expected front/,
    ],
    [
      'front matter later',
      beside({ 'policies/c.md': `\n${policy('X')}` }),
      'malformed',
      /^file c\.md: expected fr/,
    ],
    [
      'a rule for a first line',
      beside({ 'policies/c.md': `----\n${policy('X')}` }),
      'malformed',
      /^file c\.md: expec/,
    ],
    ['an empty file', beside({ 'policies/c.md': '' }), 'malformed', /^file c\.md/],
    [
      'a key missing',
      beside({ 'policies/c.md': '---\nnumber: X\n---\n' }),
      'malformed',
      /^file c\.md, column title/,
    ],
    [
      'a key twice',
      beside({ 'policies/c.md': '---\na: 1\na: 2\n---\n' }),
      'malformed',
      /^file c\.md, line 3/,
    ],
    [
      'a link out of it',
      prepare(async (root) => {
        await writeFile(join(root, '..', 'outside.md'), policy('X'));
        await symlink('../outside.md', join(root, 'c.md'));
      }),
      'configuration',
      /^file c\.md: expected no link out of the directory/,
    ],
    [
      'a link out of it by another name',
      prepare((root) => symlink('/etc/hostname', join(root, 'c.txt'))),
      'configuration',
      /^file c\.txt: expected no link out of the directory/,
    ],
    [
      'a link to a directory',
      prepare((root) => symlink('a', join(root, 'c.md'))),
      'configuration',
      /^file c\.md: expected no link to a directory/,
    ],
    [
      'a link to nothing',
      prepare((root) => symlink('x.md', join(root, 'c.md'))),
      'configuration',
      /^file c\.md: /,
    ],
    [
      'no file with the time',
      { files: { 'policies/b.md': policy('POL-2') } },
      'configuration',
      /no file register\.yaml in the directory/,
    ],
    [
      'the directory missing',
      { files: {} },
      'configuration',
      /^the directory: the register was not read: ENOENT/,
    ],
  ])('%s: gives nothing, and names the file', async (_, given, code, message) => {
    await expect(directory(given)).rejects.toMatchObject({
      name: 'CollectorError',
      code,
      message: expect.stringMatching(message),
    });
  });

  test('bytes that are no UTF-8', async () => {
    const latin = Buffer.from('---\ntitle: \xE9\n---\n', 'latin1');
    const given = { files: { ...files, 'policies/c.md': latin } };
    await expect(directory(given)).rejects.toMatchObject({
      code: 'malformed',
      message: expect.stringMatching(/^file c\.md: .*UTF-8/),
    });
  });

  test('what is named in `ignore` isn’t read', async () => {
    const readme = beside({ 'policies/README.md': '# Policies\n' });
    await expect(directory(readme)).rejects.toMatchObject({
      message: expect.stringMatching(/^file README\.md/),
    });
    expect((await directory(readme, { ignore: ['README.md'] })).records).toHaveLength(2);
  });

  test('is larger than maxBytes together', async () => {
    const failure = directory({}, { maxBytes: 100 });
    await expect(failure).rejects.toMatchObject({
      code: 'malformed',
      message: expect.stringMatching(/^file b\.md: .*larger than/),
    });
  });

  test('two files with the same id', async () => {
    const given = beside({ 'policies/c.md': policy('POL-2') });
    await expect(directory(given, { id: 'number' })).rejects.toMatchObject({
      code: 'malformed',
      message: 'file c.md: expected an id that none before has',
    });
    const twins = beside({ 'policies/b.markdown': policy('POL-3') });
    await expect(directory(twins)).rejects.toMatchObject({ code: 'malformed' });
  });

  test('one YAML file of many that was cut', async () => {
    const section = { format: 'yaml', asOf: { declared: '2026-11-20' } };
    const given = { files: { 'policies/s.yml': 'number: S-1\ntitle: T\nversion: 1\ntopics: [' } };
    await expect(directory(given, section)).rejects.toMatchObject({
      message: expect.stringMatching(/^file s\.yml may have been cut/),
    });
  });
});

test('a directory may be none at all', async () => {
  const given = { files: {}, prepare: (root: string) => mkdir(join(root, 'policies')) };
  const { records } = await directory(given, { asOf: { declared: '2026-11-20' } });
  expect(records).toEqual([]);
});
