import { createHmac } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { BodyLine, ErasureRequest, EvidenceLog, Sealed } from '../../src/evidence/contract.ts';
import { directoryStore } from '../../src/evidence/directory.ts';
import { EvidenceError } from '../../src/evidence/error.ts';
import { openLogOn, takeGround } from '../../src/evidence/log.ts';
import { createFrontier, leafHash } from '../../src/evidence/merkle.ts';
import { readLines } from '../../src/evidence/read-body.ts';
import { readStore } from '../../src/evidence/reader.ts';
import { remainderLeaf } from '../../src/evidence/remainder.ts';
import { bodyKey } from '../../src/evidence/statement.ts';
import type { ObjectStore } from '../../src/evidence/store.ts';
import { verifyDirectory } from '../../src/evidence/verify.ts';
import { withFaults } from './faults.ts';
import { draft, testLog, type TestLog } from './helpers.ts';

const because = { by: 'data protection officer', reason: 'request 17', legalBasis: 'GDPR Art. 17(1)(b)' };
const people = (...names: string[]) => names.map((name) => ({ id: `hr:acme:${name}`, name, team: 'ops' }));

async function sealSnapshot(log: EvidenceLog, runId: string, records: { id: string }[]): Promise<Sealed> {
  const body = await log.storeBody(records);
  const fields = {
    collector: 'hr',
    dataset: 'people',
    scope: 'acme',
    asOf: 1_789_999_000,
    kinds: { person: '0'.repeat(64) },
    records: body.records,
    provenance: {},
    outcome: 'complete',
  };
  const stream = 'snapshot/hr/people/acme';
  const subjects = [{ name: 'records', sha256: body.sha256 }];
  const [sealed] = await log.append([draft(runId, { predicate: 'snapshot', stream, subjects, fields })]);
  return sealed!;
}

/** One check's verdict, with its failing records in a body of their own. */
async function sealAssessment(log: EvidenceLog, runId: string, failing: { id: string }[]) {
  const own = await log.storeBody(failing);
  const line = { id: 'leavers', body: own.sha256, records: { ...own.records } };
  const [inputs, verdicts] = [await log.storeBody([{ id: 'hr/people/acme' }]), await log.storeBody([line])];
  const fields = {
    now: 1_789_999_000,
    full: true,
    checks: 1,
    outcomes: { fail: 1 },
    sqlite: '3',
    node: '24',
    inputs: inputs.records,
    verdicts: verdicts.records,
  };
  const subjects = [
    { name: 'inputs', sha256: inputs.sha256 },
    { name: 'verdicts', sha256: verdicts.sha256 },
  ];
  await log.append([draft(runId, { predicate: 'assessment', stream: 'assessment', subjects, fields })]);
  return { own: own.sha256, inputs: inputs.sha256, verdicts: verdicts.sha256 };
}

const takeStore = ({ directory }: TestLog) => directoryStore(directory, join(directory, 'state', 'tmp'));
const bodyOf = (entry: Sealed) => entry.subjects[0]!.sha256;

function request(...bodies: ErasureRequest['bodies']): ErasureRequest {
  return { ...because, bodies };
}

const ids = (lines: readonly BodyLine[]) =>
  lines.map((line) => ('record' in line ? line.record.id : 'erased'));

async function linesOf(log: Pick<EvidenceLog, 'lines'>, sha256: string): Promise<BodyLine[]> {
  return Array.fromAsync((await log.lines(sha256)) ?? []);
}

async function contents({ directory }: TestLog): Promise<string[]> {
  return (await readdir(join(directory, 'content'))).map((name) => name.replace('.zst', '')).toSorted();
}

const problems = async ({ directory }: TestLog) => (await verifyDirectory(directory)).problems;
const there = ({ directory }: TestLog, sha256: string) => existsSync(join(directory, bodyKey(sha256)));

