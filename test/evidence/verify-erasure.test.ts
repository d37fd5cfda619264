import { cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject, Subject } from '../../src/evidence/contract.ts';
import { jcs } from '../../src/evidence/jcs.ts';
import { createFrontier, leafHash } from '../../src/evidence/merkle.ts';
import { verifyDirectory, verifyStore } from '../../src/evidence/verify.ts';
import { directorySource } from '../../src/evidence/verify/source.ts';
import { makeSampleStore } from '../torture/sample-store.ts';
import { forge, putBody } from './forge.ts';
import { temporaryDirectory, testKeys } from './helpers.ts';

const keys = testKeys();
const salt = '0'.repeat(32);
let base: string;
let store: string;

beforeAll(async () => {
  base = await temporaryDirectory();
  const size = { start: 1_762_000_000, rounds: 1, datasets: 1 };
  await makeSampleStore({ ...size, directory: join(base, 'made'), keys });
});
afterAll(() => rm(base, { recursive: true, force: true }));
beforeEach(async () => {
  store = join(base, 'store');
  await rm(store, { recursive: true, force: true });
  await cp(join(base, 'made'), store, { recursive: true });
});

async function problems(): Promise<string[]> {
  const report = await verifyDirectory(store);
  return report.problems.map(({ code, where, message }) => `${code} ${where}: ${message}`);
}
async function notes(): Promise<string> {
  return (await verifyDirectory(store)).notes.join('\n');
}

const line = (record: JsonObject): string => jcs({ salt, ...record }, 'line');
const body = (lines: readonly string[]): string => lines.map((text) => `${text}\n`).join('');
const gone = (text: string): string =>
  `{"erased":"${Buffer.from(leafHash(Buffer.from(text))).toString('hex')}"}`;

/** Count and root of a body that holds these lines whole. */
function recordsOf(lines: readonly string[]): { count: number; root: string } {
  const frontier = createFrontier();
  for (const text of lines) frontier.append(leafHash(Buffer.from(text)));
  return { count: lines.length, root: Buffer.from(frontier.root()).toString('hex') };
}

const people = ['a', 'b', 'c'].map((id) => line({ id, name: `person ${id}` }));
const remains = [people[0]!, gone(people[1]!), people[2]!];

/** A snapshot of the people, sealed. Returns the body's digest. */
async function sealPeople(seq = 0, claimed = recordsOf(people)): Promise<string> {
  const sha256 = await putBody(store, body(people));
  await forge(store, keys, (honest) => ({
    ...honest,
    predicate: 'snapshot',
    stream: 'snapshot/hr/people/acme',
    runId: `people-${seq}`,
    seq,
    subjects: [{ name: 'records', sha256 }],
    fields: {
      collector: 'hr',
      dataset: 'people',
      scope: 'acme',
      asOf: 1_989_999_000,
      kinds: {},
      records: claimed,
      provenance: {},
      outcome: 'complete',
    },
  }));
  return sha256;
}

interface Line {
  readonly id: string;
  readonly remainder: string | null;
  readonly records: { readonly count: number; readonly root: string };
  readonly erased: number;
}

async function sealErasure(lines: readonly Line[], seq = 0, list?: string): Promise<void> {
  const texts = lines.map((one) => line({ ...one }));
  const subject: Subject = { name: 'erased', sha256: await putBody(store, list ?? body(texts)) };
  await forge(store, keys, (honest) => ({
    ...honest,
    predicate: 'erasure',
    stream: 'erasure',
    runId: `erasure-${seq}`,
    seq,
    subjects: [subject],
    fields: { by: 'dpo', reason: 'r', legalBasis: 'b', at: 1_990_000_000, erased: recordsOf(texts) },
  }));
}

const drop = (sha256: string): Promise<void> => rm(join(store, `content/${sha256}.zst`));

/** Erases the second of the people, as a writer does; `changed` is what it says wrongly. */
async function erase(id: string, changed: Partial<Line> = {}, remainder = remains, seq = 0): Promise<string> {
  const left = await putBody(store, body(remainder));
  await sealErasure([{ id, remainder: left, records: recordsOf(people), erased: 1, ...changed }], seq);
  await drop(id);
  return left;
}

