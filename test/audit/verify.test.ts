import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bodyName, ENVELOPES, MANIFEST_NOTE, REVISION } from '../../src/audit/layout.ts';
import { verifyBundle, verifyFiles } from '../../src/audit/verify.ts';
import { openPacked } from '../../src/audit/verify/files.ts';
import { signCheckpoint } from '../../src/evidence/checkpoint.ts';
import { fingerprint } from '../../src/evidence/public-keys.ts';
import type { Problem, VerifyOptions, VerifyReport } from '../../src/evidence/verify/report.ts';
import { CA, DAY, makeBundleGround, readBundleGround, SAW, START } from '../torture/bundle-ground.ts';
import type { BundleGround } from '../torture/bundle-ground.ts';
import { rememberDerived } from '../torture/bundle-rounds.ts';
import { manifestOf, pack, reseal, sha256, unpack } from '../torture/bundle-parts.ts';
import type { Files, Hiding } from '../torture/bundle-parts.ts';

let ground: BundleGround;
let files: Files;
let trusted: string[];
let directory: string;
const workers = { derive: rememberDerived() };

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'annexa-verify-'));
  await makeBundleGround(join(directory, 'ground'));
  ground = await readBundleGround(join(directory, 'ground'));
  files = await unpack(ground.honest);
  trusted = [ground.keys.envelope.spki, ground.keys.checkpoint.spki].map(fingerprint);
});

afterAll(() => rm(directory, { recursive: true, force: true }));

async function judge(zip: Uint8Array, options: VerifyOptions = { trusted }): Promise<VerifyReport> {
  await using opened = await openPacked(zip);
  return verifyFiles(opened, options, workers);
}

/** What is found when somebody with the true keys has changed files and signed again. */
async function changed(change: (copy: Files) => void, hiding: Hiding = 'true'): Promise<readonly Problem[]> {
  const copy = new Map(files);
  change(copy);
  await reseal(copy, hiding, ground.keys);
  return (await judge(pack(copy))).problems;
}

function edit(copy: Files, name: string, work: (text: string) => string): void {
  copy.set(name, Buffer.from(work((copy.get(name) ?? '').toString())));
}

const where = (problems: readonly Problem[]): string[] => problems.map((problem) => problem.where);

describe('a bundle that nobody touched', () => {
  test('is verified, and the verdict tells what it rests on', async () => {
    const report = await judge(ground.honest, {
      trusted,
      tsaCa: CA,
      witnesses: [SAW.vkey],
      since: ground.kept,
    });
    expect(report.problems).toEqual([]);
    expect(report).toMatchObject({ kind: 'bundle', ok: true, problemCount: 0 });
    expect(report.trust.map(({ use, from }) => [use, from])).toEqual([
      ['envelope', 'given'],
      ['checkpoint', 'given'],
      ['authority', 'given'],
      ['witness', 'given'],
    ]);
    expect(report.time).toMatchObject({ late: 0, asserted: 0 });
    expect(report.time.tokens).toBeGreaterThan(2);
    expect(report.time.covered).toBeGreaterThan(5);
    expect(report.splitView).toEqual({ size: report.checkpoint?.size, by: 'the checkpoint given' });
    expect(report.witnessed).toHaveLength(1);
    expect(report.notes.filter((note) => !/erased on request/.test(note))).toEqual([]);
  });

  test('says which trust came from inside it', async () => {
    const report = await judge(ground.honest, {});
    expect(report.ok).toBe(true);
    expect(new Set(report.trust.map(({ from }) => from))).toEqual(new Set(['store']));
    expect(report.splitView).toBeNull();
    expect(report.notes.join('\n')).toMatch(/compare their fingerprints[^]*split view not excluded/);
  });

  test('is verified when it was unpacked as well, and with no other file beside it', async () => {
    const folder = join(directory, 'unpacked');
    for (const [name, bytes] of files) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), bytes);
    }
    expect(await verifyBundle(folder, { trusted })).toMatchObject({ ok: true, problems: [] });
    await writeFile(join(folder, 'notes.txt'), 'mine');
    expect(where((await verifyBundle(folder, { trusted })).problems)).toContain('notes.txt');
    await rm(join(folder, 'notes.txt'));
    await rm(join(folder, 'README.md'));
    await symlink('/etc/hostname', join(folder, 'README.md'));
    const [problem] = (await verifyBundle(folder, { trusted })).problems;
    expect(problem?.message).toMatch(/README\.md: not a regular file/);
  });

  test.each(['later', 'narrow'] as const)('is verified whatever it was asked for: %s', async (name) => {
    expect(await judge(ground[name])).toMatchObject({ ok: true, problems: [] });
  });

  test('is the same evidence when it is deflated again', async () => {
    expect(await judge(pack(files, { level: 9 }))).toMatchObject({ ok: true });
  });
});