describe('erasing a record', () => {
  test('leaves the others, and what shows that they are the ones that were sealed', async () => {
    await using t = await testLog();
    const sealed = await sealSnapshot(t.log, 'r1', people('ann', 'ben', 'cleo'));
    const store = takeStore(t);
    const before = await Array.fromAsync(readLines(store, bodyOf(sealed)));
    const entry = await t.log.erase(request({ sha256: bodyOf(sealed), records: ['hr:acme:ben'] }));

    expect(entry.fields).toMatchObject({ ...because, at: t.clock.at, erased: { count: 1 } });
    expect(there(t, bodyOf(sealed))).toBe(false);
    const lines = await linesOf(t.log, bodyOf(sealed));
    expect(ids(lines)).toEqual(['hr:acme:ann', 'erased', 'hr:acme:cleo']);
    const tree = createFrontier();
    for (const { raw } of lines) tree.append(remainderLeaf(raw));
    const root = Buffer.from(tree.root()).toString('hex');
    expect(sealed.fields['records']).toEqual({ count: 3, root });
    // Who still has the line shows that it is the one that was erased.
    expect(lines[1]).toMatchObject({ erased: Buffer.from(leafHash(before[1]!)).toString('hex') });
  });

  test('makes the body no evidence any more', async () => {
    await using t = await testLog();
    const sealed = await sealSnapshot(t.log, 'r1', people('ann', 'ben'));
    const entry = await t.log.erase(request({ sha256: bodyOf(sealed), records: ['hr:acme:ben'] }));
    const said = `body ${bodyOf(sealed)}: 1 of its records were erased on request (entry ${entry.index})`;
    const reading = Array.fromAsync(t.log.body(bodyOf(sealed)));
    await expect(reading).rejects.toMatchObject({ code: 'erased', message: said });
    const reader = await readStore(t.directory);
    await expect(Array.fromAsync(reader.body(bodyOf(sealed)))).rejects.toMatchObject({ code: 'erased' });
    expect(ids(await linesOf(reader, bodyOf(sealed)))).toEqual(['hr:acme:ann', 'erased']);
  });

  test('works on many snapshots and on verdicts in one statement', async () => {
    await using t = await testLog();
    const snapshots: Sealed[] = [];
    for (let at = 0; at < 12; at += 1)
      snapshots.push(await sealSnapshot(t.log, `r${at}`, people('ann', 'ben', `new-${at}`)));
    const { own } = await sealAssessment(t.log, 'a1', people('ann', 'ben'));
    const bodies = [...snapshots.map(bodyOf), own];
    const seen: number[] = [];
    const entry = await t.log.erase(
      request(...bodies.map((sha256) => ({ sha256, records: ['hr:acme:ben'] }))),
      (done, of) => seen.push(done / of),
    );
    expect(entry.fields['erased']).toMatchObject({ count: 13 });
    expect(seen).toHaveLength(13);
    for (const body of bodies) expect(ids(await linesOf(t.log, body))).toContain('erased');
    for await (const line of t.log.body(bodyOf(entry))) expect(JSON.stringify(line)).not.toContain('ben');
    expect(await problems(t)).toEqual([]);
  });

  test('can be done again to what remains', async () => {
    await using t = await testLog();
    const sealed = await sealSnapshot(t.log, 'r1', people('ann', 'ben', 'cleo'));
    await t.log.erase(request({ sha256: bodyOf(sealed), records: ['hr:acme:ben'] }));
    const first = (await t.log.erasures()).bodies.get(bodyOf(sealed))!;
    const second = await t.log.erase(request({ sha256: bodyOf(sealed), records: ['hr:acme:ann'] }));
    const now = (await t.log.erasures()).bodies.get(bodyOf(sealed))!;
    expect(now).toMatchObject({ index: second.index, erased: 2, records: first.records });
    expect(there(t, first.remainder!)).toBe(false);
    expect(ids(await linesOf(t.log, bodyOf(sealed)))).toEqual(['erased', 'erased', 'hr:acme:cleo']);
    expect(await problems(t)).toEqual([]);
  });

  test('leaves a line that nobody guesses without the body key', async () => {
    await using t = await testLog();
    const [ann, ben] = people('ann', 'ben');
    const sealed = await sealSnapshot(t.log, 'r1', [ann!, ben!]);
    await t.log.erase(request({ sha256: bodyOf(sealed), records: [ben!.id] }));
    const [, line] = await linesOf(t.log, bodyOf(sealed));
    const guess = (key: Uint8Array) => {
      const salt = createHmac('sha256', key).update(JSON.stringify(ben)).digest('hex').slice(0, 32);
      const { id, name, team } = ben!;
      return Buffer.from(leafHash(Buffer.from(JSON.stringify({ id, name, salt, team })))).toString('hex');
    };
    expect(line).toMatchObject({ erased: guess(t.options.keys.body) });
    expect(line).not.toMatchObject({ erased: guess(Buffer.alloc(32, 9)) });
    expect(line).not.toMatchObject({
      erased: Buffer.from(leafHash(Buffer.from(JSON.stringify(ben)))).toString('hex'),
    });
  });
});