describe('an erased record', () => {
  test('leaves the others, under the root that was signed', async () => {
    await erase(await sealPeople());
    expect(await problems()).toEqual([]);
    expect(await notes()).toMatch(/1 of 3 records of content\/[0-9a-f]{64}\.zst erased by entry 6/);
  });

  const wrong: readonly [string, RegExp, Partial<Line>, string[]?][] = [
    ['with another root', /^altered content/, { records: { count: 3, root: 'e'.repeat(64) } }],
    ['with another count', /^altered content/, { records: { ...recordsOf(people), count: 4 } }],
    ['with another number of erased lines', /^altered content/, { erased: 2 }],
    [
      'whose remainder holds another line',
      /^altered content/,
      {},
      [people[0]!, gone(people[1]!), line({ id: 'x' })],
    ],
    ['whose remainder misses a line', /^altered content/, {}, [people[0]!, people[2]!]],
    ['whose remainder names another line', /^altered content/, {}, [people[0]!, gone('x'), people[2]!]],
    ['whose remainder is not sorted', /^malformed content/, {}, remains.toReversed()],
    [
      'whose remainder is not canonical',
      /^malformed content/,
      {},
      [people[0]!, gone(people[1]!).replace(':', ': ')],
    ],
    ['whose remainder is not there', /^missing content/, { remainder: 'e'.repeat(64) }],
  ];
  test.each(wrong)('%s is found', async (_, expected, changed, remainder) => {
    const left = await erase(await sealPeople(), changed, remainder);
    if (changed.remainder !== undefined) await drop(left);
    const found = await problems();
    expect(found).toContainEqual(expect.stringMatching(expected));
  });

  test('of a body whose records no statement has signed shows nothing', async () => {
    const sha256 = await putBody(store, body(people));
    await forge(store, keys, (honest) => ({ ...honest, subjects: [{ name: 'requests', sha256 }] }));
    await erase(sha256);
    expect(await problems()).toEqual([expect.stringMatching(/^altered content.*no statement said/)]);
  });

  test('that is still there is told', async () => {
    const id = await sealPeople();
    await erase(id);
    await putBody(store, body(people));
    expect(await problems()).toEqual([]);
    expect(await notes()).toContain(`content/${id}.zst is still there`);
  });

  test('of a body that is missing without an erasure is missed', async () => {
    const id = await sealPeople();
    await putBody(store, body(remains));
    await drop(id);
    const found = await problems();
    expect(found).toContainEqual(`missing content/${id}.zst: an entry refers to this body`);
    expect(found).toContainEqual(expect.stringMatching(/^malformed content/));
  });
});

describe('an erased body', () => {
  const whole = { remainder: null, erased: 3 };

  test('leaves its digest', async () => {
    const id = await sealPeople();
    await drop(await erase(id, whole));
    expect(await problems()).toEqual([]);
    expect(await notes()).toContain(`3 of 3 records of content/${id}.zst erased by entry 6: only its digest`);
  });

  test('had the records that its own statement has signed', async () => {
    const id = await sealPeople();
    await drop(await erase(id, { ...whole, records: recordsOf(people.slice(1)), erased: 2 }));
    expect(await problems()).toEqual([expect.stringMatching(/^altered entry 5: records: no body/)]);
  });

  test('had as many records as were erased', async () => {
    await drop(await erase(await sealPeople(), { ...whole, erased: 2 }));
    expect(await problems()).toEqual([expect.stringMatching(/^altered content.*2 of 3 records erased/)]);
  });

  test('that is collected again has to be there again', async () => {
    const id = await sealPeople();
    await drop(await erase(id, whole));
    await sealPeople(1);
    expect(await problems()).toEqual([]);
    expect(await notes()).not.toContain('is still there');
    await drop(id);
    expect(await problems()).toEqual([expect.stringMatching(`^missing content/${id}.*after the erasure`)]);
  });
});

describe('an erasure that is sealed while the store is verified', () => {
  test('is no reason to miss what it took away', async () => {
    const id = await sealPeople();
    const source = directorySource(store);
    let erased = false;
    const report = await verifyStore({
      ...source,
      async stream(key) {
        if (!erased) await drop(await erase(id, { remainder: null, erased: 3 }));
        erased = true;
        return source.stream(key);
      },
    });
    expect(report.problems).toEqual([]);
    expect(report.entries).toBe(7);
  });
});

