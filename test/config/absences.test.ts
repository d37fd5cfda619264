import { describe, expect, test } from 'vitest';
import { issuesOf, load, manifest } from './harness.ts';

const collector = manifest('Collector', 'hr', '{ plugin: fake, settings: {} }');

function scope(absent: string): string {
  const rest = 'statement: all, entities: [Acme], sites: [], services: [], sources: []';
  return manifest('Scope', 'acme', `{ ${rest}, absent: ${absent} }`);
}

const lines = async (absent: string, more: Readonly<Record<string, string>> = {}) =>
  (await issuesOf({ 'scope.yaml': scope(absent), ...more })).map(
    ({ file, path, found, expected }) => `${file} ${path}: ${found} | ${expected}`,
  );

describe('kinds that the Scope manifest declares absent', () => {
  test('are taken over with reason and approver', async () => {
    const config = await load({
      'scope.yaml': scope('[{ kinds: [network, role], reason: none, approver: CISO }]'),
    });
    expect(config.scope?.absent).toEqual([{ kinds: ['network', 'role'], reason: 'none', approver: 'CISO' }]);
  });

  test('are none unless written', async () => {
    const text = scope('[]').replace(', absent: []', '');
    expect((await load({ 'scope.yaml': text })).scope?.absent).toEqual([]);
  });

  test('need to be kinds that exist', async () => {
    expect(await lines('[{ kinds: [netwrk], reason: none, approver: CISO }]')).toEqual([
      'scope.yaml spec.absent[0].kinds[0]: "netwrk" | a kind of record: did you mean network?',
    ]);
  });

  test('are named once', async () => {
    const absent = '[{ kinds: [role], reason: a, approver: b }, { kinds: [role], reason: a, approver: b }]';
    expect(await lines(absent)).toEqual([
      'scope.yaml spec.absent[1].kinds[0]: role once more | each kind once',
    ]);
  });

  test('need a reason and an approver', async () => {
    const found = await lines('[{ kinds: [role], reason: "" }]');
    expect(found).toHaveLength(2);
    expect(found.join()).toMatch(/absent\[0\]\.approver.*absent\[0\]\.reason/);
  });

  test('are not fed by what is configured', async () => {
    const absent = '[{ kinds: [role, person], reason: none, approver: CISO }]';
    expect(await lines(absent, { 'hr.yaml': collector })).toEqual([
      'scope.yaml spec.absent[0].kinds[1]: person, which the dataset people of hr feeds | a kind that nothing configured feeds: take it out here, or disable the dataset',
    ]);
  });
});
