import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { compileProblems } from '../../src/engine/admit.ts';
import { verifyDirectory } from '../../src/evidence/verify.ts';
import { createSandbox } from '../../src/inventory/sandbox.ts';
import { iamEstate } from '../collectors/aws/estate/iam.ts';
import { startStub } from '../collectors/aws/stub.ts';
import { allAnswers, makeWorld, NOW, type World } from './world.ts';

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

const check = (fails: string, extra = '') => `
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
  fails: ${fails}
  reason: "'has left'"
  remediation: none
  rationale: none
  ${extra}
`;

const people = (asOf: string, rows: readonly string[]) =>
  ['id,email,last,asof', ...rows.map((row) => `${row},${asOf}`), ''].join('\n');
const LEFT = `"it.status IN ('left', 'vanished')"`;

let world: World;

beforeEach(async () => {
  world = await makeWorld({ manifests: { 'collector.yaml': COLLECTOR, 'check.yaml': check(LEFT) } });
  await world.write(
    'people.csv',
    people('2026-06-01', ['1,a@test.example,', '2,b@test.example,', '3,c@test.example,']),
  );
});

afterEach(() => world[Symbol.asyncDispose]());

type Opened = Awaited<ReturnType<World['open']>>;

/** Opens, collects once, and gives what `look` sees. */
async function pass<T>(look: (agent: Opened['agent'], opened: Opened) => Promise<T>): Promise<T> {
  await using opened = await world.open();
  await opened.agent.open();
  await opened.agent.collectOnce();
  return await look(opened.agent, opened);
}

const outcome = () => pass(async ({ view }) => (await view.check('no-leavers'))?.outcome);

describe('one pass', () => {
  test('seals configuration, snapshot, run and assessment, and the store verifies', async () => {
    const streams = await pass(async ({ view }) =>
      (await view.evidence({ limit: 100 })).items.map((item) => item.stream),
    );
    expect(streams).toEqual([
      'genesis',
      'config',
      'assessment',
      'snapshot/people/people/test',
      'run/people',
      'assessment',
    ]);
    const report = await verifyDirectory(`${world.directory}/data/evidence`);
    expect(report.problems).toEqual([]);
    expect(report.ok).toBe(true);
  });

  test('passes what is complete and fresh', async () => {
    expect(await outcome()).toBe('pass');
  });

  test('seals the configuration only once, and verdicts that did not change keep their bodies', async () => {
    await outcome();
    const subjects = await pass(async ({ view }) => (await view.evidence({ limit: 100 })).items);
    expect(subjects.filter((item) => item.stream === 'config')).toHaveLength(1);
    const verdicts = subjects
      .filter((item) => item.stream === 'assessment')
      .map((item) => item.subjects.find(({ name }) => name === 'verdicts')?.sha256);
    expect(new Set(verdicts.slice(-2)).size).toBe(1);
  });
});

describe('deviations', () => {
  const deviations = () => pass(async ({ view }) => (await view.deviations({ limit: 100 })).items);

  test('open when a record fails, and close as passed when it is seen to pass', async () => {
    await world.write(
      'people.csv',
      people('2026-06-01', ['1,a@test.example,2026-05-01', '2,b@test.example,']),
    );
    const [opened] = await deviations();
    expect(opened).toMatchObject({
      record: 'hr:test:1',
      firstSeenAt: NOW,
      dueAt: NOW + 3600,
      closedAt: null,
      overdue: false,
    });
    world.now += 7200;
    await world.write('people.csv', people('2026-06-01', ['1,a@test.example,', '2,b@test.example,']));
    const [closed] = await deviations();
    expect(closed).toMatchObject({ id: opened?.id, closedAt: NOW + 7200, closedBy: 'passed' });
  });

  test('are overdue after their deadline, and the control is ineffective then, correcting before', async () => {
    await world.write('people.csv', people('2026-06-01', ['1,a@test.example,2026-05-01']));
    const status = () =>
      pass(
        async ({ view }) =>
          (await view.control('A.5.18'))?.aspects.find((aspect) => aspect.id === 'A.5.18/removal')?.status,
      );
    expect(await status()).toBe('correcting');
    world.now += 3601;
    expect(await status()).toBe('ineffective');
    expect((await deviations())[0]?.overdue).toBe(true);
  });

  test('close as check_removed when the check leaves', async () => {
    await world.write('people.csv', people('2026-06-01', ['1,a@test.example,2026-05-01']));
    await deviations();
    await world.write('check.yaml', '');
    expect((await deviations())[0]?.closedBy).toBe('check_removed');
  });

  test('stay open while their evidence is stale, and the rest is unknown', async () => {
    await world.write(
      'people.csv',
      people('2026-06-01', ['1,a@test.example,2026-05-01', '2,b@test.example,']),
    );
    await deviations();
    world.now += 3 * 86_400;
    const [row] = await deviations();
    expect(row?.closedAt).toBeNull();
    const found = await pass(async ({ view }) => view.check('no-leavers'));
    expect(found).toMatchObject({ outcome: 'fail', counts: { failing: 1, unknown: 1 } });
  });
});

