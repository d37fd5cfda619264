import { hash } from 'node:crypto';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { signCheckpoint } from '../../src/evidence/checkpoint.ts';
import type { JsonObject, KeyInForce } from '../../src/evidence/contract.ts';
import type { Signer } from '../../src/evidence/keys.ts';
import { fingerprint, publicKeyObject } from '../../src/evidence/public-keys.ts';
import type { Statement } from '../../src/evidence/statement.ts';
import { verifyDirectory } from '../../src/evidence/verify.ts';
import type { VerifyOptions } from '../../src/evidence/verify.ts';
import { fullStoreKeys, makeFullStore } from '../torture/full-store.ts';
import { makeSampleStore } from '../torture/sample-store.ts';
import { type Forged, forgeCommit, type Forgers } from './forge.ts';
import { temporaryDirectory } from './helpers.ts';

const START = 1_762_000_000;
const { first, second } = fullStoreKeys();
const old: Forgers = { envelope: first.envelope, checkpoint: [first.checkpoint] };
let base: string;
let store: string;

beforeAll(async () => {
  base = await temporaryDirectory();
  const size = { start: START, datasets: 1 };
  await makeSampleStore({ ...size, directory: join(base, 'plain'), keys: first, rounds: 1 });
  await makeFullStore({ ...size, directory: join(base, 'full') });
});
afterAll(() => rm(base, { recursive: true, force: true }));
beforeEach(() => use('plain'));

async function use(name: 'plain' | 'full'): Promise<void> {
  store = join(base, 'store');
  await rm(store, { recursive: true, force: true });
  await cp(join(base, name), store, { recursive: true });
}

const path = (key: string): string => join(store, key);

async function problems(options: VerifyOptions = {}): Promise<string[]> {
  const report = await verifyDirectory(store, options);
  return report.problems.map(({ code, where, message }) => `${code} ${where}: ${message}`);
}

/** Publishes the new key, and gives the statement that replaces another one by it. */
async function rotation(
  honest: Statement,
  use: KeyInForce['use'],
  step: string,
  from: Signer,
  to: Signer,
): Promise<Statement> {
  const { key, bytes } = publicKeyObject(to.spki);
  await writeFile(path(key), bytes);
  const fields: JsonObject = {
    use,
    step,
    from: fingerprint(from.spki),
    to: fingerprint(to.spki),
    key: Buffer.from(to.spki).toString('base64'),
  };
  const subjects = [{ name: key, sha256: hash('sha256', bytes) }];
  return { ...honest, predicate: 'rotation', stream: 'rotation', runId: `${use}/${step}`, subjects, fields };
}

const commit = (forgers: Forgers, make: (honest: Statement) => Promise<readonly Forged[]>): Promise<void> =>
  forgeCommit(store, forgers, make);

const both: Forgers = { envelope: first.envelope, checkpoint: [first.checkpoint, second.checkpoint] };

describe('the rotation of an envelope key', () => {
  test('is two entries of one payload, signed by the old key and the new one', async () => {
    await commit(old, async (honest) => {
      const statement = await rotation(honest, 'envelope', 'replace', first.envelope, second.envelope);
      return [{ statement }, { statement, signer: second.envelope }];
    });
    expect(await problems()).toEqual([]);
    const { trust } = await verifyDirectory(store);
    expect(trust.filter(({ use }) => use === 'envelope').map(({ name }) => name)).toEqual([
      expect.stringMatching(/^entries 0 to \d+$/),
      expect.stringMatching(/^since entry \d+$/),
    ]);
  });

  const wrong: readonly [string, RegExp, (statement: Statement) => readonly Forged[]][] = [
    ['without its second entry', /does not follow|not followed/, (statement) => [{ statement }]],
    [
      'of which the old key signs both',
      /foreign-key|not followed|does not follow/,
      (statement) => [{ statement }, { statement }],
    ],
    [
      'of which the new key signs both',
      /foreign-key entry/,
      (statement) => [
        { statement, signer: second.envelope },
        { statement, signer: second.envelope },
      ],
    ],
    [
      'whose second entry says something else',
      /not followed|does not follow|foreign-key/,
      (statement) => [
        { statement },
        { statement: { ...statement, runId: 'another' }, signer: second.envelope },
      ],
    ],
    [
      'from a key that is not in force',
      /is in force/,
      (statement) => {
        const fields = { ...statement.fields, from: fingerprint(second.checkpoint.spki) };
        return [
          { statement: { ...statement, fields } },
          { statement: { ...statement, fields }, signer: second.envelope },
        ];
      },
    ],
    [
      'to another key than it names',
      /its key is/,
      (statement) => {
        const fields = { ...statement.fields, to: 'e'.repeat(64) };
        return [
          { statement: { ...statement, fields } },
          { statement: { ...statement, fields }, signer: second.envelope },
        ];
      },
    ],
  ];
  test.each(wrong)('%s is found', async (_, message, make) => {
    await commit(old, async (honest) =>
      make(await rotation(honest, 'envelope', 'replace', first.envelope, second.envelope)),
    );
    expect(await problems()).toContainEqual(expect.stringMatching(message));
  });

  test('in two commits is found', async () => {
    let statement: Statement | undefined;
    await commit(old, async (honest) => {
      statement = await rotation(honest, 'envelope', 'replace', first.envelope, second.envelope);
      return [{ statement }];
    });
    await commit(old, async () => [{ statement: statement!, signer: second.envelope }]);
    expect(await problems()).toEqual([expect.stringMatching(/^sequence entry \d+: .* of one commit$/)]);
  });

  test('ends what the old key may sign', async () => {
    await commit(old, async (honest) => {
      const statement = await rotation(honest, 'envelope', 'replace', first.envelope, second.envelope);
      return [{ statement }, { statement, signer: second.envelope }, { statement: honest }];
    });
    expect(await problems()).toEqual([expect.stringMatching(/^foreign-key entry \d+:/)]);
  });

  test('before it the new key may sign nothing', async () => {
    await commit(old, async (honest) => [{ statement: honest, signer: second.envelope }]);
    expect(await problems()).toEqual([expect.stringMatching(/^foreign-key entry \d+:/)]);
  });
});