describe('erasing a whole body', () => {
  test('leaves its digest alone', async () => {
    await using t = await testLog();
    const sealed = await sealSnapshot(t.log, 'r1', people('ann', 'ben'));
    await t.log.erase(request({ sha256: bodyOf(sealed), records: 'all' }));
    expect(there(t, bodyOf(sealed))).toBe(false);
    expect(await t.log.lines(bodyOf(sealed))).toBeUndefined();
    expect((await t.log.erasures()).bodies.get(bodyOf(sealed))).toMatchObject({
      remainder: null,
      erased: 2,
      records: sealed.fields['records'],
    });
    await expect(Array.fromAsync(t.log.body(bodyOf(sealed)))).rejects.toMatchObject({ code: 'erased' });
    const again = t.log.erase(request({ sha256: bodyOf(sealed), records: 'all' }));
    await expect(again).rejects.toMatchObject({ code: 'invalid' });
  });

  test('takes what remained of it before, too', async () => {
    await using t = await testLog();
    const sealed = await sealSnapshot(t.log, 'r1', people('ann', 'ben'));
    await t.log.erase(request({ sha256: bodyOf(sealed), records: ['hr:acme:ann'] }));
    const { remainder } = (await t.log.erasures()).bodies.get(bodyOf(sealed))!;
    await t.log.erase(request({ sha256: bodyOf(sealed), records: 'all' }));
    expect(there(t, remainder!)).toBe(false);
    expect((await t.log.erasures()).bodies.get(bodyOf(sealed))?.records).toEqual(sealed.fields['records']);
    expect(await problems(t)).toEqual([]);
  });

  test('takes the inputs of an assessment', async () => {
    await using t = await testLog();
    const { inputs } = await sealAssessment(t.log, 'a1', people('ann'));
    await t.log.erase(request({ sha256: inputs, records: 'all' }));
    expect(there(t, inputs)).toBe(false);
    expect(await problems(t)).toEqual([]);
  });
});

