import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBundle } from '../../src/audit/bundle-evidence.ts';
import { writeBundle } from '../../src/audit/bundle/write.ts';
import { derive } from '../../src/audit/derive/derive.ts';
import { reperform } from '../../src/audit/reperform/reperform.ts';
import { verifyBundle } from '../../src/audit/verify.ts';
import { checkManifest } from '../../src/controls/check.ts';
import { kindsRead } from '../../src/controls/judge.ts';
import { readChecks } from '../../src/controls/builtin.ts';
import { evidenceKeys } from '../../src/engine/evidence-keys.ts';
import { dataPaths } from '../../src/engine/stores.ts';
import { readStore } from '../../src/evidence/reader.ts';
import { createSandbox } from '../../src/inventory/sandbox.ts';
import { allAnswers, makeWorld, NOW, type World } from '../engine/world.ts';
import { type EvidenceChange, logEvidence } from './log-evidence.ts';

const DAY = 86_400;
const api = 'apiVersion: annexa.dev/v1alpha1';
const COLLECTOR = `
${api}
kind: Collector
metadata: { name: people }
spec:
  plugin: hr
  datasets: { people: { schedule: every 1d, maxShrink: 0.9, freshness: 9d } }
  settings:
    scope: test
    file: people.csv
    asOf: { column: asof }
    columns: { personId: id, workEmail: email, lastDay: last }
`;
const check = (name: string, aspect: string, kind: string, fails: string) => `
---
${api}
kind: Check
metadata: { name: ${name} }
spec:
  { title: ${name}, aspects: [${aspect}], nature: state, severity: high, within: 1h, kind: ${kind},
    fails: "${fails}", reason: "'it does'", remediation: none, rationale: none }
`;
const CHECKS = [
  check('no-leavers', 'A.5.18/removal', 'person', "it.status IN ('left', 'vanished')"),
  check('zones', 'A.8.14/zones', 'network', 'it.id = it.scope'),
].join('');
const scope = (absent: string) => `
${api}
kind: Scope
metadata: { name: all }
spec:
  statement: all
  entities: [Test]
  sites: []
  services: []
  sources: [{ collector: people, scopes: [test] }]
  owners: { roles: { Head of Security: "hr:test:1" } }
  absent: ${absent}
`;
const ABSENT = '[{ kinds: [network], reason: Nothing runs in a cloud, approver: Board }]';
const included = (control: string, owner: string) =>
  `    - { control: ${control}, applicable: true, justification: needed, implementation: implemented${owner} }`;
const soa = (entries: readonly string[]) => `
${api}
kind: StatementOfApplicability
metadata: { name: soa }
spec:
  version: "1"
  approver: Board
  approvedAt: 2026-01-01
  controls:
${entries.join('\n')}
`;
const WRONG = soa([
  included('A.5.1', ', owner: A@test.example'),
  included('A.5.2', ''),
  included('A.5.3', ', owner: b@test.example'),
  included('A.5.4', ', owner: head of security'),
  included('A.5.5', ', owner: Legal Counsel'),
  '    - { control: A.5.18, applicable: false, justification: nobody ever leaves }',
  '    - { control: A.8.14, applicable: false, justification: nothing runs }',
]);
const people = (asOf: string, lastDay: string) =>
  `id,email,last,asof\n1,a@test.example,,${asOf}\n2,b@test.example,${lastDay},${asOf}\n`;

let world: World;
let store: string;
const failing: Record<string, readonly string[]> = {};
const unknown: Record<string, readonly string[]> = {};

async function round(text?: string): Promise<void> {
  if (text !== undefined) await world.write('people.csv', text);
  await using opened = await world.open();
  await opened.agent.open();
  await opened.agent.collectOnce();
  for (const name of ['soa-owner-named', 'soa-owner-employed', 'soa-excluded-quiet']) {
    const records = (await opened.agent.view.check(name))?.records ?? [];
    const of = (outcome: string) =>
      records.filter((record) => record.outcome === outcome).map(({ id }) => id.split(':').at(-1) ?? '');
    failing[name] = of('fail');
    unknown[name] = of('unknown');
  }
}

async function stream(name: string) {
  await using opened = await world.open();
  await opened.stores.sync();
  return (await opened.agent.view.evidence({ limit: 100, stream: name })).items;
}

const STATEMENT = 'snapshot/_configuration/soa/statement';

beforeAll(async () => {
  const own = (await readChecks()).map((manifest) => checkManifest.parse(manifest));
  const statement = new Set(
    own.filter(({ spec }) => spec.kind === 'soa_control').map((one) => one.metadata.name),
  );
  const documents = (await readChecks()).filter((manifest) =>
    statement.has(checkManifest.parse(manifest).metadata.name),
  );
  world = await makeWorld({
    manifests: {
      'collector.yaml': COLLECTOR,
      'checks.yaml': CHECKS,
      'statement.yaml': documents.map((manifest) => JSON.stringify(manifest)).join('\n---\n'),
      'scope.yaml': scope('[]'),
      'soa.yaml': WRONG,
    },
  });
  store = `${world.directory}/data/evidence`;
  await round(people('2026-06-01', '2026-05-20'));
});

afterAll(() => world[Symbol.asyncDispose]());

