import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findRecords } from '../../src/evidence/find-records.ts';
import { readStore } from '../../src/evidence/reader.ts';
import { verifyDirectory } from '../../src/evidence/verify.ts';
import { allAnswers, makeWorld, type World } from './world.ts';

const COLLECTOR = `
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: people }
spec:
  plugin: hr
  datasets: { people: { schedule: every 1d, maxShrink: 0.5 } }
  settings:
    scope: test
    file: people.csv
    asOf: { column: asof }
    columns: { personId: id, workEmail: email, lastDay: last }
`;

const CHECK = `
apiVersion: annexa.dev/v1alpha1
kind: Check
metadata: { name: no-leavers }
spec:
  title: Nobody has left
  aspects: [A.5.18/removal]
  nature: state
  severity: high
  within: 1h
  kind: person
  fails: it.status IN ('left', 'vanished')
  reason: "'has left'"
  remediation: none
  rationale: none
`;

const because = { by: 'data protection officer', reason: 'request 17', legalBasis: 'GDPR Art. 17(1)(b)' };
const ANN = '1,ann@test.example,';
const BEN_LEFT = '2,ben@test.example,2026-05-01';
const CLEO = '3,cleo@test.example,';
const DAN = '4,dan@test.example,';
const register = (...rows: string[]) =>
  ['id,email,last,asof', ...rows.map((row) => `${row},2026-06-01`), ''].join('\n');

let world: World;

beforeEach(async () => {
  world = await makeWorld({ manifests: { 'collector.yaml': COLLECTOR, 'check.yaml': CHECK } });
});

afterEach(() => world[Symbol.asyncDispose]());

const evidence = () => join(world.directory, 'data', 'evidence');

async function collect(...rows: string[]): Promise<void> {
  await world.write('people.csv', register(...rows));
  world.now += 60;
  await using opened = await world.open();
  await opened.agent.open();
  await opened.agent.collectOnce();
}

/** Opens the agent, which judges what is stored and collects nothing. */
async function look() {
  await using opened = await world.open();
  const { agent, stores } = opened;
  await agent.open();
  return {
    check: await agent.view.check('no-leavers'),
    deviations: (await agent.view.deviations({ limit: 100 })).items,
    source: stores.snapshot('people', 'people', 'test'),
  };
}

/** What the command does. */
async function erase(records: readonly string[], whole = false): Promise<number> {
  {
    await using opened = await world.open();
    const { holders } = await findRecords(await readStore(evidence()), records);
    const bodies = holders.map(({ sha256, records: ids }) => ({
      sha256,
      records: whole ? ('all' as const) : ids,
    }));
    await opened.stores.log.erase({ ...because, bodies });
  }
  return world.rebuild();
}

async function onDisk(text: string): Promise<string[]> {
  const files = ['state.db', 'state.db-wal', 'inventory.db', 'inventory.db-wal'];
  const found: string[] = [];
  for (const file of files) {
    const bytes = await readFile(join(world.directory, 'data', file)).catch(() => Buffer.alloc(0));
    if (bytes.includes(text)) found.push(file);
  }
  return found;
}

describe('a snapshot with a gap', () => {
  test('is no evidence: its source is missing, with the reason, and its checks are unknown', async () => {
    await collect(ANN, CLEO);
    expect((await look()).check?.outcome).toBe('pass');
    await erase(['hr:test:3']);
    const { check, source } = await look();
    expect(source).toBeUndefined();
    expect(check?.outcome).toBe('unknown');
    expect(check?.why).toContain('1 of its records were erased on request');
  });

  test('is one again once the source is collected anew', async () => {
    await collect(ANN, CLEO);
    await erase(['hr:test:3']);
    await collect(ANN);
    expect((await look()).check?.outcome).toBe('pass');
    expect((await verifyDirectory(evidence())).problems).toEqual([]);
  });

  test('is one again although the very same bytes were collected', async () => {
    await collect(ANN, CLEO);
    await erase(['hr:test:3']);
    await collect(ANN, CLEO);
    expect((await look()).check?.outcome).toBe('pass');
    await world.rebuild();
    expect((await look()).check?.outcome).toBe('pass');
    expect((await verifyDirectory(evidence())).problems).toEqual([]);
  });

  test('still tells the next collection how many records there were', async () => {
    await collect(ANN, BEN_LEFT, CLEO, DAN);
    await erase(['hr:test:3']);
    await world.write('collector.yaml', COLLECTOR.replace('people.csv', 'empty.csv'));
    await world.write('empty.csv', register(ANN));
    world.now += 60;
    await using opened = await world.open();
    await opened.agent.open();
    const [result] = await opened.agent.collectOnce();
    expect(result?.results[0]?.failure).toMatchObject({ code: 'implausible' });
  });

  test.each([
    ['a record of it', false],
    ['all of it', true],
  ])('still tells the next collection who has left: %s was erased', async (_, whole) => {
    await collect(ANN, CLEO, DAN, '5,eve@test.example,');
    // Dan is no longer listed: the snapshot carries him over.
    await collect(ANN, CLEO, '5,eve@test.example,');
    const before = (await look()).deviations.map(({ record }) => record);
    expect(before).toContain('hr:test:4');
    if (whole) await erase(['hr:test:4#departure'], true);
    else await erase(['hr:test:3']);
    await collect(ANN, CLEO, '5,eve@test.example,');
    expect((await look()).check).toMatchObject({ outcome: 'fail' });
    expect((await look()).check?.records.map(({ id }) => id)).toEqual(['hr:test:4']);
  });
});