describe('what is refused, and leaves everything as it was', () => {
  const refused: Record<string, (known: { body: string; verdicts: string; run: string }) => ErasureRequest> =
    {
      'no body': () => request(),
      'a body twice': ({ body }) =>
        request({ sha256: body, records: ['hr:acme:ann'] }, { sha256: body, records: 'all' }),
      'no record of a body': ({ body }) => request({ sha256: body, records: [] }),
      'a record that is not there': ({ body }) =>
        request({ sha256: body, records: ['hr:acme:ann', 'hr:acme:zoe'] }),
      'a body that no entry refers to': () => request({ sha256: '1'.repeat(64), records: 'all' }),
      'the list of verdicts': ({ verdicts }) => request({ sha256: verdicts, records: 'all' }),
      'what a run did': ({ run }) => request({ sha256: run, records: 'all' }),
      'a reason that names the record': ({ body }) => ({
        ...request({ sha256: body, records: ['hr:acme:ann'] }),
        reason: 'for hr:acme:ann',
      }),
      'a reason of two lines': ({ body }) => ({
        ...request({ sha256: body, records: 'all' }),
        reason: 'a\nb',
      }),
      'no legal basis': ({ body }) => ({ ...request({ sha256: body, records: 'all' }), legalBasis: '' }),
    };
  test.each(Object.keys(refused))('%s', async (name) => {
    await using t = await testLog();
    const body = bodyOf(await sealSnapshot(t.log, 'r1', people('ann', 'ben')));
    const { verdicts } = await sealAssessment(t.log, 'a1', people('ann'));
    const run = await t.log.storeBody([{ id: 'people/acme' }]);
    await t.log.append([draft('r1', { subjects: [{ name: 'datasets', sha256: run.sha256 }] })]);
    const [size, before] = [t.log.checkpoint().size, await contents(t)];
    const asked = t.log.erase(refused[name]!({ body, verdicts, run: run.sha256 }));
    await expect(asked).rejects.toMatchObject({ code: 'invalid' });
    await t.reopen();
    expect(t.log.checkpoint().size).toBe(size);
    expect(await contents(t)).toEqual(before);
    expect(ids(await linesOf(t.log, body))).toEqual(['hr:acme:ann', 'hr:acme:ben']);
  });

  test('the list of an earlier erasure', async () => {
    await using t = await testLog();
    const sealed = await sealSnapshot(t.log, 'r1', people('ann', 'ben'));
    const entry = await t.log.erase(request({ sha256: bodyOf(sealed), records: ['hr:acme:ben'] }));
    const asked = t.log.erase(request({ sha256: bodyOf(entry), records: 'all' }));
    await expect(asked).rejects.toMatchObject({ code: 'invalid' });
  });
});

describe('an erasure that was cut short', () => {
  test.each(['before', 'after', 'dead'] as const)(
    'is all or nothing once the log is open again, wherever a fault was (%s)',
    async (mode) => {
      for (let at = 1; ; at += 1) {
        await using t = await testLog();
        const body = bodyOf(await sealSnapshot(t.log, 'r1', people('ann', 'ben')));
        const other = bodyOf(await sealSnapshot(t.log, 'r2', people('ben', 'cleo')));
        const before = await contents(t);
        await t.log[Symbol.asyncDispose]();
        const ground = takeGround(t.directory);
        const faulty = withFaults(ground, Infinity, mode);
        const log = await openLogOn(faulty, t.options);
        const opening = faulty.faults.count;
        await log[Symbol.asyncDispose]();
        const broken = withFaults(takeGround(t.directory), opening + at, mode);
        const asked = request({ sha256: body, records: ['hr:acme:ben'] }, { sha256: other, records: 'all' });
        const cut = await openLogOn(broken, t.options);
        const outcome = await cut.erase(asked).then(
          () => 'sealed',
          () => 'rejected',
        );
        const done = broken.faults.count < opening + at;
        await cut[Symbol.asyncDispose]();
        await t.reopen();

        const known = (await t.log.erasures()).bodies;
        const sealed = known.size > 0;
        // The list of what was to be erased may be left: it is of nobody.
        const more = (await contents(t)).filter((one) => !before.includes(one)).length;
        const whole = await linesOf(t.log, body);
        expect(sealed || (outcome === 'rejected' && more <= 1 && !ids(whole).includes('erased'))).toBe(true);
        if (!sealed) await t.log.erase(asked);
        expect([there(t, body), there(t, other)]).toEqual([false, false]);
        expect(ids(await linesOf(t.log, body))).toEqual(['hr:acme:ann', 'erased']);
        expect(await t.log.lines(other)).toBeUndefined();
        expect(await t.log.finishErasures()).toEqual([]);
        expect(existsSync(join(t.directory, 'state', 'erasing'))).toBe(false);
        expect(await problems(t)).toEqual([]);
        if (done) break;
      }
    },
    120_000,
  );

  test('is finished although what was begun is forgotten with the state', async () => {
    await using t = await testLog();
    const body = bodyOf(await sealSnapshot(t.log, 'r1', people('ann', 'ben')));
    const store = takeStore(t);
    const kept = await store.get(bodyKey(body));
    await t.log.erase(request({ sha256: body, records: ['hr:acme:ben'] }));
    await store.create([{ key: bodyKey(body), bytes: kept! }]);
    await t.log[Symbol.asyncDispose]();
    await rm(join(t.directory, 'state'), { recursive: true });
    await t.reopen({ lostState: 'accept' });
    expect(there(t, body)).toBe(false);
  });
});

