import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { drawSample, type SampleRequest } from '../../src/audit/sample/draw.ts';
import { leafHash, verifyInclusion } from '../../src/evidence/merkle.ts';
import { makeWorld, type World } from '../engine/world.ts';
import { logEvidence } from './log-evidence.ts';

const COLLECTOR = `
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: people }
spec:
  plugin: hr
  datasets: { people: { schedule: every 1d } }
  settings:
    scope: test
    file: people.csv
    asOf: { column: asof }
    columns: { personId: id, workEmail: email, lastDay: last }
`;
const CHECK = `
apiVersion: annexa.dev/v1alpha1
kind: Check
metadata: { name: odd-address }
spec:
  title: Everybody with an even number has an address
  aspects: [A.5.18/removal]
  nature: state
  severity: high
  within: 1h
  kind: person
  where: it.id LIKE '%0' OR it.id LIKE '%5'
  fails: it.id LIKE '%5'
  reason: "'ends in five'"
  remediation: none
  rationale: none
`;
const PEOPLE = 100;

let world: World;
let store: string;
let snapshot: number;

beforeAll(async () => {
  world = await makeWorld({ manifests: { 'collector.yaml': COLLECTOR, 'check.yaml': CHECK } });
  store = `${world.directory}/data/evidence`;
  const rows = Array.from({ length: PEOPLE }, (_, at) => `${at},p${at}@test.example,,2026-06-01`);
  await world.write('people.csv', ['id,email,last,asof', ...rows, ''].join('\n'));
  await using opened = await world.open();
  await opened.agent.open();
  await opened.agent.collectOnce();
  const entries = await Array.fromAsync((await logEvidence(store)).entries());
  snapshot = entries.find(({ predicate }) => predicate === 'snapshot')?.index ?? -1;
});

afterAll(() => world[Symbol.asyncDispose]());

const draw = async (request: Partial<SampleRequest>) =>
  drawSample(await logEvidence(store), { seed: 'dice: 4 1 6', size: 10, from: { snapshot }, ...request });

describe('a sample of a snapshot', () => {
  test('is the same for the same seed, and another one for another', async () => {
    const ids = async (seed: string) => (await draw({ seed })).items.map(({ id }) => id);
    const first = await ids('dice: 4 1 6');
    expect(await ids('dice: 4 1 6')).toEqual(first);
    expect(await ids('dice: 2 2 3')).not.toEqual(first);
    expect(new Set(first).size).toBe(10);
  });

  test('takes the records with the smallest scores of all, and a score is told by hand', async () => {
    const all = await draw({ size: PEOPLE + 1 });
    expect(all.items).toHaveLength(PEOPLE);
    expect(all.population).toBe(PEOPLE);
    const scores = all.items.map(({ score }) => score);
    expect(scores.toSorted()).toEqual(scores);
    const [item] = all.items;
    const text = `${all.seed}\n${all.checkpoint.root}\n${item?.id}`;
    expect(item?.score).toBe(createHash('sha256').update(text).digest('hex'));
    expect((await draw({})).items).toEqual(all.items.slice(0, 10));
  });

  test('proves each record against the root that the snapshot signs, salt and all', async () => {
    const { items } = await draw({});
    for (const { line, index, size, hashes, root, id } of items) {
      expect(JSON.parse(line)).toMatchObject({ id, salt: expect.stringMatching(/^[0-9a-f]{32}$/) });
      const bytes = (hex: string) => Buffer.from(hex, 'hex');
      const proof = hashes.map(bytes);
      expect(verifyInclusion(index, size, leafHash(Buffer.from(line)), proof, bytes(root))).toBe(true);
      expect(verifyInclusion(index, size, leafHash(Buffer.from(`${line} `)), proof, bytes(root))).toBe(false);
    }
  });

  test('is refused when the lines are not those whose root was signed', async () => {
    const evidence = await logEvidence(store);
    const broken = { ...evidence, lines: async (sha256: string) => dropLast(await evidence.lines(sha256)) };
    await expect(drawSample(broken, { seed: 's', size: 1, from: { snapshot } })).rejects.toThrow(
      /lines have the root/,
    );
  });

  test('of what is no snapshot is a bad question', async () => {
    await expect(draw({ from: { snapshot: 0 } })).rejects.toMatchObject({ code: 'question' });
  });
});

describe('a sample of what a check applied to', () => {
  test('has passing records as well as failing ones, each with what the check said', async () => {
    const { items, population, assessment } = await draw({
      from: { check: 'odd-address', assessment: null },
      size: 1000,
    });
    expect(population).toBe(20);
    expect(assessment).not.toBeNull();
    const outcomes = Map.groupBy(items, ({ outcome }) => outcome);
    expect(new Set(outcomes.keys())).toEqual(new Set(['fail', 'pass']));
    expect(outcomes.get('fail')?.every(({ id }) => id.endsWith('5'))).toBe(true);
    expect(outcomes.get('pass')?.every(({ id }) => id.endsWith('0'))).toBe(true);
    expect(items.every((item) => item.snapshot === snapshot && item.hashes.length > 0)).toBe(true);
  });

  test('that nobody knows is a bad question', async () => {
    await expect(draw({ from: { check: 'nobody', assessment: null } })).rejects.toMatchObject({
      code: 'question',
    });
  });
});

async function* dropLast<T>(lines: AsyncIterable<T> | undefined): AsyncGenerator<T> {
  const all = lines === undefined ? [] : await Array.fromAsync(lines);
  yield* all.slice(0, -1);
}
