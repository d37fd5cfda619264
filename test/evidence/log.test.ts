import { copyFile, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { StatementDraft } from '../../src/evidence/contract.ts';
import { createLog, openLog, openOrCreateLog } from '../../src/evidence/log.ts';
import { parseStatement } from '../../src/evidence/statement.ts';
import { parseEnvelope } from '../../src/evidence/dsse.ts';
import { own } from '../../src/engine/own.ts';
import { verifyDirectory } from '../../src/evidence/verify.ts';
import { draft, testLog } from './helpers.ts';

describe('a new log', () => {
  test('begins with a genesis that states its id, keys and whether it is a sample', async () => {
    await using t = await testLog({ sample: true });
    const genesis = await t.log.entry(0);
    expect(genesis).toMatchObject({
      index: 0,
      predicate: 'genesis',
      seq: 0,
      fields: {
        format: 1,
        logId: genesis.runId,
        keys: {
          envelope: Buffer.from(t.options.keys.envelope.spki).toString('base64'),
          checkpoint: Buffer.from(t.options.keys.checkpoint.spki).toString('base64'),
        },
        authorities: [],
        witnesses: [],
        predecessor: null,
      },
    });
    expect(t.log.origin).toBe(`${genesis.runId}.acme.example`);
    expect(t.log.sample).toBe(true);
  });

  test('has an id that no other log has', async () => {
    await using one = await testLog();
    await using two = await testLog();
    expect(one.log.origin).not.toBe(two.log.origin);
  });

  test('publishes its public keys under their fingerprints', async () => {
    await using t = await testLog();
    for (const { name, sha256 } of (await t.log.entry(0)).subjects) {
      expect(name).toMatch(/^keys\/[0-9a-f]{64}\.pem$/);
      expect(await readFile(join(t.directory, name), 'utf8')).toContain('BEGIN PUBLIC KEY');
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  test.each(['https://acme.example', 'ACME.example', 'acme.example/x', '', 'a..b', 'acme.example.'])(
    'is not made for %j, which is no bare host name',
    async (domain) => {
      await using t = await testLog();
      const creation = { ...t.options, directory: join(t.directory, '..', 'other'), domain, sample: false };
      await expect(createLog(creation)).rejects.toMatchObject({ code: 'invalid' });
    },
  );

  test('is not made where there is one', async () => {
    await using t = await testLog();
    await t.log[Symbol.asyncDispose]();
    const creation = { ...t.options, domain: 'acme.example', sample: false };
    await expect(createLog(creation)).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('a log already'),
    });
    const log = await openOrCreateLog(creation);
    expect(log.origin).toBe(t.log.origin);
    await log[Symbol.asyncDispose]();
  });

  test('that is no sample is not opened as one', async () => {
    await using t = await testLog();
    await t.log[Symbol.asyncDispose]();
    const asSample = openOrCreateLog({ ...t.options, domain: 'acme.example', sample: true });
    await expect(asSample).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('use another directory'),
    });
  });
});