describe('somebody without the keys', () => {
  test('is found when all keys are replaced and the true ones are given', async () => {
    const { problems } = await judge(ground.foreign);
    expect(problems.map(({ code }) => code)).toEqual(['foreign-key', 'foreign-key']);
    expect(await judge(ground.foreign, {})).toMatchObject({ ok: true });
  });

  test('can make the sums anew, but not the signature of the manifest', async () => {
    const grown = (copy: Files) => edit(copy, 'runs.csv', (text) => `${text}x\n`);
    expect(where(await changed(grown, 'none'))).toContain('runs.csv');
    expect(where(await changed(grown, 'sums'))).toContain(MANIFEST_NOTE);
    const copy = new Map(files);
    grown(copy);
    await reseal(copy, 'foreign', ground.foreignKeys);
    const { problems } = await judge(pack(copy));
    expect(problems).toContainEqual(expect.objectContaining({ code: 'foreign-key', where: MANIFEST_NOTE }));
  });

  test('can add no signature of their own to it', async () => {
    const copy = new Map(files);
    const foreign = new Map(files);
    await reseal(foreign, 'foreign', ground.foreignKeys);
    const line = (foreign.get(MANIFEST_NOTE) ?? '').toString().split('\n').at(-2) ?? '';
    edit(copy, MANIFEST_NOTE, (text) => `${text}${line}\n`);
    await reseal(copy, 'sums', ground.keys);
    expect(where((await judge(pack(copy))).problems)).toContain(MANIFEST_NOTE);
  });
});

describe('somebody with the keys, who signs again', () => {
  test.each(['README.md', 'report.html', 'controls.csv', 'runs.csv', 'evidence/index.csv'])(
    'can derive no other %s: the line is told',
    async (name) => {
      const problems = await changed((copy) => edit(copy, name, (text) => text.replace(/\n$/, ' \n')));
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatchObject({ code: 'altered', where: name });
      expect(problems[0]?.message).toMatch(/from line \d+ on/);
    },
  );

  test('can put no other table into inventory.sqlite, whatever version is said to have written it', async () => {
    const problems = await changed((copy) => copy.set('inventory.sqlite', otherInventory(copy)));
    expect(new Set(where(problems))).toEqual(new Set(['inventory.sqlite']));
    const other = await changed((copy) => {
      const bytes = otherInventory(copy);
      bytes.writeUInt32BE(3_040_000, 96);
      copy.set('inventory.sqlite', bytes);
    });
    expect(new Set(where(other))).toEqual(new Set(['inventory.sqlite']));
  });

  test('may have written inventory.sqlite with another version of SQLite, which is told', async () => {
    const copy = new Map(files);
    const bytes = Buffer.from(copy.get('inventory.sqlite') ?? '');
    bytes.writeUInt32BE(3_040_000, 96);
    copy.set('inventory.sqlite', bytes);
    await reseal(copy, 'true', ground.keys);
    const report = await judge(pack(copy));
    expect(report.problems).toEqual([]);
    expect(report.notes.join('\n')).toMatch(/SQLite 3\.40\.0/);
  });

  test('may have had another version derive the reports, which is told: they were not derived again', async () => {
    const copy = new Map(files);
    edit(copy, 'README.md', (text) => `${text}in other words\n`);
    await reseal(copy, 'true', ground.keys, (manifest) => ({ ...manifest, revision: REVISION + 1 }));
    const report = await judge(pack(copy));
    expect(report.problems).toEqual([]);
    expect(report.notes.join('\n')).toMatch(new RegExp(`of revision ${REVISION + 1}.*not derived again`));
  });

  test('can leave out no envelope of the range', async () => {
    const problems = await changed((copy) => {
      for (const name of [ENVELOPES, 'proofs.jsonl'])
        edit(copy, name, (text) => text.split('\n').toSpliced(6, 1).join('\n'));
    });
    expect(problems.some(({ code }) => code === 'missing')).toBe(true);
  });

  test('can leave out no body that the question asks for, and add no other', async () => {
    const name = [...files.keys()].find((one) => /^evidence\/[0-9a-f]{64}/.test(one)) ?? '';
    expect(await changed((copy) => copy.delete(name))).toContainEqual(
      expect.objectContaining({ code: 'missing', where: name }),
    );
    const body = Buffer.from(`{"id":"x","salt":"${'0'.repeat(32)}"}\n`);
    const added = bodyName(sha256(body));
    expect(await changed((copy) => copy.set(added, body))).toContainEqual(
      expect.objectContaining({ code: 'unknown-file', where: added }),
    );
  });

  test('can answer no other question with it', async () => {
    for (const say of [{ controls: ['A.6.1'] }, { to: START + 2 * DAY }, { collectors: ['other'] }]) {
      const copy = new Map(files);
      await reseal(copy, 'true', ground.keys, (manifest) => ({
        ...manifest,
        question: { ...manifest.question, ...say },
      }));
      expect((await judge(pack(copy))).ok, JSON.stringify(say)).toBe(false);
    }
  });

  test('can give no token of another checkpoint', async () => {
    const tokens = [...files.keys()].filter((name) => name.endsWith('.tsr'));
    const [one = '', other = ''] = tokens;
    const problems = await changed((copy) => copy.set(one, files.get(other) ?? Buffer.alloc(0)));
    expect(problems).toContainEqual(expect.objectContaining({ code: 'time', where: one }));
  });

  test('is found by a checkpoint that was kept, when there is another history', async () => {
    expect(await judge(ground.fork)).toMatchObject({ ok: true });
    const { problems } = await judge(ground.fork, { trusted, since: ground.kept });
    expect(problems).toMatchObject([{ code: 'forked', where: 'the checkpoint given' }]);
  });
});