describe('no false pass from the register', () => {
  const spoilt: readonly (readonly [string, string, string])[] = [
    ['emptied', people('2026-06-01', []), 'as-of'],
    ['without even a header', '', 'malformed'],
    [
      'cut in the middle of a row',
      people('2026-06-01', ['1,a@test.example,', '2,b@te']).replace(/,2026-06-01$/, ''),
      'malformed',
    ],
    ['cut to a third', people('2026-06-01', ['1,a@test.example,']), 'implausible'],
    [
      'older than the one before',
      people('2026-05-30', ['1,a@test.example,', '2,b@test.example,', '3,c@test.example,']),
      'as-of',
    ],
    [
      'dated in the future',
      people('2026-06-09', ['1,a@test.example,', '2,b@test.example,', '3,c@test.example,']),
      'as-of',
    ],
  ];

  test.each(spoilt)(
    'an export that is %s is sealed as a failed run, and nothing passes once the last good one is stale',
    async (_, text, reason) => {
      expect(await outcome()).toBe('pass');
      await world.write('people.csv', text);
      world.now += 60;
      const [run] = await pass(async ({ view }) => (await view.runs({ limit: 1 })).items);
      expect(run).toMatchObject({ outcome: 'failed', datasets: [{ outcome: 'failed', reason }] });
      const sealed = await pass(async ({ view }) => view.entry(run?.evidence ?? 0));
      expect(sealed?.predicateType).toBe('https://annexa.dev/run/v1');
      world.now += 3 * 86_400;
      expect(await outcome()).toBe('unknown');
    },
  );

  test.each(spoilt.filter(([name]) => !['cut to a third', 'older than the one before'].includes(name)))(
    'a first export that is %s never passes',
    async (_, text) => {
      await world.write('people.csv', text);
      expect(await outcome()).toBe('unknown');
    },
  );

  test('a register that lies outside the declared scope does not pass', async () => {
    await world.write(
      'scope.yaml',
      `{ apiVersion: annexa.dev/v1alpha1, kind: Scope, metadata: { name: s }, spec: { statement: all, entities: [T], sites: [], services: [],
        sources: [{ collector: people, scopes: [elsewhere] }] } }`,
    );
    expect(await outcome()).toBe('unknown');
  });
});

describe('rebuild', () => {
  test('gives the same answers, byte for byte', async () => {
    await pass(async () => {});
    await world.write(
      'people.csv',
      people('2026-06-01', ['1,a@test.example,2026-05-01', '2,b@test.example,']),
    );
    world.now += 100;
    await pass(async () => {});
    await world.write('people.csv', 'spoilt');
    world.now += 100;
    const before = await pass((_, opened) => allAnswers(opened));
    const entries = await world.rebuild();
    await using opened = await world.open();
    await opened.stores.sync();
    expect(await allAnswers(opened)).toEqual(before);
    expect(opened.stores.log.checkpoint().size).toBe(entries);
  });
});

