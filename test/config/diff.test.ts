import { expect, test } from 'vitest';
import { diffConfigs } from '../../src/config/diff.ts';
import { check, load, manifest } from './harness.ts';

const collector = (spec: string, annotations = '') => manifest('Collector', 'people', spec, annotations);
const approved = '{ annexa.dev/approved-by: Ann, annexa.dev/approved-at: 2026-01-01 }';

test('the same meaning is no change', async () => {
  const before = await load({ 'a.yaml': collector('{ plugin: fake }') });
  const after = await load({ 'b.yaml': `# moved\n${collector('{ plugin: fake }')}` });
  expect(diffConfigs(before, after)).toEqual([]);
});

test('before the first configuration, everything is added', async () => {
  const changes = diffConfigs(undefined, await load({}));
  expect(changes).toMatchObject([
    { document: 'Agent/acme', change: 'added', before: null, file: 'annexa.yaml', approval: null },
    {
      document: 'Check/people-active',
      change: 'added',
      file: 'builtin',
      fields: [{ path: '', after: check }],
    },
  ]);
});

test('a changed document tells each field, what it was and what it is, and who approved', async () => {
  const before = await load({
    'a.yaml': collector('{ plugin: fake, datasets: { people: { freshness: 1h, minRecords: 5 } } }'),
  });
  const after = await load({
    'a.yaml': collector('{ plugin: fake, datasets: { people: { freshness: 2h, maxShrink: 1 } } }', approved),
  });
  const [change, ...others] = diffConfigs(before, after);
  expect(others).toEqual([]);
  expect(change).toEqual({
    document: 'Collector/people',
    change: 'changed',
    file: 'a.yaml',
    before: expect.stringMatching(/^[0-9a-f]{64}$/),
    after: expect.stringMatching(/^[0-9a-f]{64}$/),
    approval: { by: 'Ann', at: Date.parse('2026-01-01') / 1000, evidence: 'annotation' },
    fields: [
      {
        path: 'metadata.annotations',
        before: null,
        after: { 'annexa.dev/approved-by': 'Ann', 'annexa.dev/approved-at': '2026-01-01' },
        has: { before: false, after: true },
      },
      {
        path: 'spec.datasets.people.freshness',
        before: '1h',
        after: '2h',
        has: { before: true, after: true },
      },
      {
        path: 'spec.datasets.people.maxShrink',
        before: null,
        after: 1,
        has: { before: false, after: true },
      },
      {
        path: 'spec.datasets.people.minRecords',
        before: 5,
        after: null,
        has: { before: true, after: false },
      },
    ],
  });
  expect(change?.before).not.toBe(change?.after);
});

test('a document that is gone is told with all that it said', async () => {
  const before = await load({ 'a.yaml': collector('{ plugin: fake }', approved) });
  const [change] = diffConfigs(before, await load({}));
  expect(change).toMatchObject({
    document: 'Collector/people',
    change: 'removed',
    after: null,
    approval: null,
    fields: [{ path: '', before: { kind: 'Collector', spec: { plugin: 'fake' } }, after: null }],
  });
});

test('a list of another length is told as a whole, one of the same length by its items', async () => {
  const accounts = (...ids: readonly string[]) =>
    collector(`{ plugin: fake, settings: { accounts: [${ids.map((id) => `{ id: "${id}" }`).join()}] } }`);
  const two = await load({ 'a.yaml': accounts('1', '2') });
  const changed = diffConfigs(two, await load({ 'a.yaml': accounts('1', '3') }));
  expect(changed[0]?.fields).toMatchObject([
    { path: 'spec.settings.accounts[1].id', before: '2', after: '3' },
  ]);
  const shorter = diffConfigs(two, await load({ 'a.yaml': accounts('2') }));
  expect(shorter[0]?.fields).toMatchObject([
    { path: 'spec.settings.accounts', before: [{ id: '1' }, { id: '2' }], after: [{ id: '2' }] },
  ]);
});
