import { describe, expect, test } from 'vitest';
import type { Scope } from '../../src/collectors/contract.ts';
import type { CollectorConfig } from '../../src/config/contract.ts';
import type { ScopeSpec } from '../../src/config/contract.ts';
import { type SourceKnowledge, sourceStates } from '../../src/engine/sources.ts';

const NOW = 1_800_000_000;
const collectors: readonly CollectorConfig[] = [
  {
    name: 'people',
    type: 'hr',
    settings: {},
    datasets: [
      {
        dataset: 'people',
        schedule: 'every 1d',
        cadence: 86_400,
        freshness: 172_800,
        minRecords: 1,
        maxShrink: 0.1,
        deadline: 60,
      },
    ],
  },
];
const state = (knowledge: Partial<SourceKnowledge>, declared?: ScopeSpec) =>
  sourceStates(
    collectors,
    declared,
    { scopes: () => [{ id: 'acme' }], snapshot: () => undefined, failure: () => undefined, ...knowledge },
    NOW,
  )[0]!;
const snapshot = (asOf: number | null) => () => ({ asOf, body: 'b'.repeat(64), index: 3 });

describe('the state of a source', () => {
  test('is fresh up to its freshness, counted from the as-of time of the source', () => {
    expect(state({ snapshot: snapshot(NOW - 172_800) })).toMatchObject({
      state: 'fresh',
      kinds: ['person', 'departure', 'transfer'],
      index: 3,
    });
  });

  test('is stale one second later, and says since when', () => {
    const { state: standing, detail } = state({ snapshot: snapshot(NOW - 172_801) });
    expect(standing).toBe('stale');
    expect(detail).toContain('older than 172800 s');
  });

  test('is not fresh when its as-of time lies in the future, as after a clock was set back', () => {
    expect(state({ snapshot: snapshot(NOW + 300) }).state).toBe('fresh');
    const { state: standing, detail } = state({ snapshot: snapshot(NOW + 301) });
    expect(standing).toBe('stale');
    expect(detail).toContain('in the future');
  });

  test('is missing before the first snapshot, with the reason of the failure', () => {
    expect(state({ failure: () => ({ code: 'denied', detail: 'no credentials' }) })).toMatchObject({
      state: 'missing',
      detail: 'the last collection failed: denied: no credentials',
    });
  });

  test('is missing where the scopes were never listed', () => {
    expect(state({ scopes: () => [] })).toMatchObject({ scope: '*', state: 'missing' });
  });

  test('is missing where it lies outside the declared scope, however fresh it is', () => {
    const declared: ScopeSpec = {
      statement: 'all',
      entities: ['Acme'],
      sites: [],
      services: [],
      sources: [{ collector: 'people', scopes: ['other'] }],
      exclusions: [],
      absent: [],
      owners: { identities: {}, services: {}, roles: {} },
    };
    const states = sourceStates(
      collectors,
      declared,
      { scopes: () => [{ id: 'acme' }], snapshot: snapshot(NOW), failure: () => undefined },
      NOW,
    );
    expect(states.map(({ scope, state: standing }) => [scope, standing])).toEqual([
      ['acme', 'missing'],
      ['other', 'fresh'],
    ]);
  });

  test('stays fresh after a failure while the older snapshot is, and says that the last collection failed', () => {
    expect(
      state({ snapshot: snapshot(NOW - 60), failure: () => ({ code: 'timeout', detail: 'slow' }) }),
    ).toMatchObject({
      state: 'fresh',
      detail: 'the last collection failed: timeout: slow',
    });
  });
});

describe('the sources of a collector with datasets of accounts and of regions', () => {
  const dataset = (name: string) => ({ ...collectors[0]!.datasets[0]!, dataset: name });
  const cloud: readonly CollectorConfig[] = [
    { name: 'aws', type: 'aws', settings: {}, datasets: [dataset('iam-account'), dataset('volumes')] },
  ];
  const scopes = [
    { id: '1', datasets: ['iam-account'] },
    { id: '1:eu', datasets: ['volumes'] },
    { id: '1:us', datasets: ['volumes'] },
  ];
  const declaring = (...ids: readonly string[]): ScopeSpec => ({
    statement: 'all',
    entities: ['Acme'],
    sites: [],
    services: [],
    sources: [{ collector: 'aws', scopes: ids }],
    exclusions: [],
    absent: [],
    owners: { identities: {}, services: {}, roles: {} },
  });
  const states = (known: readonly Scope[], declared?: ScopeSpec) =>
    sourceStates(
      cloud,
      declared,
      {
        scopes: () => known,
        snapshot: (_, __, scope) => (scope.startsWith('1') ? snapshot(NOW)() : undefined),
        failure: () => undefined,
      },
      NOW,
    ).map((source) => `${source.dataset} ${source.scope} ${source.state}`);

  test('are each dataset where it is collected', () => {
    const all = ['iam-account 1 fresh', 'volumes 1:eu fresh', 'volumes 1:us fresh'];
    expect(states(scopes)).toEqual(all);
    expect(states(scopes, declaring('1'))).toEqual(all);
  });

  test('are outside the declared scope where neither they nor what they lie in is declared', () => {
    const seen = states(scopes, declaring('1:eu'));
    expect(seen).toEqual(['iam-account 1 missing', 'volumes 1:eu fresh', 'volumes 1:us missing']);
  });

  test('are missing everywhere for an account that is declared and not listed', () => {
    const seen = states(scopes, declaring('1', '2'));
    expect(seen.filter((line) => line.endsWith('missing'))).toEqual([
      'iam-account 2 missing',
      'volumes 2 missing',
    ]);
  });

  test('are missing for a dataset of which no scope is known yet, though others are', () => {
    expect(states(scopes.slice(0, 1))).toEqual(['iam-account 1 fresh', 'volumes * missing']);
  });
});