describe('a Statement of Applicability that contradicts what is there', () => {
  test('fails for a control without an owner', () => {
    expect(failing['soa-owner-named']).toEqual(['A.5.2']);
  });

  test('fails for an owner who left, and for one who leads to nobody; a declared role leads to its person', () => {
    expect(failing['soa-owner-employed']).toEqual(['A.5.3', 'A.5.5']);
  });

  test('fails for an excluded control of which a check fails, and is unknown where one could not be judged', () => {
    expect(failing['soa-excluded-quiet']).toEqual(['A.5.18']);
    expect(unknown['soa-excluded-quiet']).toEqual(['A.8.14']);
  });

  test('stands as deviations of clause 6.1.3', async () => {
    await using opened = await world.open();
    await opened.agent.open();
    const { items } = await opened.agent.view.deviations({ limit: 100, control: '6.1.3' });
    expect(items.map((item) => `${item.check} ${item.record}`).sort()).toEqual([
      'soa-excluded-quiet configuration:statement:A.5.18',
      'soa-owner-employed configuration:statement:A.5.3',
      'soa-owner-employed configuration:statement:A.5.5',
      'soa-owner-named configuration:statement:A.5.2',
    ]);
    expect((await opened.agent.view.control('6.1.3'))?.status).not.toBe('effective');
  });

  test('is sealed once for as long as it says the same', async () => {
    await round();
    expect(await stream(STATEMENT)).toHaveLength(1);
  });

  test('closes them when statement and estate agree, and what is absent no longer holds an exclusion back', async () => {
    world.now = NOW + DAY;
    await world.write('scope.yaml', scope(ABSENT));
    await world.write(
      'soa.yaml',
      WRONG.replace(
        'A.5.2, applicable: true, justification: needed, implementation: implemented',
        '$&, owner: a@test.example',
      )
        .replaceAll('b@test.example', 'a@test.example')
        .replace('Legal Counsel', 'Head of Security')
        .replace(/ {4}- \{ control: A\.5\.18.*\n/, ''),
    );
    await round(people('2026-06-02', ''));
    expect(failing).toEqual({ 'soa-owner-named': [], 'soa-owner-employed': [], 'soa-excluded-quiet': [] });
    expect(unknown['soa-excluded-quiet']).toEqual([]);
    await using opened = await world.open();
    await opened.agent.open();
    const { view } = opened.agent;
    expect((await view.check('soa-excluded-quiet'))?.outcome).toBe('pass');
    expect(await view.check('zones')).toMatchObject({
      outcome: 'not_applicable',
      why: 'Declared absent by Board: Nothing runs in a cloud.',
    });
    expect((await view.control('A.8.14'))?.aspects.find(({ id }) => id === 'A.8.14/zones')?.status).not.toBe(
      'effective',
    );
  });

  test('seals the declared absence as what it is: weaker', async () => {
    const effects = (await stream('config')).at(-1)?.subjects.find(({ name }) => name === 'effects');
    await using opened = await world.open();
    await opened.stores.sync();
    const lines = await Array.fromAsync(opened.stores.log.body(effects?.sha256 ?? ''));
    expect(lines).toEqual([
      expect.objectContaining({
        id: 'Scope/all',
        direction: 'weaker',
        before: 'unknown',
        after: 'not_applicable',
      }),
    ]);
  });

  test('gives the same answers after a rebuild', async () => {
    const answers = async () => {
      await using opened = await world.open();
      await opened.stores.sync();
      return await allAnswers(opened);
    };
    const before = await answers();
    await world.rebuild();
    expect(await answers()).toEqual(before);
  });
});

describe('re-performing', () => {
  const differences = async (change?: EvidenceChange) => {
    const report = await reperform(await logEvidence(store, change));
    return report.differences.map(({ check, what }) => `${check} ${what}`);
  };

  test('gives every verdict again from what is sealed', async () => {
    const report = await reperform(await logEvidence(store));
    expect(report).toMatchObject({ ok: true, differences: [], skipped: [] });
    expect(report.verdicts).toBeGreaterThan(10);
  });

  test('names a snapshot that is not what the configuration says', async () => {
    const found = await differences({
      body: (_, records) =>
        records.map((record) =>
          record['control'] === 'A.5.2' ? { ...record, owner: 'a@test.example' } : record,
        ),
    });
    expect(found).toContain(' input _configuration/soa/statement');
  });

  test('names an assessment that passed the statement over', async () => {
    const found = await differences({
      body: (_, records) => records.filter(({ id }) => id !== '_configuration/soa/statement'),
    });
    expect(found).toContain(' input _configuration/soa/statement');
  });

  test('names a verdict on others that was changed to hide a contradiction', async () => {
    const found = await differences({
      body: (_, records) =>
        records.map((record) =>
          record['id'] === 'no-leavers' && record['outcome'] === 'fail'
            ? { ...record, outcome: 'pass' }
            : record,
        ),
    });
    expect(found).toContain('no-leavers outcome');
    expect(found.some((one) => one.startsWith('soa-excluded-quiet'))).toBe(true);
  });

  test('gives them again from a bundle about clause 6.1.3 alone, which verifies', async () => {
    await using sandbox = createSandbox();
    const config = await world.config();
    const keys = await evidenceKeys(config, dataPaths(config.agent.data).keys, {}, () => {});
    const file = join(world.directory, 'bundle.zip');
    await writeBundle(await readStore(store), {
      question: { from: NOW - DAY, to: NOW + 3 * DAY, controls: ['6.1.3'], collectors: null },
      signer: keys.checkpoint,
      kindsOf: (check) => kindsRead(sandbox, check),
      derive,
      agent: { version: '0.0.0', build: 'test' },
      file,
    });
    const report = await verifyBundle(file, {});
    expect(report.problems).toEqual([]);
    await using evidence = await openBundle(file);
    const again = await reperform(evidence);
    expect(again.differences).toEqual([]);
    expect(again.verdicts).toBeGreaterThan(3);
  });
});