describe('the rotation of a checkpoint key', () => {
  const begin = (forgers: Forgers) =>
    commit(forgers, async (honest) => [
      { statement: await rotation(honest, 'checkpoint', 'begin', first.checkpoint, second.checkpoint) },
    ]);

  test('has both keys sign from then on', async () => {
    await begin(both);
    expect(await problems()).toEqual([]);
  });

  test.each([
    ['the old key alone', old],
    ['the new key alone', { ...old, checkpoint: [second.checkpoint] }],
  ])('is not fulfilled by %s', async (_, forgers) => {
    await begin(forgers);
    expect(await problems()).toEqual([expect.stringMatching(/^foreign-key log\/checkpoints\/\d+: 2 keys/)]);
  });

  test('is not over before its end, nor goes on after it', async () => {
    await use('full');
    const newest: Forgers = { envelope: second.envelope, checkpoint: [second.checkpoint] };
    await commit(newest, async (honest) => [{ statement: honest }]);
    expect(await problems()).toEqual([]);
    await commit({ ...newest, checkpoint: [second.checkpoint, first.checkpoint] }, async (honest) => [
      { statement: { ...honest, seq: 1 } },
    ]);
    expect(await problems()).toEqual([]);
    await use('full');
    await commit({ ...newest, checkpoint: [first.checkpoint] }, async (honest) => [{ statement: honest }]);
    expect(await problems()).toEqual([expect.stringMatching(/^foreign-key log\/checkpoints\/\d+: a key/)]);
  });

  test('cannot be ended before it has begun', async () => {
    await commit(old, async (honest) => [
      { statement: await rotation(honest, 'checkpoint', 'end', first.checkpoint, second.checkpoint) },
    ]);
    expect(await problems()).toContainEqual(expect.stringMatching(/which no rotation began/));
  });
});

describe('after rotations', () => {
  beforeEach(() => use('full'));

  test('every key that was ever in force has to be given', async () => {
    const keys = [first, second].flatMap(({ envelope, checkpoint }) => [envelope, checkpoint]);
    const trusted = keys.map(({ spki }) => fingerprint(spki));
    expect(await problems({ trusted })).toEqual([]);
    for (const left of trusted) {
      const given = trusted.filter((one) => one !== left);
      expect(await problems({ trusted: given })).toEqual([
        expect.stringMatching(`^foreign-key keys/${left}.pem`),
      ]);
    }
  });

  test('an old checkpoint that was kept is a checkpoint still', async () => {
    const since = await readFile(path('log/checkpoints/2'));
    const report = await verifyDirectory(store, { since });
    expect(report.problems).toEqual([]);
    expect(report.splitView).toEqual({ size: 2, by: 'the checkpoint given' });
  });

  test('a checkpoint that was kept has to be signed by the keys in force at its size', async () => {
    const [origin = '', , root = ''] = (await readFile(path('log/checkpoints/2'), 'utf8')).split('\n');
    const forged = await signCheckpoint(origin, 2, Buffer.from(root, 'base64'), [second.checkpoint]);
    expect(await problems({ since: Buffer.from(forged.note) })).toEqual([
      'foreign-key the checkpoint given: a key signed it that was not in force',
    ]);
  });

  test('every key has to be published', async () => {
    for (const { spki } of [first.envelope, first.checkpoint]) {
      const key = `keys/${fingerprint(spki)}.pem`;
      await rm(path(key));
      expect(await problems()).toContainEqual(expect.stringMatching(`^missing ${key}`));
      await use('full');
    }
  });
});

describe('a rotation that was interrupted', () => {
  test('after its envelopes were stored is no problem, and its key no stranger', async () => {
    await commit(old, async (honest) => {
      const statement = await rotation(honest, 'envelope', 'replace', first.envelope, second.envelope);
      return [{ statement }, { statement, signer: second.envelope }];
    });
    const envelopes = path('envelopes');
    await cp(envelopes, join(base, 'envelopes'), { recursive: true });
    const pem = publicKeyObject(second.envelope.spki);
    await use('plain');
    await cp(join(base, 'envelopes'), envelopes, { recursive: true });
    await writeFile(path(pem.key), pem.bytes);
    expect(await problems()).toEqual([]);
    const { notes } = await verifyDirectory(store);
    expect(notes).toContainEqual(expect.stringContaining('2 envelopes that are not in the log'));
    await writeFile(path(pem.key), publicKeyObject(second.checkpoint.spki).bytes);
    expect(await problems()).toEqual([expect.stringMatching(`^altered ${pem.key}`)]);
  });

  test('leaves no key that nothing announces', async () => {
    const { key, bytes } = publicKeyObject(second.envelope.spki);
    await writeFile(path(key), bytes);
    expect(await problems()).toEqual([expect.stringMatching(`^unknown-file ${key}`)]);
  });
});
