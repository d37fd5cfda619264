import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { attestationContent } from '../../src/controls/sealed-attestation.ts';
import type { StatementDraft } from '../../src/evidence/contract.ts';
import { findRecords } from '../../src/evidence/find-records.ts';
import { readStore } from '../../src/evidence/reader.ts';
import { verifyDirectory } from '../../src/evidence/verify.ts';
import { allAnswers, makeWorld, NOW, type World } from './world.ts';

const MANIFEST = (name: string) => `
apiVersion: annexa.dev/v1alpha1
kind: Attestation
metadata: { name: ${name} }
spec: { aspects: [A.7.8/siting], statement: Seen., by: the owner, at: 2026-01-01, expires: 2026-12-01 }
`;

/** Each test has a name of its own, and an aspect of its own that nothing else answers. */
const content = (name: string, aspect: string, over: object = {}) =>
  attestationContent.parse({
    name,
    aspects: [aspect],
    statement: 'Every door was closed.',
    at: '2026-05-01',
    documents: [{ name: 'visit.pdf', sha256: 'ab'.repeat(32) }],
    expires: '2026-12-01',
    ...over,
  });

type Opened = Awaited<ReturnType<World['open']>>;

let world: World;
let opened: Opened;

async function reopen(): Promise<void> {
  opened = await world.open();
  await opened.agent.open();
}

beforeAll(async () => {
  world = await makeWorld({ manifests: {} });
  await reopen();
});

afterEach(() => vi.restoreAllMocks());

