import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Verdict, verdictsOf } from '../../engine/verdicts.ts';
import { collectGithub } from './harness.ts';
import { largeEstate, type Way, wayOf } from './large.ts';
import { startStub } from './stub.ts';

const SIZE = 1200;

const CHECKS = [
  'branch-review-required',
  'branch-history-protected',
  'branch-administrators-included',
  'branch-bypass',
  'repository-push-protection',
  'repository-public',
  'repository-dependency-alerts',
];

const repositories = (...ways: readonly Way[]): readonly number[] =>
  Array.from({ length: SIZE }, (_, index) => index + 1).filter((id) => ways.includes(wayOf(id)));

const native = z.string().transform((id) => Number(/\/(\d+)(\/default)?$/.exec(id)?.[1]));

/** Numbers of the repositories, sorted. */
const numbers = (ids: readonly string[]): readonly number[] =>
  ids.map((id) => native.parse(id)).sort((a, b) => a - b);

describe('1,200 repositories', () => {
  test('every verdict is as planted, and their settings take at most R/20 + 20 requests', async () => {
    await using stub = await startStub(largeEstate(SIZE));
    const manifest = {
      apiVersion: 'annexa.dev/v1alpha1',
      kind: 'Collector',
      metadata: { name: 'github' },
      spec: {
        plugin: 'github',
        only: ['repositories'],
        settings: { organizations: ['Acme'], auth: { token: { env: 'TOKEN' } }, baseUrl: stub.endpoint },
      },
    };
    const verdicts = await verdictsOf(
      { manifests: { 'github.yaml': JSON.stringify(manifest) }, env: { TOKEN: 'ghp_stub' } },
      CHECKS,
    );
    const found = (name: string): Verdict | undefined => verdicts[name];
    const expected = (name: string, failing: readonly Way[], unknown: readonly Way[]): void => {
      expect(numbers(found(name)?.failing ?? []), name).toEqual(repositories(...failing));
      expect(numbers(found(name)?.unknown ?? []), name).toEqual(repositories(...unknown));
    };
    expected('branch-review-required', ['weak', 'bare'], ['hidden']);
    expected('branch-history-protected', ['weak', 'bare'], ['hidden']);
    expected('branch-administrators-included', ['bypassed'], ['hidden']);
    expected('branch-bypass', ['bypassed'], ['hidden']);
    expected('repository-push-protection', ['weak'], ['hidden']);
    expected('repository-public', ['weak'], []);
    expected('repository-dependency-alerts', ['weak'], []);
    expect(stub.calls.length).toBeLessThanOrEqual(SIZE / 20 + 20);
  });

  test('who has access takes a request for each twenty, and the changes of quiet ones for each ten', async () => {
    await using stub = await startStub(largeEstate(SIZE));
    const access = await collectGithub(stub.endpoint, 'repository-access');
    expect(access.records).toHaveLength(SIZE + 1);
    expect(stub.calls.length).toBeLessThanOrEqual(SIZE / 20 + SIZE / 100 + 20);
    const before = stub.calls.length;
    const changes = await collectGithub(stub.endpoint, 'changes');
    expect(changes.records).toEqual([]);
    expect(stub.calls.length - before).toBeLessThanOrEqual(SIZE / 10 + 20);
  });
});
