import { describe, expect, test } from 'vitest';
import { everyPermission, groupedPermissions } from '../../src/cli/permission-findings.ts';

const held = (dataset: string, permission: string, scope: string) => ({
  dataset,
  permission,
  scope,
  held: true as const,
});
const scopes = Array.from({ length: 5 }, (_, index) => `20000000000${index}`);

describe('what doctor tells of permissions', () => {
  test('held: one line a dataset, however many scopes', () => {
    const lines = scopes.flatMap((scope) => [held('buckets', 'list', scope), held('buckets', 'get', scope)]);
    expect(groupedPermissions('collector aws', [...lines, held('keys', 'list', scopes[0]!)])).toEqual([
      {
        subject: 'collector aws buckets',
        state: 'ok',
        detail: 'list, get in 200000000000, 200000000001, 200000000002 and 2 more',
      },
      { subject: 'collector aws keys', state: 'ok', detail: 'list in 200000000000' },
    ]);
  });

  test('missing: one line a dataset and reason, with what to add', () => {
    const missing = scopes
      .slice(0, 4)
      .map((scope) => ({ ...held('buckets', 'list', scope), held: false, detail: 'refused; add {}' }));
    const other = { ...held('keys', 'list', scopes[0]!), held: false, detail: 'refused; add {}' };
    expect(groupedPermissions('collector aws', [...missing, other])).toEqual([
      {
        subject: 'collector aws buckets',
        state: 'missing',
        detail: 'list in 200000000000, 200000000001, 200000000002, 200000000003: refused; add {}',
      },
      { subject: 'collector aws keys', state: 'missing', detail: 'list in 200000000000: refused; add {}' },
    ]);
  });

  test('unknown: one line a reason, whatever datasets it is about', () => {
    const lines = ['a', 'b', 'c', 'd', 'e'].map((dataset) => ({
      ...held(dataset, 'list', scopes[0]!),
      held: 'unknown' as const,
      detail: 'the role can’t be assumed',
    }));
    expect(groupedPermissions('collector aws', lines)).toEqual([
      {
        subject: 'collector aws a, b, c and 2 more',
        state: 'unknown',
        detail: 'list in 200000000000: the role can’t be assumed',
      },
    ]);
  });

  test('to machines: every permission in every scope', () => {
    const lines = scopes.map((scope) => held('buckets', 'list', scope));
    expect(everyPermission('collector aws', lines)).toHaveLength(5);
    expect(everyPermission('collector aws', lines)[0]).toEqual({
      subject: 'collector aws buckets 200000000000 list',
      state: 'ok',
      detail: '',
    });
  });
});
