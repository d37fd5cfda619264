import type { Commit } from './query.ts';

/**
 * The commits that no pull request brought to the branch, from all that are listed, the newest first. `brought`: merged by a pull request of
 * their own. What a merge of a pull request brought along came with it, whatever branch it was pushed to before.
 */
export function directCommits(
  commits: readonly Commit[],
  brought: (commit: Commit) => boolean,
): readonly Commit[] {
  const without = commits.filter((commit) => !brought(commit));
  if (without.length === 0) return [];
  const byId = new Map(commits.map((commit) => [commit.oid, commit]));
  const arrivals = arrivalsOf(byId, commits[0]);
  return without.filter((commit) => {
    const arrival = arrivals.get(commit.oid);
    return arrival === undefined || !brought(arrival);
  });
}

/**
 * By commit, the one of the branch's own line with which it came. The line follows first parents; looked at from its oldest end, the first
 * that leads to a commit brought it.
 */
function arrivalsOf(
  byId: ReadonlyMap<string, Commit>,
  head: Commit | undefined,
): ReadonlyMap<string, Commit> {
  const line: Commit[] = [];
  for (let next = head; next !== undefined; next = byId.get(next.parents.nodes[0]?.oid ?? ''))
    line.push(next);
  const arrivals = new Map<string, Commit>();
  for (const arrival of line.toReversed()) {
    const waiting = [arrival];
    for (let commit = waiting.pop(); commit !== undefined; commit = waiting.pop()) {
      if (arrivals.has(commit.oid)) continue;
      arrivals.set(commit.oid, arrival);
      for (const { oid } of commit.parents.nodes) {
        const parent = byId.get(oid);
        if (parent !== undefined) waiting.push(parent);
      }
    }
  }
  return arrivals;
}
