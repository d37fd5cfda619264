import { describe, expect, test } from 'vitest';
import type { InventoryRecord } from '../../../src/inventory/kind.ts';
import { EMPTY, type PlantedActor, type PlantedCommit, type PlantedRequest } from './estate.ts';
import { collectGithub } from './harness.ts';
import { startStub } from './stub.ts';

const NOW = Date.parse('2026-06-01T12:00:00Z') / 1000;
const HOUR = 3600;
const ANN: PlantedActor = { type: 'User', id: 1, login: 'ann' };
const BOB: PlantedActor = { type: 'User', id: 2, login: 'bob' };
const BOT: PlantedActor = { type: 'Bot', id: 3, login: 'dependabot' };

async function changesOf(
  commits: readonly PlantedCommit[],
  pageSize = 2,
): Promise<readonly InventoryRecord[]> {
  const repositories = [
    { id: 5, name: 'web', branch: { commits } },
    { id: 6, name: 'empty' },
  ];
  await using stub = await startStub({ ...EMPTY, repositories }, { pageSize, clock: () => NOW * 1000 });
  return (await collectGithub(stub.endpoint, 'changes', { now: () => NOW })).records;
}

const request = (id: number, more: Partial<PlantedRequest> = {}): PlantedRequest => ({
  id,
  by: ANN,
  mergedAt: NOW - HOUR,
  reviews: [{ by: BOB, at: NOW - 2 * HOUR }],
  ...more,
});
const commit = (
  oid: string,
  parents: readonly string[],
  requests: readonly PlantedRequest[] = [],
): PlantedCommit => ({
  oid,
  at: NOW - HOUR,
  author: ANN,
  parents,
  requests,
});

/** The one pull request, as it is told. */
const told = async (more: Partial<PlantedRequest>) =>
  (await changesOf([commit('a', [], [request(1, more)])]))[0];

describe('what reached the branch', () => {
  test('a merged pull request is told once, however many commits it brought; a commit without one is direct', async () => {
    const one = request(1);
    const commits = [
      commit('m', ['p', 'f2'], [one]),
      commit('f2', ['f1'], [one]),
      commit('f1', ['p'], [one]),
      commit('p', ['old']),
    ];
    expect(await changesOf(commits)).toMatchObject([
      {
        id: 'github:acme:commit/5/p',
        type: 'direct',
        reference: 'p',
        author: 'ann',
        checks: null,
        approvals: 0,
      },
      {
        id: 'github:acme:pull/1',
        type: 'pull_request',
        reference: '#1',
        author: 'ann',
        branch: 'main',
        checks: 'passed',
        approvals: 1,
      },
    ]);
  });

  test('what was merged into another branch first came with the merge of that one', async () => {
    const inner = request(1, { base: 'feature' });
    const outer = request(2);
    const commits = [
      commit('m', ['p', 'f'], [outer]),
      commit('f', ['p'], [inner]),
      commit('p', [], [request(3)]),
    ];
    expect((await changesOf(commits)).map(({ id }) => id)).toEqual([
      'github:acme:pull/2',
      'github:acme:pull/3',
    ]);
  });

  test('a push of another branch onto this one is direct, though its commits were reviewed there', async () => {
    const inner = request(1, { base: 'feature' });
    expect(await changesOf([commit('f', ['p'], [inner]), commit('p', [], [request(3)])])).toMatchObject([
      { type: 'direct', reference: 'f' },
      { id: 'github:acme:pull/3' },
    ]);
  });

  test('a push that a later merge took back into its own branch stays direct', async () => {
    const commits = [
      commit('m', ['d', 'u'], [request(1)]),
      commit('u', ['f', 'd'], [request(1)]),
      commit('d', ['p']),
      commit('f', ['p'], [request(1)]),
      commit('p', [], [request(2)]),
    ];
    expect(
      (await changesOf(commits)).filter((change) => 'type' in change && change.type === 'direct'),
    ).toMatchObject([{ reference: 'd' }]);
  });

  test.each([
    ["another repository's", { repository: 99 }],
    ['one that is still open', { merged: false }],
  ])('a pull request that is %s brings nothing', async (_, more) => {
    expect(await changesOf([commit('a', [], [request(1, more)])])).toMatchObject([{ type: 'direct' }]);
  });

  test('what came before the period is left out', async () => {
    const old = { ...commit('o', []), at: NOW - 40 * 24 * HOUR };
    expect(await changesOf([commit('a', ['o'], [request(1)]), old])).toHaveLength(1);
  });
});

describe('approvals', () => {
  const at = NOW - 2 * HOUR;
  test.each<[string, Partial<PlantedRequest>, object]>([
    ['by another', {}, { approvals: 1, independent_approvals: 1, member_approvals: 1, head_approvals: 1 }],
    ['none', { reviews: [] }, { approvals: 0, independent_approvals: 0, approvers: [] }],
    ['after the merge', { reviews: [{ by: BOB, at: NOW }] }, { approvals: 0 }],
    ['by the author', { reviews: [{ by: ANN, at }] }, { approvals: 0 }],
    ['by a bot', { reviews: [{ by: BOT, at }] }, { approvals: 0 }],
    [
      'taken back',
      {
        reviews: [
          { by: BOB, at },
          { by: BOB, at: at + 1, state: 'CHANGES_REQUESTED' },
        ],
      },
      { approvals: 0 },
    ],
    [
      'given again',
      {
        reviews: [
          { by: BOB, at: at + 1 },
          { by: BOB, at, state: 'CHANGES_REQUESTED' },
        ],
      },
      { approvals: 1 },
    ],
    ['of an earlier push', { reviews: [{ by: BOB, at, of: 'before' }] }, { approvals: 1, head_approvals: 0 }],
    ['by who committed last', { committer: 2 }, { approvals: 1, independent_approvals: 0 }],
    [
      "by who may have committed last: it isn't known",
      { committer: null },
      { approvals: 1, independent_approvals: null },
    ],
    [
      'by somebody who may not push, nor is a member',
      { reviews: [{ by: BOB, at, push: false, association: 'NONE' }] },
      { approvals: null, independent_approvals: null, member_approvals: 0 },
    ],
    [
      'by an outsider who may push',
      { reviews: [{ by: BOB, at, association: 'COLLABORATOR' }] },
      { approvals: 1, member_approvals: 0, approvers: [{ approver: 'bob', association: 'collaborator' }] },
    ],
    ['by somebody who is there no more', { reviews: [{ by: null, at }] }, { approvals: null }],
    [
      'of an author who is there no more',
      { by: null },
      { approvals: null, author: '', author_type: 'unknown', author_outside: null },
    ],
  ])('%s', async (_, more, expected) => {
    expect(await told(more)).toMatchObject(expected);
  });

  test.each<[string, Partial<PlantedRequest>, object]>([
    ['an outsider', { association: 'COLLABORATOR' }, { author_outside: true, author_type: 'user' }],
    ['a bot', { by: BOT, association: 'NONE' }, { author_outside: false, author_type: 'bot' }],
    ['checks that failed', { checks: 'FAILURE' }, { checks: 'failed' }],
    ['checks that run', { checks: 'PENDING' }, { checks: 'pending' }],
    ['no checks', { checks: null }, { checks: 'none' }],
  ])('of %s', async (_, more, expected) => {
    expect(await told(more)).toMatchObject(expected);
  });
});