describe('a changed configuration', () => {
  async function sealedBodies(name: string): Promise<Record<string, unknown>[]> {
    await using opened = await world.open();
    await opened.stores.sync();
    const entries = (await opened.agent.view.evidence({ limit: 100, stream: 'config' })).items;
    const digest = entries.at(-1)?.subjects.find((subject) => subject.name === name)?.sha256;
    return Array.fromAsync(opened.stores.log.body(digest ?? ''));
  }

  test('is sealed with what it was, what it is, and that no approval is evidenced', async () => {
    await outcome();
    await world.write('check.yaml', check(`"it.status = 'left'"`));
    await outcome();
    expect(await sealedBodies('changes')).toEqual([
      expect.objectContaining({
        id: 'Check/no-leavers',
        change: 'changed',
        approval: 'approval not evidenced',
        fields: [
          {
            path: 'spec.fails',
            before: "it.status IN ('left', 'vanished')",
            after: "it.status = 'left'",
            has: { before: true, after: true },
          },
        ],
      }),
    ]);
  });

  test('is sealed with its approver', async () => {
    await outcome();
    const approved = check(`"it.status = 'left'"`).replace(
      '{ name: no-leavers }',
      '{ name: no-leavers, annotations: { annexa.dev/approved-by: ciso@test.example, annexa.dev/approved-at: "2026-05-31" } }',
    );
    await world.write('check.yaml', approved);
    await outcome();
    expect(await sealedBodies('changes')).toEqual([
      expect.objectContaining({
        approval: expect.objectContaining({ by: 'ciso@test.example', evidence: 'annotation' }),
      }),
    ]);
  });

  test('that weakens a check is sealed with the verdicts under both on the same snapshot', async () => {
    await world.write(
      'people.csv',
      people('2026-06-01', ['1,a@test.example,2026-05-01', '2,b@test.example,']),
    );
    await outcome();
    await world.write('check.yaml', check(`"it.status = 'vanished'"`));
    await outcome();
    expect(await sealedBodies('effects')).toEqual([
      expect.objectContaining({
        id: 'Check/no-leavers',
        direction: 'weaker',
        before: 'fail',
        after: 'pass',
        letOff: ['hr:test:1'],
      }),
    ]);
  });

  test('is taken over while the agent runs; the collector that left leaves the inventory', async () => {
    await using opened = await world.open();
    const { agent, stores } = opened;
    await agent.open();
    agent.start();
    await agent.settled();
    expect((await agent.view.check('no-leavers'))?.outcome).toBe('pass');
    await world.write('collector.yaml', '');
    await agent.reload(await world.config());
    expect((await agent.view.check('no-leavers'))?.outcome).toBe('unknown');
    expect(stores.snapshot('people', 'people', 'test')).toBeUndefined();
  });
});

describe('what was judged before the start', () => {
  test('is not told once the agent is ready, but what is judged then; and is never remembered', async () => {
    await pass(async (agent) => expect((await agent.view.check('no-leavers'))?.outcome).toBe('pass'));
    await using opened = await world.open();
    const { agent } = opened;
    await agent.load();
    expect(agent.view.readiness().ready).toBe(true);
    expect(await agent.view.metrics()).toBeUndefined();
    expect(agent.view.revision()).toBeNaN();
    world.now += 365 * 86_400;
    const asked = agent.view.check('no-leavers');
    await agent.judge();
    expect((await asked)?.outcome).toBe('unknown');
    expect(agent.view.revision()).toBeGreaterThan(0);
    expect(await agent.view.metrics()).toBeDefined();
  });

  test('is not told either when nothing can be judged', async () => {
    await pass(async () => {});
    await using opened = await world.open();
    const { agent } = opened;
    await agent.load();
    const asked = agent.view.controls({ limit: 1 });
    await agent.close();
    await expect(asked).rejects.toMatchObject({ code: 'state' });
  });
});

