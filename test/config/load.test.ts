import { describe, expect, test } from 'vitest';
import { configDigest } from '../../src/config/digest.ts';
import { agent, check, load, manifest, now, options } from './harness.ts';

const collector = manifest('Collector', 'people', '{ plugin: fake }');

describe('a directory of manifests', () => {
  test('becomes a configuration, with the defaults of the agent', async () => {
    const config = await load({});
    expect(config.agent).toEqual({
      organisation: 'Acme',
      domain: 'acme.example',
      data: '.annexa/data',
      listen: '127.0.0.1:8080',
      logLevel: 'info',
      witnesses: [],
      concurrency: 8,
      evaluateEvery: 900,
      commitWindow: 5,
      shutdownGrace: 30,
      bundles: { keep: 604_800, memory: 512 },
    });
    expect(config.scope).toBeUndefined();
    expect(config.checks.map(({ metadata }) => metadata.name)).toEqual(['people-active']);
  });

  test('may have several documents a file, several files and subdirectories', async () => {
    const config = await load({
      'a.yml': `${collector}---\n# nothing\n---\n${manifest('Collector', 'other', '{ plugin: fake }')}`,
      'teams/b.yaml': manifest('Collector', 'third', '{ plugin: fake }'),
    });
    expect(config.collectors.map(({ name }) => name)).toEqual(['other', 'people', 'third']);
    expect(config.documents.map(({ id, file }) => `${id} ${file}`)).toEqual([
      'Agent/acme annexa.yaml',
      'Check/people-active builtin',
      'Collector/other a.yml',
      'Collector/people a.yml',
      'Collector/third teams/b.yaml',
    ]);
  });

  test('leaves out recordings, hidden names, node_modules and files of other types', async () => {
    const broken = 'kind: [';
    const config = await load({
      'estate/a.yaml': broken,
      '.git/a.yaml': broken,
      '.hidden.yaml': broken,
      'node_modules/a.yaml': broken,
      'notes.md': broken,
    });
    expect(config.documents).toHaveLength(2);
  });

  test('is frozen, all of it', async () => {
    const config = await load({ 'c.yaml': collector });
    const open: string[] = [];
    const walk = (value: unknown, path: string): void => {
      if (typeof value === 'object' && value !== null) {
        if (!Object.isFrozen(value)) {
          open.push(path);
        }
        Object.entries(value).forEach(([key, child]) => walk(child, `${path}.${key}`));
      }
    };
    walk(config, 'config');
    expect(open).toEqual([]);
  });

  test('keeps each document as written: defaults not filled in, secrets only named', async () => {
    const config = await load({
      'c.yaml': manifest('Collector', 'people', '{ plugin: fake, settings: { token: { env: TOKEN } } }'),
    });
    const document = config.documents.find(({ kind }) => kind === 'Collector');
    expect(document?.manifest).toEqual({
      apiVersion: 'annexa.dev/v1alpha1',
      kind: 'Collector',
      metadata: { name: 'people' },
      spec: { plugin: 'fake', settings: { token: { env: 'TOKEN' } } },
    });
  });
});