describe('a further erasure of the same body', () => {
  test('takes the place of the earlier one', async () => {
    const id = await sealPeople();
    const earlier = await erase(id);
    const more = [people[0]!, gone(people[1]!), gone(people[2]!)];
    const left = await putBody(store, body(more));
    await sealErasure([{ id, remainder: left, records: recordsOf(people), erased: 2 }], 1);
    expect(await problems()).toEqual([]);
    expect(await notes()).toContain(`content/${earlier}.zst is still there`);
    await drop(earlier);
    expect(await problems()).toEqual([]);
    await drop(left);
    expect(await problems()).toEqual([expect.stringMatching(`^missing content/${left}`)]);
  });
});

describe('the list of an erasure', () => {
  test('names bodies of this log', async () => {
    await sealErasure([{ id: 'e'.repeat(64), remainder: null, records: recordsOf(people), erased: 3 }]);
    expect(await problems()).toEqual([
      expect.stringMatching(/^sequence entry 5: erases the body e{64}, which no/),
    ]);
  });

  test('can not be erased itself', async () => {
    await sealErasure([]);
    const before = await readdir(join(store, 'content'));
    const id = await sealPeople();
    await sealErasure([{ id, remainder: null, records: recordsOf(people), erased: 3 }], 1);
    const list = (await readdir(join(store, 'content'))).find(
      (name) => !before.includes(name) && !name.startsWith(id),
    );
    const sha256 = list!.slice(0, 64);
    const said = {
      count: 1,
      root: recordsOf([line({ id, remainder: null, records: recordsOf(people), erased: 3 })]).root,
    };
    await sealErasure([{ id: sha256, remainder: null, records: said, erased: 1 }], 2);
    expect(await problems()).toContainEqual(
      expect.stringMatching(/^sequence entry \d+: erases the list of an erasure/),
    );
  });

  test.each([
    ['is no list', line({ id: 'x' })],
    [
      'says more than it should',
      line({ id: 'e'.repeat(64), remainder: null, records: recordsOf([]), erased: 0, x: 1 }),
    ],
  ])('is found when it %s', async (_, text) => {
    await sealErasure([], 0, body([text]));
    expect(await problems()).not.toEqual([]);
  });
});

describe('what a verdict says of its own body', () => {
  test.each([
    ['its records', {}, []],
    ['other records', { root: 'e'.repeat(64) }, [/^altered content.*verdict that names it/]],
    ['another count', { count: 4 }, [/^altered content.*verdict that names it/]],
  ])('is %s', async (_, changed, expected) => {
    const own = await putBody(store, body(people));
    const verdict = line({ id: 'check', body: own, records: { ...recordsOf(people), ...changed } });
    const input = line({ id: 'input' });
    const subjects = [
      { name: 'inputs', sha256: await putBody(store, body([input])) },
      { name: 'verdicts', sha256: await putBody(store, body([verdict])) },
    ];
    await forge(store, keys, (honest) => ({
      ...honest,
      predicate: 'assessment',
      stream: 'assessment/forged',
      subjects,
      fields: {
        now: 1_989_999_000,
        full: true,
        checks: 1,
        outcomes: { fail: 1 },
        sqlite: '3',
        node: '24',
        inputs: recordsOf([input]),
        verdicts: recordsOf([verdict]),
      },
    }));
    expect(await problems()).toEqual(expected.map((message) => expect.stringMatching(message)));
  });
});

describe('an object that its store knows to be tampered with', () => {
  test('is altered, whatever its bytes are', async () => {
    const source = directorySource(store);
    const report = await verifyStore({
      ...source,
      async *walk(folder) {
        for await (const object of source.walk(folder)) {
          yield object.key === 'log/checkpoints/2' ? { ...object, tampered: 'it was written over' } : object;
        }
      },
    });
    expect(report.problems).toEqual([
      { code: 'altered', where: 'log/checkpoints/2', message: 'it was written over' },
    ]);
  });
});
