import { createHash } from 'node:crypto';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createLog } from '../../src/evidence/log.ts';
import { signNote } from '../../src/evidence/note.ts';
import { draft, testKeys, testLog, type TestLog, temporaryDirectory } from './helpers.ts';
import { pem } from './timestamp-forge.ts';

const digest = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex');

async function anchorOfNext(t: TestLog, runId: string) {
  const [sealed] = await t.log.append([draft(runId)]);
  return sealed!.anchor;
}

describe('statements', () => {
  test('are anchored to the newest checkpoint until one has a timestamp', async () => {
    await using t = await testLog();
    await t.log.append([draft('one')]);
    const { root } = t.log.checkpoint();
    expect(await anchorOfNext(t, 'two')).toEqual({ size: 2, root, tokens: [] });
  });

  test('are anchored to the newest checkpoint that has timestamps, with all of them, also after reopening', async () => {
    await using t = await testLog();
    const { root } = t.log.checkpoint();
    await t.log.append([draft('one'), draft('other', { stream: 'run/hr' })]);
    await t.log.addToken(1, 'freetsa', Buffer.from('first'));
    expect(await anchorOfNext(t, 'two')).toEqual({ size: 1, root, tokens: [digest('first')] });
    await t.log.addToken(1, 'own', Buffer.from('second'));
    const tokens = [digest('first'), digest('second')].toSorted();
    expect(await anchorOfNext(t, 'three')).toEqual({ size: 1, root, tokens });
    await t.reopen();
    expect(await anchorOfNext(t, 'four')).toEqual({ size: 1, root, tokens });
    const { size, root: newest } = t.log.checkpoint();
    await t.log.addToken(size, 'own', Buffer.from('third'));
    await t.log.addToken(1, 'late', Buffer.from('fourth'));
    const anchor = { size, root: newest, tokens: [digest('third')] };
    expect(await anchorOfNext(t, 'five')).toEqual(anchor);
    await t.reopen();
    expect(await anchorOfNext(t, 'six')).toEqual(anchor);
  });

  test('without a body have the checkpoint of their anchor as subject', async () => {
    await using t = await testLog();
    const { note } = t.log.checkpoint();
    await t.log.addToken(1, 'own', Buffer.from('token'));
    await t.log.append([draft('one')]);
    const [sealed] = await t.log.append([draft('two')]);
    expect(sealed!.subjects).toEqual([{ name: 'log/checkpoints/1', sha256: digest(note) }]);
  });
});

describe('a timestamp', () => {
  test('is kept beside its checkpoint as it is, and never replaced', async () => {
    await using t = await testLog();
    await t.log.addToken(1, 'own', Buffer.from('first'));
    await t.log.addToken(1, 'own', Buffer.from('second'));
    expect(await readFile(join(t.directory, 'log/checkpoints/1.own.tsr'), 'utf8')).toBe('first');
    expect((await anchorOfNext(t, 'one')).tokens).toEqual([digest('first')]);
    expect(await t.log.stamped()).toMatchObject({
      size: 1,
      tokens: [{ authority: 'own', response: Buffer.from('first') }],
    });
  });

  test.each([0, 2, -1, 0.5, Number.NaN])(
    'is refused for the size %s, which was not published',
    async (size) => {
      await using t = await testLog();
      await expect(t.log.addToken(size, 'own', Buffer.from('x'))).rejects.toMatchObject({ code: 'invalid' });
    },
  );

  test.each(['', 'Own', 'a/b', '../x', 'a.b', '-a', `a${'b'.repeat(63)}`])(
    'is refused of an authority called %j',
    async (name) => {
      await using t = await testLog();
      await expect(t.log.addToken(1, name, Buffer.from('x'))).rejects.toMatchObject({
        code: 'invalid',
        message: expect.stringContaining(JSON.stringify(name)),
      });
    },
  );

  test('beyond the checkpoint shows that the log was rolled back', async () => {
    await using t = await testLog();
    await t.log[Symbol.asyncDispose]();
    const early = `${t.directory}-early`;
    await cp(t.directory, early, { recursive: true });
    await writeFile(join(early, 'log/checkpoints/2.own.tsr'), 'token');
    await rm(join(early, 'state'), { recursive: true });
    const opening = t.reopen({ directory: early, lostState: 'accept' });
    await expect(opening).rejects.toMatchObject({
      code: 'rolled-back',
      message: expect.stringContaining('log/checkpoints/2.own.tsr'),
    });
  });
});

describe('cosignatures', () => {
  async function lines(name: string): Promise<string> {
    const key = testKeys(7).checkpoint;
    const note = await signNote('text\n', [{ ...key, name }]);
    return note.slice('text\n\n'.length);
  }

  test('are kept beside their checkpoint, and never replaced', async () => {
    await using t = await testLog();
    const first = await lines('witness.example');
    await t.log.addCosignatures(1, first);
    await t.log.addCosignatures(1, await lines('other.example'));
    expect(await readFile(join(t.directory, 'log/checkpoints/1.sigs'), 'utf8')).toBe(first);
  });

  test.each([
    '',
    'no signature\n',
    '\u2014 name c2ln',
    '\u2014 name c2lnbmF0dXJl\n\n\u2014 name c2lnbmF0dXJl\n',
  ])('are refused when they are %j', async (text) => {
    await using t = await testLog();
    await expect(t.log.addCosignatures(1, text)).rejects.toMatchObject({ code: 'invalid' });
  });

  test('are refused for a size that was not published', async () => {
    await using t = await testLog();
    await expect(t.log.addCosignatures(2, await lines('w'))).rejects.toMatchObject({ code: 'invalid' });
  });
});

describe("an authority's certificates", () => {
  const ca = pem('root');

  test('are kept under their digest, and may be a subject', async () => {
    await using t = await testLog();
    const subject = await t.log.publishAuthority(ca);
    expect(subject).toEqual({ name: `tsa/${digest(ca)}.pem`, sha256: digest(ca) });
    expect(await t.log.publishAuthority(ca)).toEqual(subject);
    expect(await readFile(join(t.directory, subject.name), 'utf8')).toBe(ca);
    await expect(t.log.append([draft('one', { subjects: [subject] })])).resolves.toHaveLength(1);
  });

  test.each([
    ['nothing', ''],
    ['a private key', `${ca}-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n`],
    ['text around them', `hello\n${ca}`],
    ['bytes that are no certificate', '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n'],
  ])('are refused when they hold %s', async (_, text) => {
    await using t = await testLog();
    await expect(t.log.publishAuthority(text)).rejects.toMatchObject({ code: 'invalid' });
  });

  test('that the configuration names when the log begins are in its genesis, as are witnesses', async () => {
    const base = await temporaryDirectory();
    await using stack = new AsyncDisposableStack();
    stack.defer(() => rm(base, { recursive: true }));
    const witnesses = [{ name: 'w', key: 'w.example+00000000+AQ==' }];
    const authorities = [{ name: 'own', url: 'https://tsa.example', ca }];
    await using log = await createLog({
      directory: join(base, 'store'),
      keys: testKeys(),
      now: () => 1_790_000_000,
      agent: { version: '0.0.0', build: 'test' },
      domain: 'acme.example',
      sample: false,
      authorities,
      witnesses,
    });
    const { predicate, fields } = await log.entry(0);
    expect(predicate).toBe('genesis');
    expect(fields).toMatchObject({
      authorities: [{ name: 'own', url: 'https://tsa.example', ca: digest(ca) }],
      witnesses,
    });
    expect(await readFile(join(base, 'store/tsa', `${digest(ca)}.pem`), 'utf8')).toBe(ca);
  });
});
