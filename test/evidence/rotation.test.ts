import { cpSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { EvidenceLog, Sealed } from '../../src/evidence/contract.ts';
import { bodyKeyId } from '../../src/evidence/keyring.ts';
import type { EvidenceKeys } from '../../src/evidence/keys.ts';
import { type Ground, openLog, openLogOn, takeGround } from '../../src/evidence/log.ts';
import { ed25519Key, parseNote } from '../../src/evidence/note.ts';
import { fingerprint } from '../../src/evidence/public-keys.ts';
import { readStore } from '../../src/evidence/reader.ts';
import { verifyDirectory } from '../../src/evidence/verify.ts';
import { withFaults } from './faults.ts';
import { draft, type TestLog, testKeys, testLog } from './helpers.ts';

const [one, two, three] = [testKeys(1), testKeys(2), testKeys(3)];
const id = {
  envelope: [one, two, three].map(({ envelope }) => fingerprint(envelope.spki)),
  checkpoint: [one, two, three].map(({ checkpoint }) => fingerprint(checkpoint.spki)),
  body: [one, two, three].map(({ body }) => bodyKeyId(body)),
};

async function rotations(log: Pick<EvidenceLog, 'entries'>): Promise<object[]> {
  const found = [];
  for await (const { index, seq, predicate, fields } of log.entries()) {
    const { key: _key, ...rest } = fields;
    if (predicate === 'rotation') found.push({ index, seq, ...rest });
  }
  return found;
}

/** Which of the three checkpoint keys signed the checkpoint of a size, in their order. */
async function signers(t: TestLog, size: number): Promise<number[]> {
  const note = parseNote(await readFile(join(t.directory, 'log/checkpoints', String(size))));
  const known = [one, two, three].map(({ checkpoint }) => ed25519Key(t.log.origin, checkpoint.spki).keyId);
  return note.signatures.map(({ keyId }) => known.indexOf(keyId) + 1);
}

/** Everything is read without the writer's state, and verifies. */
async function expectReadable(t: TestLog): Promise<void> {
  await t.log[Symbol.asyncDispose]();
  expect((await verifyDirectory(t.directory)).problems).toEqual([]);
  const { size: newest } = t.log.checkpoint();
  const sizes = (await readdir(join(t.directory, 'log/checkpoints'))).map(Number);
  for (const size of [...sizes, newest]) {
    const reader = await readStore(t.directory, { size });
    const read = await Array.fromAsync(reader.entries());
    expect(read.map(({ index }) => index)).toEqual(Array.from({ length: size }, (_, i) => i));
  }
}

async function append(t: TestLog, ...ids: string[]): Promise<Sealed[]> {
  return [...(await t.log.append(ids.map((run) => draft(run))))];
}

describe('an envelope key', () => {
  const keys: EvidenceKeys = { ...one, envelope: two.envelope, previous: { envelope: one.envelope } };

  test('is replaced by two entries of the same payload in one commit, and signs from the second on', async () => {
    await using t = await testLog();
    const [before] = await append(t, 'before');
    await t.reopen({ keys });
    expect(t.log.checkpoint().size).toBe(4);
    expect(await readdir(join(t.directory, 'log/checkpoints'))).not.toContain('3');
    const fields = { use: 'envelope', step: 'replace', from: id.envelope[0], to: id.envelope[1], seq: 0 };
    expect(await rotations(t.log)).toEqual([
      { index: 2, ...fields },
      { index: 3, ...fields },
    ]);
    const payload = async (index: number) =>
      z
        .object({ payload: z.string() })
        .parse(JSON.parse(Buffer.from(await t.log.envelope(index)).toString()));
    expect(await payload(2)).toEqual(await payload(3));
    const [after] = await append(t, 'after');
    expect(await t.log.entry(1)).toEqual(before);
    expect(await t.log.entry(4)).toEqual(after);
    expect(t.log.keys()).toMatchObject([
      { use: 'checkpoint', fingerprint: id.checkpoint[0], index: 0, retiring: false },
      { use: 'envelope', fingerprint: id.envelope[1], index: 3, retiring: false },
    ]);
    await expectReadable(t);
  });

  test('has its file in the store, which the rotation names', async () => {
    await using t = await testLog();
    await t.reopen({ keys });
    const [subject] = (await t.log.entry(1)).subjects;
    expect(subject?.name).toBe(`keys/${id.envelope[1]}.pem`);
    expect(await readdir(join(t.directory, 'keys'))).toContain(`${id.envelope[1]}.pem`);
  });

  test('is replaced once, and again by the next one', async () => {
    await using t = await testLog();
    await t.reopen({ keys });
    await t.reopen({ keys });
    await t.reopen({ keys: { ...one, envelope: two.envelope } });
    expect(await rotations(t.log)).toHaveLength(2);
    await t.reopen({ keys: { ...one, envelope: three.envelope, previous: { envelope: two.envelope } } });
    await append(t, 'after');
    expect(await rotations(t.log)).toMatchObject([{ seq: 0 }, { seq: 0 }, { seq: 1 }, { seq: 1 }]);
    await expectReadable(t);
  });

  test.each<[string, EvidenceKeys, number, number]>([
    ['a key that nothing leads to', { ...one, envelope: two.envelope }, 0, 1],
    [
      'a predecessor that is not in force',
      { ...one, envelope: three.envelope, previous: { envelope: two.envelope } },
      0,
      2,
    ],
  ])('is refused: %s', async (_, given, expected, is) => {
    await using t = await testLog();
    await expect(t.reopen({ keys: given })).rejects.toMatchObject({
      code: 'foreign-key',
      message: expect.stringContaining(
        `the log's envelope key is ${id.envelope[expected]}; the one given is ${id.envelope[is]}`,
      ),
    });
  });

  test('never comes back', async () => {
    await using t = await testLog();
    await t.reopen({ keys });
    const back = { ...one, previous: { envelope: two.envelope } };
    await expect(t.reopen({ keys: back })).rejects.toMatchObject({
      message: expect.stringContaining('was in force before'),
    });
    await expect(t.reopen({ keys: one })).rejects.toMatchObject({ code: 'foreign-key' });
    await t.reopen({ keys });
    expect(await rotations(t.log)).toHaveLength(2);
  });
});

describe('a checkpoint key', () => {
  const both: EvidenceKeys = { ...one, checkpoint: two.checkpoint, previous: { checkpoint: one.checkpoint } };
  const alone: EvidenceKeys = { ...one, checkpoint: two.checkpoint };

  test('signs beside the new one, first, until the rotation ends', async () => {
    await using t = await testLog();
    await append(t, 'before');
    await t.reopen({ keys: both });
    await append(t, 'during');
    expect(t.log.keys()).toMatchObject([
      { use: 'envelope' },
      { use: 'checkpoint', fingerprint: id.checkpoint[0], retiring: true },
      { use: 'checkpoint', fingerprint: id.checkpoint[1], index: 2, retiring: false },
    ]);
    await t.reopen({ keys: both });
    await append(t, 'still');
    await t.reopen({ keys: alone });
    await append(t, 'after');
    await t.reopen({ keys: alone });
    const fields = { use: 'checkpoint', from: id.checkpoint[0], to: id.checkpoint[1] };
    expect(await rotations(t.log)).toEqual([
      { index: 2, seq: 0, step: 'begin', ...fields },
      { index: 5, seq: 1, step: 'end', ...fields },
    ]);
    const found = await Promise.all([1, 2, 3, 4, 5, 6, 7].map((size) => signers(t, size)));
    expect(found).toEqual([[1], [1], [1, 2], [1, 2], [1, 2], [2], [2]]);
    await expectReadable(t);
  });

  test('is followed by a third only when its own time has ended', async () => {
    await using t = await testLog();
    await t.reopen({ keys: both });
    const next = { ...one, checkpoint: three.checkpoint, previous: { checkpoint: two.checkpoint } };
    await expect(t.reopen({ keys: next })).rejects.toMatchObject({ code: 'foreign-key' });
    await t.reopen({ keys: alone });
    await t.reopen({ keys: next });
    await t.reopen({ keys: { ...one, checkpoint: three.checkpoint } });
    expect(await signers(t, t.log.checkpoint().size)).toEqual([3]);
    await expectReadable(t);
  });

  test('that still retires is asked for, by its fingerprint, when another is given in its place', async () => {
    await using t = await testLog();
    await t.reopen({ keys: both });
    const other = { ...alone, previous: { checkpoint: three.checkpoint } };
    await expect(t.reopen({ keys: other })).rejects.toMatchObject({
      code: 'foreign-key',
      message: expect.stringContaining(`previous checkpoint key is ${id.checkpoint[0]}`),
    });
  });

  test('is asked for when a commit that was cut short needs its signature, too', async () => {
    await using t = await testLog();
    await t.reopen({ keys: both });
    await t.log[Symbol.asyncDispose]();
    const ground = dyingAfterIntent(takeGround(t.directory));
    const log = await openLogOn(ground, { ...t.options, keys: both });
    await expect(log.append([draft('cut')])).rejects.toThrow('died');
    await log[Symbol.asyncDispose]();
    await expect(t.reopen({ keys: alone })).rejects.toMatchObject({
      code: 'foreign-key',
      message: expect.stringContaining(`checkpoint key is ${id.checkpoint[0]}`),
    });
    await t.reopen({ keys: both });
    expect(t.log.checkpoint().size).toBe(3);
    await t.reopen({ keys: alone });
    await expectReadable(t);
  });
});

/** Nothing more is written once an intent stands. */
function dyingAfterIntent(ground: Ground): Ground {
  let dead = false;
  const { store } = ground;
  const alive = () => {
    if (dead) throw new Error('died');
  };
  return {
    ...ground,
    store: {
      ...store,
      create: async (objects) => {
        alive();
        const created = await store.create(objects);
        dead = objects.some(({ key }) => key.startsWith('log/intents/'));
        return created;
      },
    },
  };
}

describe('a body key', () => {
  const keys: EvidenceKeys = { ...one, body: two.body, previous: { body: one.body } };

  test('is known by its id from its first rotation on, and its destruction is sealed at the first start without it', async () => {
    await using t = await testLog();
    expect(t.log.keys().map(({ use }) => use)).toEqual(['envelope', 'checkpoint']);
    await t.reopen({ keys });
    await t.reopen({ keys });
    expect(t.log.keys().at(-1)).toMatchObject({ use: 'body', fingerprint: id.body[1], spki: null, index: 1 });
    await t.reopen({ keys: { ...one, body: two.body } });
    await t.reopen({ keys: { ...one, body: two.body } });
    const fields = { use: 'body', from: id.body[0], to: id.body[1] };
    expect(await rotations(t.log)).toEqual([
      { index: 1, seq: 0, step: 'replace', ...fields },
      { index: 2, seq: 1, step: 'destroy', ...fields },
    ]);
    expect((await t.log.entry(1)).subjects[0]?.name).toBe('log/checkpoints/1');
    await expectReadable(t);
  });

  test('salts what is stored from the rotation on, and what it salted before is read as ever', async () => {
    await using t = await testLog();
    const before = await t.log.storeBody([{ id: 'x' }]);
    await t.reopen({ keys });
    const after = await t.log.storeBody([{ id: 'x' }]);
    expect(after.sha256).not.toBe(before.sha256);
    for (const { sha256 } of [before, after])
      expect(await Array.fromAsync(t.log.body(sha256))).toEqual([{ id: 'x' }]);
  });

  test('that no rotation leads to is refused', async () => {
    await using t = await testLog();
    await t.reopen({ keys });
    await expect(t.reopen({ keys: one })).rejects.toMatchObject({
      code: 'foreign-key',
      message: expect.stringContaining(`body key is ${id.body[1]}; the one given is ${id.body[0]}`),
    });
    await t.reopen({ keys: { ...one, body: three.body, previous: { body: two.body } } });
    await t.reopen({ keys: { ...one, body: three.body } });
    expect(await rotations(t.log)).toMatchObject([
      { step: 'replace' },
      { step: 'replace' },
      { step: 'destroy', from: id.body[0] },
      { step: 'destroy', from: id.body[1] },
    ]);
  });
});

describe('all keys at once', () => {
  const keys: EvidenceKeys = { ...two, previous: one };

  test('are replaced in one commit', async () => {
    await using t = await testLog();
    await append(t, 'before');
    await t.reopen({ keys });
    await append(t, 'during');
    await t.reopen({ keys: two });
    await append(t, 'after');
    expect(await rotations(t.log)).toMatchObject([
      { index: 2, use: 'envelope' },
      { index: 3, use: 'envelope' },
      { index: 4, use: 'checkpoint', step: 'begin' },
      { index: 5, use: 'body', step: 'replace' },
      { index: 7, use: 'checkpoint', step: 'end' },
      { index: 8, use: 'body', step: 'destroy' },
    ]);
    await expectReadable(t);
  });

  test.each(['before', 'after', 'dead'] as const)(
    'are replaced once although an I/O fault (%s) at any operation of the opening cuts it short',
    { timeout: 120_000 },
    async (mode) => {
      await using t = await testLog();
      await append(t, 'before');
      await t.log[Symbol.asyncDispose]();
      const directory = `${t.directory}-round`;
      let failed = 0;
      for (let at = 1; ; at += 1) {
        await rm(directory, { recursive: true, force: true });
        cpSync(t.directory, directory, { recursive: true });
        const ground = takeGround(directory);
        const faulty = withFaults(ground, at, mode);
        const log = await openLogOn(faulty, { ...t.options, keys }).catch(() => undefined);
        if (log === undefined) ground.release();
        else await log[Symbol.asyncDispose]();
        if (log === undefined) failed += 1;
        await using again = await openLog({ ...t.options, directory, keys });
        expect(await rotations(again)).toHaveLength(4);
        expect(again.checkpoint().size).toBe(6);
        await again[Symbol.asyncDispose]();
        expect((await verifyDirectory(directory)).problems).toEqual([]);
        if (faulty.faults.count < at) break;
      }
      expect(failed).toBeGreaterThan(15);
    },
  );

  test('are refused before anything is written when one of them is foreign', async () => {
    await using t = await testLog();
    const given = { ...two, previous: { envelope: one.envelope } };
    await expect(t.reopen({ keys: given })).rejects.toMatchObject({ code: 'foreign-key' });
    await t.reopen();
    expect(t.log.checkpoint().size).toBe(1);
  });

  test('given with predecessors begin a new log with themselves', async () => {
    // Which body key a log begins with is not known of it.
    const signing = { ...two, previous: { envelope: one.envelope, checkpoint: one.checkpoint } };
    await using t = await testLog({ keys: signing });
    await t.reopen({ keys: signing });
    expect(await rotations(t.log)).toEqual([]);
    expect(t.log.keys().map(({ fingerprint: found }) => found)).toEqual([id.envelope[1], id.checkpoint[1]]);
  });
});

describe('who signs at an index', () => {
  test('is found among hundreds of entries, and several rotations, without the state', async () => {
    await using t = await testLog();
    const many = (prefix: string) => append(t, ...Array.from({ length: 270 }, (_, i) => `${prefix}-${i}`));
    await many('a');
    await t.reopen({ keys: { ...two, previous: one } });
    await many('b');
    await t.reopen({ keys: two });
    await t.reopen({ keys: { ...three, previous: two } });
    await many('c');
    const reader = await readStore(t.directory);
    const history = reader.identity.keys.history();
    expect(
      history.map(({ use, fingerprint: found, index, until }) => [use, found, index, until?.index]),
    ).toEqual([
      ['envelope', id.envelope[0], 0, 272],
      ['checkpoint', id.checkpoint[0], 0, 545],
      ['envelope', id.envelope[1], 272, 548],
      ['checkpoint', id.checkpoint[1], 273, undefined],
      ['envelope', id.envelope[2], 548, undefined],
      ['checkpoint', id.checkpoint[2], 549, undefined],
    ]);
    await expectReadable(t);
  });

  test('is not believed of a store that hides a rotation', async () => {
    await using t = await testLog();
    await t.reopen({
      keys: { ...one, checkpoint: two.checkpoint, previous: { checkpoint: one.checkpoint } },
    });
    const { leafHash } = await t.log.entry(1);
    await rm(join(t.directory, 'envelopes', leafHash.slice(0, 2), `${leafHash}.dsse.json`));
    await expect(readStore(t.directory)).rejects.toMatchObject({ code: 'corrupt' });
  });

  test('is asked of the keys that came another way', async () => {
    await using t = await testLog();
    await t.reopen({ keys: { ...two, previous: one } });
    const inForce = [id.envelope[1]!, ...id.checkpoint.slice(0, 2)];
    await expect(readStore(t.directory, { trusted: inForce })).resolves.toBeDefined();
    await expect(readStore(t.directory, { trusted: inForce.slice(1) })).rejects.toMatchObject({
      code: 'foreign-key',
    });
  });
});