describe('other settings of a collector', () => {
  test('let nothing pass until it has listed its scopes again', async () => {
    const outcomes = async (agent: Awaited<ReturnType<World['open']>>['agent']) =>
      (await agent.view.checks({ limit: 10 })).items.map(({ outcome }) => outcome);
    await pass(async (agent) => expect(await outcomes(agent)).toEqual(['pass']));
    await world.write('collector.yaml', COLLECTOR.replace('scope: test', 'scope: other'));
    await using opened = await world.open();
    await opened.agent.open();
    expect(await outcomes(opened.agent)).toEqual(['unknown']);
    await opened[Symbol.asyncDispose]();
    await using again = await world.open();
    await again.agent.open();
    expect(await outcomes(again.agent)).toEqual(['unknown']);
    await again.agent.collectOnce();
    expect(await outcomes(again.agent)).toEqual(['pass']);
  });

  test('that leave the settings as they were, such as an annotation, forget nothing', async () => {
    await pass(async () => {});
    await world.write(
      'collector.yaml',
      COLLECTOR.replace('{ name: people }', '{ name: people, annotations: { team: hr } }'),
    );
    await using opened = await world.open();
    await opened.agent.open();
    expect((await opened.agent.view.checks({ limit: 10 })).items).toMatchObject([{ outcome: 'pass' }]);
  });
});

describe('stored bytes that are not what was sealed', () => {
  test('are no evidence: the source is missing, its checks are unknown, and the failure is counted', async () => {
    await world.write('people.csv', people('2026-06-01', ['1,a@test.example,', '2,b@test.example,']));
    expect(await outcome()).toBe('pass');
    const digest = await pass(async ({ view }) => {
      const [snapshot] = (await view.evidence({ limit: 1, stream: 'snapshot/people/people/test' })).items;
      return snapshot?.subjects.find(({ name }) => name === 'records')?.sha256 ?? '';
    });
    const body = join(world.directory, 'data/evidence/content', `${digest}.zst`);
    await chmod(body, 0o600);
    await writeFile(body, (await readFile(body)).fill(0, 20, 40));
    for (const suffix of ['', '-wal', '-shm'])
      await rm(join(world.directory, `data/inventory.db${suffix}`), { force: true });
    await using opened = await world.open();
    await opened.agent.open();
    expect(await opened.agent.view.check('no-leavers')).toMatchObject({
      outcome: 'unknown',
      why: expect.stringContaining("can't be loaded"),
    });
    expect((await opened.agent.view.metrics())!.verifyFailures).toBeGreaterThan(0);
  });
});

describe('a stop', () => {
  test('gives up what hangs, seals that run as stopped, and what was sealed before stays', async () => {
    await using stub = await startStub(iamEstate({ now: Date.now(), size: 3, pageSize: 10 }), {
      faults: { 'iam:GetAccountSummary': { kind: 'hang' } },
    });
    await using hanging = await makeWorld({
      manifests: {
        'aws.yaml': `{ apiVersion: annexa.dev/v1alpha1, kind: Collector, metadata: { name: aws }, spec: { plugin: aws, only: [iam-identities, iam-account], settings: {
          endpoint: "${stub.endpoint}", credentials: { accessKeyId: { env: KEY }, secretAccessKey: { env: KEY } },
          accounts: [{ id: "123456789012" }], requestTimeout: 300, reportPoll: 0.01 } } }`,
      },
      env: { KEY: 'test' },
    });
    hanging.now = Math.floor(Date.now() / 1000);
    const opened = await hanging.open();
    await opened.agent.open();
    opened.agent.start();
    while (!stub.calls.some(({ operation }) => operation === 'iam:GetAccountSummary')) await setImmediate();
    expect(opened.agent.view.readiness().ready).toBe(true);
    const closed = opened.agent[Symbol.asyncDispose]();
    expect(opened.agent.view.readiness()).toEqual({
      ready: false,
      reasons: ['the agent is stopping'],
      conditions: [],
    });
    await closed;
    await using again = await hanging.open();
    await again.stores.sync();
    const [run] = (await again.agent.view.runs({ limit: 1 })).items;
    expect(run).toMatchObject({
      outcome: 'failed',
      datasets: [{ reason: 'stopped' }, { reason: 'stopped' }],
    });
  });
});

describe('a configuration that does not compile', () => {
  test('is named by file, check and place', async () => {
    await world.write('check.yaml', check('it.statis = 1'));
    await using sandbox = createSandbox();
    const problems = await compileProblems(sandbox, await world.config());
    expect(problems).toEqual([
      expect.stringMatching(/^check\.yaml: check no-leavers, fails: no column it\.statis/),
    ]);
  });
});
