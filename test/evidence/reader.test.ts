import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fingerprint } from '../../src/evidence/public-keys.ts';
import { readStore } from '../../src/evidence/reader.ts';
import { draft, testLog } from './helpers.ts';

describe('a reader', () => {
  test('reads at a checkpoint while the writer goes on', async () => {
    await using t = await testLog();
    const body = await t.log.storeBody([{ id: 'x' }]);
    const [sealed] = await t.log.append([
      draft('a', { subjects: [{ name: 'datasets', sha256: body.sha256 }] }),
    ]);
    const reader = await readStore(t.directory);
    await t.log.append(Array.from({ length: 300 }, (_, i) => draft(`later-${i}`)));
    expect(reader.checkpoint()).toMatchObject({ origin: t.log.origin, size: 2 });
    expect(await Array.fromAsync(reader.entries())).toEqual([await t.log.entry(0), sealed]);
    expect(await reader.envelope(1)).toEqual(await t.log.envelope(1));
    expect(await Array.fromAsync(reader.body(body.sha256))).toEqual([{ id: 'x' }]);
    await expect(reader.entry(2)).rejects.toMatchObject({ code: 'invalid' });
    expect((await readStore(t.directory)).checkpoint().size).toBe(302);
  });

  test('reads at an earlier checkpoint', async () => {
    await using t = await testLog();
    for (const id of ['a', 'b', 'c']) await t.log.append([draft(id)]);
    const reader = await readStore(t.directory, { size: 3 });
    expect((await Array.fromAsync(reader.entries())).map(({ runId }) => runId).slice(1)).toEqual(['a', 'b']);
    await expect(readStore(t.directory, { size: 9 })).rejects.toMatchObject({ code: 'no-store' });
  });

  test('accepts only keys that came another way, when it is given some', async () => {
    await using t = await testLog();
    const { envelope, checkpoint } = t.options.keys;
    const both = [fingerprint(envelope.spki), fingerprint(checkpoint.spki)];
    expect((await readStore(t.directory, { trusted: both })).origin).toBe(t.log.origin);
    await expect(readStore(t.directory, { trusted: both.slice(1) })).rejects.toMatchObject({
      code: 'foreign-key',
    });
  });

  test('says when there is nothing to read', async () => {
    await using t = await testLog();
    await expect(readStore(join(t.directory, 'nowhere'))).rejects.toMatchObject({ code: 'no-store' });
    await rm(join(t.directory, 'log/checkpoint'));
    await expect(readStore(t.directory)).rejects.toMatchObject({ code: 'no-store' });
  });
});
