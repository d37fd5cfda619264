import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type AccessEntry, createAccessLog } from '../../src/engine/access-log.ts';
import type { Stores } from '../../src/engine/stores.ts';
import { EvidenceError } from '../../src/evidence/error.ts';
import { findRecords } from '../../src/evidence/find-records.ts';
import { readStore } from '../../src/evidence/reader.ts';
import { verifyDirectory } from '../../src/evidence/verify.ts';
import { makeWorld, type World } from './world.ts';

let world: World;

beforeEach(async () => {
  world = await makeWorld({ manifests: {} });
});
afterEach(async () => {
  vi.useRealTimers();
  await world[Symbol.asyncDispose]();
});

const evidence = () => join(world.directory, 'data', 'evidence');

const looked = (who: string, at = world.now): AccessEntry => ({
  at,
  who,
  roles: ['auditor'],
  operation: 'GET /api/v1/evidence/:index',
  subject: '/api/v1/evidence/3',
  status: 200,
  bytes: 17,
});

/** Every sealed record of access, by entry. */
async function sealed({ log }: Pick<Stores, 'log'>): Promise<unknown[][]> {
  const found: unknown[][] = [];
  for await (const { predicate, subjects } of log.entries()) {
    if (predicate !== 'access') continue;
    const records: unknown[] = [];
    for await (const { id: _, ...record } of log.body(subjects[0]?.sha256 ?? '')) records.push(record);
    found.push(records);
  }
  return found;
}

describe('who had access', () => {
  test('is sealed together, under the configuration in force, and verifies', async () => {
    {
      await using opened = await world.open();
      const { agent, stores } = opened;
      await agent.open();
      agent.access.record(looked('token:kim'));
      agent.access.record(looked('oidc:lee', world.now + 1));
      expect(agent.access.unsealed()).toBe(2);
      world.now += 5;
      await agent.access.flush();
      expect(agent.access.unsealed()).toBe(0);
      expect(await sealed(stores)).toEqual([
        [looked('token:kim', world.now - 5), looked('oidc:lee', world.now - 4)],
      ]);
      const [entry] = (await agent.view.evidence({ limit: 10, stream: 'access' })).items;
      expect(entry).toMatchObject({
        predicateType: 'https://annexa.dev/access/v1',
        stream: 'access',
        seq: 0,
      });
      const { startedAt, finishedAt, config, fields } = await stores.log.entry(entry?.index ?? -1);
      expect({ startedAt, finishedAt }).toEqual({ startedAt: world.now - 5, finishedAt: world.now - 4 });
      expect(config).toMatch(/^[0-9a-f]{64}$/);
      // Names are in the body alone, which can be erased.
      expect(Object.keys(fields)).toEqual(['records']);
    }
    expect(await verifyDirectory(evidence())).toMatchObject({ ok: true, problemCount: 0 });
  });

  test('is sealed at the end of the agent, what was answered during the stop too', async () => {
    const opened = await world.open();
    await opened.agent.open();
    opened.agent.access.record(looked('token:kim'));
    const answered = Promise.withResolvers<void>();
    const closed = opened.agent.close(answered.promise);
    opened.agent.access.record(looked('token:late'));
    answered.resolve();
    await closed;
    await opened[Symbol.asyncDispose]();
    await using again = await world.open();
    expect(await sealed(again.stores)).toEqual([[looked('token:kim'), looked('token:late')]]);
  });

  test('can be erased: it is personal data', async () => {
    await using opened = await world.open();
    await opened.agent.open();
    opened.agent.access.record(looked('oidc:kim@acme.example'));
    opened.agent.access.record(looked('oidc:lee@acme.example'));
    await opened.agent.access.flush();
    const { log } = opened.stores;
    let id = '';
    for await (const { predicate, subjects } of log.entries())
      if (predicate === 'access')
        for await (const record of log.body(subjects[0]?.sha256 ?? ''))
          if (record['who'] === 'oidc:kim@acme.example') id = record.id;
    const { holders } = await findRecords(await readStore(evidence()), [id]);
    expect(holders).toMatchObject([{ role: 'access', records: [id] }]);
    const bodies = holders.map(({ sha256, records }) => ({ sha256, records }));
    await log.erase({ by: 'officer', reason: 'request 1', legalBasis: 'GDPR Art. 17', bodies });
    expect(JSON.stringify(await verifyDirectory(evidence()))).toContain('1 of 2 records');
  });
});

describe('while it can not be sealed', () => {
  /** A log that refuses to append until it is healed; `after`: although it has appended. */
  async function failing(when: 'before' | 'after') {
    const opened = await world.open();
    const state = { broken: true };
    const errors: object[] = [];
    const { log: sound } = opened.stores;
    const append: Stores['log']['append'] = async (...args) => {
      if (when === 'before' && state.broken) throw new EvidenceError('io', 'no space left');
      const done = await sound.append(...args);
      if (state.broken) throw new EvidenceError('io', 'no space left');
      return done;
    };
    const access = createAccessLog({
      log: { storeBody: (records) => sound.storeBody(records), append },
      logger: { error: (fields: object) => void errors.push(fields) },
      now: () => world.now,
      config: () => null,
      sealed: () => Promise.resolve(),
    });
    return { access, opened, errors, state };
  }

  test('nothing is lost, evidence is given for five minutes more, and then no longer', async () => {
    const { access, opened, errors, state } = await failing('before');
    await using _ = opened;
    access.record(looked('token:kim'));
    await access.flush();
    expect(errors).toMatchObject([{ event: 'access_not_sealed', records: 1 }]);
    world.now += 300;
    expect(access.admits()).toBe(true);
    world.now += 1;
    expect(access.admits()).toBe(false);
    state.broken = false;
    await access.flush();
    expect(access.admits()).toBe(true);
    expect(await sealed(opened.stores)).toEqual([[looked('token:kim', world.now - 301)]]);
  });

  test('no more is recorded than fits', async () => {
    const { access, opened, state } = await failing('before');
    await using _ = opened;
    for (let at = 0; at < 10_000; at += 1) {
      expect(access.admits()).toBe(true);
      access.record(looked('token:kim'));
    }
    expect(access.admits()).toBe(false);
    state.broken = false;
    await access.flush();
    await access.flush();
    expect(access.admits()).toBe(true);
    expect((await sealed(opened.stores)).map((records) => records.length)).toEqual(Array(10).fill(1000));
  });

  test('what was sealed in spite of an error is not sealed twice', async () => {
    const { access, opened, state } = await failing('after');
    await using _ = opened;
    access.record(looked('token:kim'));
    await access.flush();
    access.record(looked('token:lee'));
    state.broken = false;
    await access.flush();
    expect(await sealed(opened.stores)).toEqual([[looked('token:kim')], [looked('token:lee')]]);
  });

  test('it is tried by itself after a minute, and again each minute', async () => {
    const { access, opened, errors, state } = await failing('before');
    await using _ = opened;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    access.record(looked('token:kim'));
    expect(errors).toEqual([]);
    vi.advanceTimersByTime(60_000);
    await vi.waitFor(() => expect(errors).toHaveLength(1));
    vi.advanceTimersByTime(60_000);
    await vi.waitFor(() => expect(errors).toHaveLength(2));
    state.broken = false;
    vi.advanceTimersByTime(60_000);
    await vi.waitFor(() => expect(access.unsealed()).toBe(0));
  });
});