describe('datasets', () => {
  test.each([
    ['{ plugin: fake }', ['people', 'badges']],
    ['{ plugin: fake, settings: { gate: north } }', ['people', 'badges', 'visits']],
    ['{ plugin: fake, only: [badges] }', ['badges']],
    ['{ plugin: fake, only: [visits], settings: { gate: north } }', ['visits']],
  ])('%s collects %j', async (spec, names) => {
    const [found] = (await load({ 'c.yaml': manifest('Collector', 'people', spec) })).collectors;
    expect(found?.datasets.map(({ dataset }) => dataset)).toEqual(names);
  });

  test('run with the defaults of the plugin unless the manifest says otherwise', async () => {
    const [defaults] = (await load({ 'c.yaml': collector })).collectors;
    expect(defaults?.settings).toEqual({ accounts: [] });
    expect(defaults?.datasets).toEqual([
      {
        dataset: 'people',
        schedule: 'every 4h',
        cadence: 14_400,
        freshness: 50_000,
        minRecords: 1,
        maxShrink: 0.1,
        deadline: 600,
      },
      {
        dataset: 'badges',
        schedule: '0 6 * * 1-5',
        cadence: 3 * 86_400,
        freshness: 6 * 86_400,
        minRecords: 1,
        maxShrink: 0.5,
        deadline: 600,
      },
    ]);
    const own = '{ schedule: every 30m, freshness: 2h, minRecords: 0, maxShrink: 1, deadline: 90s }';
    const spec = `{ plugin: fake, datasets: { people: ${own}, badges: { enabled: false } } }`;
    const [changed] = (await load({ 'c.yaml': manifest('Collector', 'people', spec) })).collectors;
    expect(changed?.datasets).toEqual([
      {
        dataset: 'people',
        schedule: 'every 30m',
        cadence: 1800,
        freshness: 7200,
        minRecords: 0,
        maxShrink: 1,
        deadline: 90,
      },
    ]);
  });
});

describe('the environment', () => {
  test('wins over the Agent manifest', async () => {
    const env = { ANNEXA_DATA: '/data', ANNEXA_LISTEN: '[::1]:0', ANNEXA_LOG_LEVEL: 'debug' };
    const config = await load({}, { env });
    expect(config.agent).toMatchObject({ data: '/data', listen: '[::1]:0', logLevel: 'debug' });
  });

  test('when set but empty, changes nothing', async () => {
    expect((await load({}, { env: { ANNEXA_LISTEN: '' } })).agent.listen).toBe('127.0.0.1:8080');
  });
});

describe('the digest', () => {
  const exception = (reason: string, comment = '') =>
    manifest(
      'Exception',
      'e',
      `{ check: people-active, records: { all: true }, reason: ${reason}, risk: r, approver: a, approvedAt: 2026-01-01, expires: 2027-01-01 }${comment}`,
    );

  test('stays when comments, order, files and the environment change', async () => {
    const one = await load({ 'a.yaml': collector, 'b.yaml': exception('x') });
    const two = await load(
      { 'z/c.yaml': `${exception('x', ' # why')}---\n${collector}` },
      { env: { ANNEXA_LISTEN: '127.0.0.1:1' } },
    );
    expect(configDigest(two.documents)).toBe(configDigest(one.documents));
    expect(configDigest(one.documents)).toMatch(/^[0-9a-f]{64}$/);
  });

  test('changes with any value, and with the checks of the product', async () => {
    const files = { 'a.yaml': collector, 'b.yaml': exception('x') };
    const weaker = { ...check, spec: { ...check.spec, where: '0' } };
    const digests = [
      await load(files),
      await load({ ...files, 'b.yaml': exception('y') }),
      await load({ 'a.yaml': collector }),
      await load(files, { builtinChecks: [weaker] }),
      await load({ ...files, 'annexa.yaml': agent.replace('Acme,', 'Acme Ltd,') }),
    ].map(({ documents }) => configDigest(documents));
    expect(new Set(digests).size).toBe(5);
  });
});

test("a user's check takes the place of the product's own of that name", async () => {
  const own = JSON.stringify({ ...check, spec: { ...check.spec, within: '1d' } });
  const config = await load({ 'c.yaml': own });
  expect(config.checks.map(({ spec }) => spec.within)).toEqual([86_400]);
  expect(config.documents.filter(({ kind }) => kind === 'Check').map(({ file }) => file)).toEqual(['c.yaml']);
});

test('a path of the sample estate is relative to the directory', async () => {
  const sample = agent.replace('acme.example }', 'acme.example, sample: { estate: ./estate } }');
  const config = await load({ 'annexa.yaml': sample }, { ...options, now });
  expect(config.agent.sample?.estate).toBe(`${config.directory}/estate`);
});