afterAll(async () => {
  await opened[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

const attest = (name: string, aspect: string, over: object = {}, by = 'token:maria') =>
  opened.agent.view.attest(content(name, aspect, over), by);
const withdraw = (name: string, by = 'token:lee') => opened.agent.view.withdraw(name, 'the wrong site', by);
const item = async (name: string) =>
  (await opened.agent.view.attestations({ limit: 100 })).items.filter((one) => one.name === name);
const entries = async () =>
  (await opened.agent.view.evidence({ limit: 1000, stream: 'attestation' })).items.map(({ index }) => index);

/** The aspect, once what was attested by now is judged. */
async function aspect(id: string) {
  world.now += 1;
  await opened.agent.settled();
  const control = await opened.agent.view.control(id.split('/')[0] ?? '');
  const found = control?.aspects.find((one) => one.id === id);
  return found && { status: found.status, basis: found.basis, why: found.why, answered: found.attestations };
}

const NOTHING = {
  status: 'unknown',
  basis: null,
  why: 'No check and no attestation covers it.',
  answered: [],
};

describe('what is attested through the API', () => {
  test('counts from its sealing on, however long ago it was, as whom the agent knows', async () => {
    expect(await aspect('A.7.1/defined')).toEqual(NOTHING);
    world.now = NOW + 1000;
    const given = await attest('counts', 'A.7.1/defined');
    expect(given).toMatchObject({
      name: 'counts',
      source: 'api',
      by: 'token:maria',
      at: Date.parse('2026-05-01') / 1000,
      state: 'valid',
      sealedAt: NOW + 1000,
      evidence: (await entries()).at(-1),
    });
    expect(await aspect('A.7.1/defined')).toEqual({
      status: 'effective',
      basis: 'attested',
      why: 'counts: attested by token:maria (authenticated) at 2026-05-01T00:00:00Z, until 2026-12-01T00:00:00Z.',
      answered: ['counts'],
    });
    expect(await item('counts')).toEqual([given]);
    const period = { from: NOW, to: NOW + 2000 };
    const fared = (await opened.agent.view.control('A.7.1', period))?.period?.aspects[0];
    expect(fared?.seconds).toMatchObject({ unknown: 1001, effective: 999 });
  });

  test('is sealed without a word of who and what in the statement, and verifies', async () => {
    const { evidence, leafHash } = await attest('sealed', 'A.7.4/coverage');
    const detail = await opened.agent.view.entry(evidence ?? 0);
    expect(detail).toMatchObject({
      leafHash,
      statement: {
        predicateType: 'https://annexa.dev/attestation/v1',
        predicate: { act: 'given', aspects: ['A.7.4/coverage'], replaces: null, records: { count: 1 } },
      },
    });
    expect(JSON.stringify(detail?.statement)).not.toMatch(/maria|"sealed"|door/);
    const reader = await readStore(join(world.directory, 'data/evidence'));
    const { name, ...rest } = content('sealed', 'A.7.4/coverage');
    expect(await Array.fromAsync(reader.body(detail?.subjects[0]?.sha256 ?? ''))).toEqual([
      { id: 'attestation/sealed', name, ...rest, by: 'token:maria', givenAt: world.now },
    ]);
    expect((await verifyDirectory(join(world.directory, 'data/evidence'))).problems).toEqual([]);
  });

  test('expires as a failure, and is told to the metrics', async () => {
    const expires = world.now + 3600;
    await attest('ends', 'A.7.6/rules', { expires: new Date(expires * 1000).toISOString() });
    expect(await aspect('A.7.6/rules')).toMatchObject({ status: 'effective' });
    const metrics: unknown = JSON.parse((await allAnswers(opened))['metrics'] ?? '');
    expect(metrics).toMatchObject({
      attestations: expect.arrayContaining([{ name: 'ends', expiresAt: expires, controls: ['A.7.6'] }]),
    });
    world.now = expires;
    await attest('later', 'A.7.3/design');
    expect(await aspect('A.7.6/rules')).toMatchObject({ status: 'ineffective' });
    expect(await item('ends')).toMatchObject([{ state: 'expired', valid: false }]);
  });

  test('takes the place of what had its name; said again by the same it is what is there', async () => {
    const before = (await entries()).length;
    const first = await attest('replaced', 'A.7.7/clear-desk');
    world.now += 5;
    expect(await attest('replaced', 'A.7.7/clear-desk')).toEqual(first);
    expect(await attest('replaced', 'A.7.7/clear-desk', {}, 'token:lee')).toMatchObject({ by: 'token:lee' });
    const third = await attest('replaced', 'A.7.7/clear-desk', { statement: 'Seen again.' }, 'token:lee');
    expect((await entries()).length).toBe(before + 3);
    expect(await aspect('A.7.7/clear-desk')).toMatchObject({ answered: ['replaced'] });
    expect(await item('replaced')).toEqual([third]);
  });

  test('by several at once is sealed one after the other', async () => {
    const before = (await entries()).length;
    const items = await Promise.all([
      attest('once', 'A.7.9/location'),
      attest('once', 'A.7.9/location'),
      attest('once', 'A.7.9/location', {}, 'token:lee'),
      attest('other', 'A.7.9/location'),
      attest('other', 'A.7.9/location'),
    ]);
    expect(new Set(items.map(({ evidence }) => evidence))).toEqual(new Set((await entries()).slice(before)));
    expect((await entries()).length).toBe(before + 3);
    expect(await item('once')).toMatchObject([{ by: 'token:lee' }]);
    expect(await item('other')).toMatchObject([{ by: 'token:maria' }]);
  });

  test('counts no more once it is withdrawn, and again when it is given again', async () => {
    await attest('withdrawn', 'A.7.2/visitors');
    expect(await aspect('A.7.2/visitors')).toMatchObject({ status: 'effective' });
    const withdrawn = await withdraw('withdrawn');
    expect(withdrawn).toMatchObject({
      state: 'withdrawn',
      valid: false,
      withdrawn: { by: 'token:lee', reason: 'the wrong site', evidence: (await entries()).at(-1) },
    });
    expect(await withdraw('withdrawn')).toEqual(withdrawn);
    expect(await withdraw('another')).toBeUndefined();
    expect(await aspect('A.7.2/visitors')).toEqual(NOTHING);
    expect(await item('withdrawn')).toEqual([withdrawn]);
    await attest('withdrawn', 'A.7.2/visitors');
    expect(await aspect('A.7.2/visitors')).toMatchObject({ status: 'effective' });
    expect(await item('withdrawn')).toMatchObject([{ state: 'valid', withdrawn: null }]);
  });

  test('gives way to a manifest of its name while there is one, and such a name is refused', async () => {
    const configure = async (text: string) => {
      await world.write('plans.yaml', text);
      await opened.agent.reload(await world.config());
    };
    await attest('plans', 'A.7.8/siting');
    await configure(MANIFEST('plans'));
    expect(await aspect('A.7.8/siting')).toMatchObject({
      why: expect.stringContaining('the owner (asserted in the configuration)'),
      answered: ['plans'],
    });
    expect(await item('plans')).toMatchObject([{ source: 'configuration', evidence: null }]);
    await expect(attest('plans', 'A.7.8/siting')).rejects.toMatchObject({ code: 'conflict' });
    await configure(MANIFEST('mine'));
    expect(await item('plans')).toMatchObject([{ source: 'api', state: 'valid' }]);
    await expect(withdraw('mine')).rejects.toMatchObject({ code: 'conflict' });
  });

  test('is refused for a time that can not be, with the field', async () => {
    const before = await entries();
    const text = (seconds: number) => new Date(seconds * 1000).toISOString();
    const over = [
      ['at', { at: text(world.now + 1) }],
      ['expires', { expires: text(world.now) }],
    ] as const;
    for (const [field, wrong] of over)
      await expect(attest('never', 'A.7.5/assessment', wrong)).rejects.toMatchObject({
        code: 'invalid',
        field,
      });
    expect(await entries()).toEqual(before);
    expect(opened.agent.view.readiness().ready).toBe(true);
  });
});

describe('a store that fails', () => {
  test('accepts nothing, and what may have been sealed all the same is not sealed twice', async () => {
    const { log } = opened.stores;
    const drafts: StatementDraft[] = [];
    const append = vi.spyOn(log, 'append').mockImplementationOnce((asked) => {
      drafts.push(...asked);
      return Promise.reject(new Error('EIO'));
    });
    await expect(attest('failed', 'A.7.11/provision')).rejects.toMatchObject({ code: 'store' });
    expect(await item('failed')).toEqual([]);
    expect(await aspect('A.7.11/provision')).toEqual(NOTHING);
    const { evidence } = await attest('failed', 'A.7.11/provision');
    expect((await log.entry(evidence ?? 0)).runId).toBe(drafts[0]?.runId);
    expect(append).toHaveBeenCalled();
    expect(await aspect('A.7.11/provision')).toMatchObject({ status: 'effective' });
  });

  test('that sealed and then lost the answer has sealed it', async () => {
    const { log } = opened.stores;
    const before = (await entries()).length;
    const real = log.append.bind(log);
    vi.spyOn(log, 'append').mockImplementationOnce(async (...asked) => {
      await real(...asked);
      throw new Error('the answer was lost');
    });
    await expect(attest('lost', 'A.7.12/protection')).rejects.toMatchObject({ code: 'store' });
    const { evidence } = await attest('lost', 'A.7.12/protection');
    expect((await entries()).slice(before)).toEqual([evidence]);
  });
});

describe('an attestation that was erased', () => {
  const evidence = () => join(world.directory, 'data/evidence');

  async function erase(...ids: string[]): Promise<void> {
    const { holders } = await findRecords(await readStore(evidence()), ids);
    const bodies = holders.map(({ sha256, records }) => ({ sha256, records }));
    const because = { by: 'data protection officer', reason: 'request 17', legalBasis: 'GDPR Art. 17(1)(b)' };
    await opened.stores.log.erase({ ...because, bodies });
    await opened[Symbol.asyncDispose]();
    await world.rebuild();
    await reopen();
  }

  test('leaves its aspects unknown, and says so, until it is withdrawn under the name of its entry', async () => {
    const { evidence: index } = await attest('gone', 'A.7.13/schedule');
    await attest('stays', 'A.7.13/schedule', { statement: 'Seen again.' });
    await attest('revoked', 'A.7.14/wiped');
    await withdraw('revoked');
    expect(await aspect('A.7.13/schedule')).toMatchObject({ status: 'effective' });
    await erase('attestation/gone', 'withdrawal/revoked');
    const name = `entry-${index}`;
    expect(await aspect('A.7.13/schedule')).toMatchObject({
      status: 'unknown',
      why: `${name}: the attestation was erased on request, and counts no more.`,
      answered: [name, 'stays'],
    });
    expect(await item(name)).toMatchObject([{ state: 'erased', by: null, valid: false }]);
    expect(await aspect('A.7.14/wiped')).toEqual(NOTHING);
    expect(await item('revoked')).toMatchObject([
      { state: 'withdrawn', withdrawn: { by: null, reason: null } },
    ]);
    expect((await verifyDirectory(evidence())).problems).toEqual([]);
    await withdraw(name);
    expect(await aspect('A.7.13/schedule')).toMatchObject({ status: 'effective', answered: ['stays'] });
  });
});

test('a state that is made anew tells the same of all of it', async () => {
  const before = await allAnswers(opened);
  await opened[Symbol.asyncDispose]();
  await world.rebuild();
  opened = await world.open();
  expect(await allAnswers(opened)).toEqual(before);
  const { items } = await opened.agent.view.attestations({ limit: 100 });
  expect(new Set(items.map(({ state }) => state))).toEqual(new Set(['valid', 'expired', 'withdrawn']));
});