describe('appending', () => {
  test('gives back what is read again after reopening', async () => {
    await using t = await testLog();
    const body = await t.log.storeBody([{ id: 'x' }]);
    const [sealed] = await t.log.append([
      draft('one', { subjects: [{ name: 'datasets', sha256: body.sha256 }] }),
    ]);
    expect(sealed).toMatchObject({ index: 1, stream: 'run/aws', seq: 0, runId: 'one', sealedAt: t.clock.at });
    const log = await t.reopen();
    expect(await log.entry(1)).toEqual(sealed);
    expect(log.checkpoint().size).toBe(2);
    expect(await Array.fromAsync(log.body(body.sha256))).toEqual([{ id: 'x' }]);
  });

  test('numbers each stream without a gap, across commits and openings', async () => {
    await using t = await testLog();
    const hr = { stream: 'run/hr' };
    await t.log.append([draft('a'), draft('a', hr), draft('b')]);
    const log = await t.reopen();
    const sealed = await log.append([draft('c'), draft('c', hr)]);
    expect(sealed.map(({ stream, seq, index }) => [stream, seq, index])).toEqual([
      ['run/aws', 2, 4],
      ['run/hr', 1, 5],
    ]);
  });

  test('anchors each statement to the checkpoint before it, and says who made it', async () => {
    await using t = await testLog();
    await t.log.append([draft('a')]);
    const before = t.log.checkpoint();
    await t.log.append([draft('b')]);
    const { payload } = parseEnvelope(await t.log.envelope(2), 'envelope');
    expect(parseStatement(payload, 'statement')).toMatchObject({
      log: t.log.origin,
      anchor: { size: 2, root: before.root, tokens: [] },
      agent: { version: '0.0.0', build: 'test' },
      sample: false,
    });
  });

  test('never says that it was sealed earlier than what is before it', async () => {
    await using t = await testLog();
    const [first] = await t.log.append([draft('a')]);
    t.clock.at -= 86_400;
    const [second] = await t.log.append([draft('b')]);
    expect(second?.sealedAt).toBe(first?.sealedAt);
    const [third] = await (await t.reopen()).append([draft('c')]);
    expect(third?.sealedAt).toBe(first?.sealedAt);
  });

  test('never says that something was sealed before it had ended', async () => {
    await using t = await testLog();
    const [sealed] = await t.log.append([draft('a', { finishedAt: t.clock.at + 60 })]);
    expect(sealed?.sealedAt).toBe(t.clock.at + 60);
  });

  test('seals a run once in a stream, however often it is asked for', async () => {
    await using t = await testLog();
    const [[first], [beside]] = await Promise.all([t.log.append([draft('a')]), t.log.append([draft('a')])]);
    expect(beside).toEqual(first);
    expect((await t.log.append([draft('b'), draft('a'), draft('b')])).map(({ index }) => index)).toEqual([
      2, 1, 2,
    ]);
    expect(await (await t.reopen()).append([draft('a')])).toEqual([first]);
    expect(t.log.checkpoint().size).toBe(3);
  });

  test('commits together what is asked together', async () => {
    await using t = await testLog();
    const ids = Array.from({ length: 50 }, (_, i) => `run-${i}`);
    const sealed = await Promise.all(ids.map((id) => t.log.append([draft(id)])));
    expect(sealed.flat().map(({ runId }) => runId)).toEqual(ids);
    await expect(stat(join(t.directory, 'log/checkpoints/51'))).resolves.toBeDefined();
    await expect(stat(join(t.directory, 'log/checkpoints/2'))).rejects.toThrow('ENOENT');
  });

  test('does not wait for the window when the log is closed', async () => {
    await using t = await testLog({ window: 3_600_000 });
    const appended = t.log.append([draft('a')]);
    await Promise.resolve();
    const log = await t.reopen();
    expect((await appended)[0]?.index).toBe(1);
    expect(log.checkpoint().size).toBe(2);
  });

  test('is refused once the log is closed', async () => {
    await using t = await testLog();
    await t.log[Symbol.asyncDispose]();
    await expect(t.log.append([draft('a')])).rejects.toMatchObject({ code: 'io' });
  });

  test('gives a statement without a body the checkpoint that it follows as its subject', async () => {
    await using t = await testLog();
    const [sealed] = await t.log.append([draft('a')]);
    expect(sealed?.subjects).toMatchObject([{ name: 'log/checkpoints/1' }]);
  });

  test.each<[string, Partial<StatementDraft>, string]>([
    [
      'a body that is not stored',
      { subjects: [{ name: 'records', sha256: 'ab'.repeat(32) }] },
      'no body abab',
    ],
    ['an unknown field', { fields: { ...draft('x').fields, colour: 'red' } }, 'colour'],
    ['what only the log itself seals', { predicate: own('rotation') }, 'rotation/v1 is not sealed'],
    ['an end before its start', { startedAt: 2, finishedAt: 1 }, 'finishedAt'],
    ['more than 16 KiB', { runId: 'x'.repeat(17_000) }, 'at most 16384'],
  ])('refuses %s, and what is asked beside it is sealed', async (_, change, message) => {
    await using t = await testLog();
    const refused = t.log.append([draft('bad', change)]);
    const [[good]] = await Promise.all([
      t.log.append([draft('good')]),
      expect(refused).rejects.toMatchObject({ code: 'invalid', message: expect.stringContaining(message) }),
    ]);
    expect(good?.index).toBe(1);
  });

  test('does not see what becomes of a draft afterwards', async () => {
    await using t = await testLog();
    const fields = {
      collector: 'aws',
      type: 'aws',
      outcome: 'ok',
      datasets: 1,
      failed: 0,
      apiCalls: 3,
      throttled: 0,
    };
    const appended = t.log.append([draft('a', { fields })]);
    fields.apiCalls = 99;
    expect((await appended)[0]?.fields['apiCalls']).toBe(3);
  });
});

test('partial tiles go once the full tile stands, and everything is read and verified after', async () => {
  await using t = await testLog();
  for (let i = 0; i < 6; i += 1) await t.log.append([draft(`single-${i}`)]);
  await t.log.append(Array.from({ length: 600 }, (_, i) => draft(`many-${i}`)));
  for (const folder of ['log/tile/0/000.p', 'log/tile/entries/000.p']) {
    await expect(stat(join(t.directory, folder))).rejects.toThrow('ENOENT');
  }
  await expect(stat(join(t.directory, 'log/tile/0/002.p/95'))).resolves.toBeDefined();
  const log = await t.reopen();
  const entries = await Array.fromAsync(log.entries());
  expect(entries.map(({ index }) => index)).toEqual(Array.from({ length: 607 }, (_, i) => i));
  expect((await verifyDirectory(t.directory)).problems).toEqual([]);
});

describe('reading entries', () => {
  test('gives the range that is asked for', async () => {
    await using t = await testLog();
    await t.log.append(Array.from({ length: 40 }, (_, i) => draft(`r${i}`)));
    expect((await Array.fromAsync(t.log.entries(20, 39))).map(({ index }) => index)).toEqual(
      Array.from({ length: 19 }, (_, i) => i + 20),
    );
    expect(await Array.fromAsync(t.log.entries(41))).toEqual([]);
  });

  test.each([-1, 1, 0.5, Number.NaN])('refuses the index %d, where there is none', async (index) => {
    await using t = await testLog();
    await expect(t.log.entry(index)).rejects.toMatchObject({ code: 'invalid' });
  });

  test('refuses an envelope that was changed or swapped', async () => {
    await using t = await testLog();
    const [a, b] = await t.log.append([draft('a'), draft('b')]);
    const path = (hash = '') => join(t.directory, 'envelopes', hash.slice(0, 2), `${hash}.dsse.json`);
    await copyFile(path(b?.leafHash), path(a?.leafHash));
    await expect(t.log.entry(1)).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining("isn't the one in the log"),
    });
    await rm(path(a?.leafHash));
    await expect(t.log.entry(1)).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining('is missing'),
    });
  });
});

test('only one writer has the directory, and the other is told who', async () => {
  await using t = await testLog();
  await expect(openLog(t.options)).rejects.toMatchObject({
    code: 'locked',
    message: expect.stringContaining(`process ${process.pid}`),
  });
  await t.log.append([draft('a')]);
  await expect(openLog(t.options)).rejects.toMatchObject({ code: 'locked' });
  const log = await t.reopen();
  expect(log.checkpoint().size).toBe(2);
});