describe('an original that the store does not delete yet', () => {
  async function locked() {
    const t = await testLog();
    const body = bodyOf(await sealSnapshot(t.log, 'r1', people('ann', 'ben')));
    await t.log[Symbol.asyncDispose]();
    const ground = takeGround(t.directory);
    let locks = true;
    const store: ObjectStore = {
      ...ground.store,
      delete: (key) =>
        locks && key === bodyKey(body)
          ? Promise.reject(new EvidenceError('io', 'locked until 2027'))
          : ground.store.delete(key),
    };
    t.log = await openLogOn({ ...ground, store }, t.options);
    return { t, body, unlock: () => void (locks = false) };
  }

  test('is no evidence all the same, and what remains of it is read', async () => {
    const { t, body } = await locked();
    await using _ = t;
    await t.log.erase(request({ sha256: body, records: ['hr:acme:ben'] }));
    expect(there(t, body)).toBe(true);
    await expect(Array.fromAsync(t.log.body(body))).rejects.toMatchObject({ code: 'erased' });
    expect(ids(await linesOf(t.log, body))).toEqual(['hr:acme:ann', 'erased']);
    expect(ids(await linesOf(await readStore(t.directory), body))).toEqual(['hr:acme:ann', 'erased']);
  });

  test('is told with the reason, and deleted when that is over', async () => {
    const { t, body, unlock } = await locked();
    await using _ = t;
    await t.log.erase(request({ sha256: body, records: ['hr:acme:ben'] }));
    expect(await t.log.finishErasures()).toEqual([{ sha256: body, why: 'locked until 2027' }]);
    unlock();
    expect(await t.log.finishErasures()).toEqual([]);
    expect(there(t, body)).toBe(false);
  });
});

describe('the same bytes collected again after an erasure', () => {
  test('are evidence for the later entry, and stay', async () => {
    await using t = await testLog();
    const first = await sealSnapshot(t.log, 'r1', people('ann', 'ben'));
    const { own } = await sealAssessment(t.log, 'a1', people('ben'));
    const entry = await t.log.erase(
      request({ sha256: bodyOf(first), records: ['hr:acme:ben'] }, { sha256: own, records: ['hr:acme:ben'] }),
    );
    const second = await sealSnapshot(t.log, 'r2', people('ann', 'ben'));
    await sealAssessment(t.log, 'a2', people('ben'));
    expect(bodyOf(second)).toBe(bodyOf(first));
    expect(second.index).toBeGreaterThan(entry.index);
    await t.reopen();
    expect(await t.log.finishErasures()).toEqual([]);
    expect(ids(await linesOf(t.log, bodyOf(first)))).toEqual(['hr:acme:ann', 'hr:acme:ben']);
    expect(await Array.fromAsync(t.log.body(own))).toHaveLength(1);
    expect(await problems(t)).toEqual([]);
  });

  test('stay erased for the earlier one', async () => {
    await using t = await testLog();
    const first = await sealSnapshot(t.log, 'r1', people('ann', 'ben'));
    await t.log.erase(request({ sha256: bodyOf(first), records: ['hr:acme:ben'] }));
    const second = await sealSnapshot(t.log, 'r2', people('ann', 'ben'));
    const body = bodyOf(first);
    await expect(Array.fromAsync(t.log.body(body, first.index))).rejects.toMatchObject({ code: 'erased' });
    expect(await Array.fromAsync(t.log.body(body, second.index))).toHaveLength(2);
    expect(await linesOf({ lines: (sha256) => t.log.lines(sha256, first.index) }, body)).toHaveLength(2);
  });
});