describe('an erased person', () => {
  test('is in no answer, and in no byte of state and inventory', async () => {
    await collect(ANN, BEN_LEFT, DAN);
    expect((await look()).deviations).toMatchObject([{ record: 'hr:test:2' }]);
    expect(await onDisk('hr:test:2')).not.toEqual([]);
    await collect(ANN, DAN);
    await erase(['hr:test:2', 'hr:test:2#departure']);
    expect(await onDisk('hr:test:2')).toEqual([]);
    expect(await onDisk('ben@test.example')).toEqual([]);
    const { deviations, check } = await look();
    expect(deviations).toEqual([]);
    expect(check?.records).toEqual([]);
    expect(check?.outcome).toBe('unknown');
    expect(await findRecords(await readStore(evidence()), ['hr:test:2'])).toMatchObject({ holders: [] });
  });

  test('leaves what was made before when the agent starts, although nothing was rebuilt', async () => {
    await collect(ANN, BEN_LEFT, DAN);
    {
      await using opened = await world.open();
      const { holders } = await findRecords(await readStore(evidence()), ['hr:test:2']);
      await opened.stores.log.erase({ ...because, bodies: holders });
    }
    expect(await onDisk('ben@test.example')).not.toEqual([]);
    expect((await look()).deviations).toEqual([]);
    expect(await onDisk('ben@test.example')).toEqual([]);
  });

  test('does not take the deviations of others along', async () => {
    await collect(ANN, BEN_LEFT, '3,cleo@test.example,2026-05-02');
    await erase(['hr:test:2']);
    expect((await look()).deviations).toMatchObject([{ record: 'hr:test:3', closedAt: null }]);
  });
});

describe('a state made anew after an erasure', () => {
  test('gives the same answers as the one that went on, byte for byte', async () => {
    await collect(ANN, BEN_LEFT, CLEO, DAN);
    await erase(['hr:test:2', 'hr:test:3']);
    await collect(ANN, DAN);
    await collect(ANN, BEN_LEFT, CLEO, DAN);
    const answers = async () => {
      await using opened = await world.open();
      await opened.stores.sync();
      return await allAnswers(opened);
    };
    const before = await answers();
    await world.rebuild();
    expect(await answers()).toEqual(before);
  });

  test('survives that verdicts and inputs are gone whole, and keeps what they opened unknown, never passed', async () => {
    await collect(ANN, BEN_LEFT);
    const subject = (name: string) => async () => {
      for await (const entry of (await readStore(evidence())).entries())
        for (const one of entry.subjects) if (one.name === name) return one.sha256;
      return '';
    };
    const inputs = await subject('inputs')();
    {
      await using opened = await world.open();
      const { holders } = await findRecords(await readStore(evidence()), ['hr:test:2']);
      const verdicts = holders.filter(({ role }) => role === 'verdict');
      expect(verdicts).not.toEqual([]);
      const bodies = [inputs, ...verdicts.map(({ sha256 }) => sha256)];
      await opened.stores.log.erase({
        ...because,
        bodies: bodies.map((sha256) => ({ sha256, records: 'all' })),
      });
    }
    await world.rebuild();
    const { check, deviations } = await look();
    expect(check?.outcome).toBe('fail');
    expect(deviations).toMatchObject([{ record: 'hr:test:2', closedAt: null }]);
  });
});