describe('a checkpoint that was kept', () => {
  test('may be any one of the range', async () => {
    const sizes = [...files.keys()].flatMap((name) => /^log\/checkpoints\/(\d+)$/.exec(name)?.[1] ?? []);
    for (const size of sizes) {
      const since = files.get(`log/checkpoints/${size}`) ?? Buffer.alloc(0);
      const { ok, splitView } = await judge(ground.honest, { trusted, since });
      expect([ok, splitView?.size]).toEqual([true, Number(size)]);
    }
  });

  test('that the bundle can say nothing of is told, and excludes nothing', async () => {
    const { origin, question } = manifestOf(files);
    const root = Buffer.alloc(32);
    const { note } = await signCheckpoint(origin, question.at + 1, root, [ground.keys.checkpoint]);
    const since = Buffer.from(note);
    const report = await judge(ground.honest, { trusted, since });
    expect(report).toMatchObject({ ok: true, splitView: null });
    expect(report.notes.join('\n')).toMatch(/can't be shown/);
  });

  test('that is none is a problem', async () => {
    const { problems } = await judge(ground.honest, { trusted, since: Buffer.from('nonsense') });
    expect(where(problems)).toEqual(['the checkpoint given']);
  });
});

test('other authorities are not accepted when the true ones are given', async () => {
  const { pem } = await import('../evidence/timestamp-forge.ts');
  const { problems } = await judge(ground.honest, { trusted, tsaCa: pem('other-root') });
  expect(problems.some(({ code, where: at }) => code === 'time' && at.endsWith('.tsr'))).toBe(true);
});

test('what is no bundle at all is reported, never thrown', async () => {
  await writeFile(join(directory, 'text'), 'hello');
  for (const path of [join(directory, 'text'), join(directory, 'no-such'), directory]) {
    const report = await verifyBundle(path);
    expect(report.ok).toBe(false);
    expect(report.problemCount).toBeGreaterThan(0);
  }
});

/** As it was, one text in it changed. */
function otherInventory(copy: Files): Buffer {
  const bytes = Buffer.from(copy.get('inventory.sqlite') ?? '');
  const at = bytes.indexOf('p1@test.example');
  expect(at).toBeGreaterThan(0);
  bytes.write('q', at);
  return bytes;
}
