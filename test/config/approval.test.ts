import { execFile } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { Approval } from '../../src/config/contract.ts';
import { loadConfig } from '../../src/config/load.ts';
import { agent, directory, manifest, options } from './harness.ts';

const run = promisify(execFile);
const committedAt = 1_790_000_000;

/** Git with an identity and times of its own, and none of the machine's settings. */
async function git(cwd: string, ...args: readonly string[]): Promise<string> {
  const env = {
    PATH: process.env['PATH'],
    HOME: cwd,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_DATE: `${committedAt - 3600} +0000`,
    GIT_COMMITTER_DATE: `${committedAt} +0000`,
  };
  const identity = ['-c', 'user.name=Ann Example', '-c', 'user.email=ann@acme.example'];
  const { stdout } = await run('git', [...identity, ...args], { cwd, env });
  return stdout.trim();
}

async function commit(cwd: string, ...paths: readonly string[]): Promise<string> {
  await git(cwd, 'add', '--', ...paths);
  await git(cwd, 'commit', '-q', '-m', 'change');
  return git(cwd, 'rev-parse', 'HEAD');
}

async function approvals(
  path: string,
  env = options.env,
): Promise<Readonly<Record<string, Approval | null>>> {
  const { documents } = await loadConfig(path, { ...options, env, builtinChecks: [] });
  return Object.fromEntries(documents.map(({ id, approval }) => [id, approval]));
}

const collector = (annotations = '') => manifest('Collector', 'people', '{ plugin: fake }', annotations);

describe('approval by Git', () => {
  test('is the last commit of a file whose bytes are committed', async () => {
    await using made = await directory({ 'annexa.yaml': agent, 'c.yaml': collector() });
    await git(made.path, 'init', '-q');
    const first = await commit(made.path, 'annexa.yaml');
    const second = await commit(made.path, 'c.yaml');
    const by = 'Ann Example <ann@acme.example>';
    expect(await approvals(made.path)).toEqual({
      'Agent/acme': { by, at: committedAt, evidence: 'git', commit: first },
      'Collector/people': { by, at: committedAt, evidence: 'git', commit: second },
    });
  });

  test('is none for a file that differs from the commit, or is not in it', async () => {
    await using made = await directory({ 'annexa.yaml': agent, 'c.yaml': collector() });
    await git(made.path, 'init', '-q');
    await commit(made.path, 'annexa.yaml');
    await made.write({ 'annexa.yaml': `${agent}# changed\n` });
    expect(await approvals(made.path)).toEqual({ 'Agent/acme': null, 'Collector/people': null });
    await git(made.path, 'add', '.');
    expect(await approvals(made.path)).toEqual({ 'Agent/acme': null, 'Collector/people': null });
  });

  test('is not had by telling Git to overlook a change', async () => {
    await using made = await directory({ 'annexa.yaml': agent });
    await git(made.path, 'init', '-q');
    await commit(made.path, 'annexa.yaml');
    await git(made.path, 'update-index', '--assume-unchanged', 'annexa.yaml');
    await made.write({ 'annexa.yaml': `${agent}# changed\n` });
    expect(await approvals(made.path)).toEqual({ 'Agent/acme': null });
  });

  test('works in a subdirectory of the checkout, with names that Git would quote', async () => {
    await using made = await directory({ 'conf/annexa.yaml': agent, 'conf/*ü "x".yaml': collector() });
    await git(made.path, 'init', '-q');
    await commit(made.path, '.');
    const found = await approvals(join(made.path, 'conf'));
    expect(Object.values(found).map((approval) => approval?.evidence)).toEqual(['git', 'git']);
  });

  test('is none outside a checkout, in an empty one, and without git', async () => {
    await using made = await directory({ 'annexa.yaml': agent });
    const none = { 'Agent/acme': null };
    const env = { ...options.env, GIT_CEILING_DIRECTORIES: '/' };
    expect(await approvals(made.path, env)).toEqual(none);
    await git(made.path, 'init', '-q');
    expect(await approvals(made.path)).toEqual(none);
    await commit(made.path, '.');
    expect(await approvals(made.path, { PATH: '/nowhere' })).toEqual(none);
  });

  test('is of the directory, whatever the environment says', async () => {
    await using other = await directory({ 'annexa.yaml': agent });
    await git(other.path, 'init', '-q');
    await commit(other.path, '.');
    await using made = await directory({ 'annexa.yaml': agent });
    const env = { ...options.env, GIT_DIR: join(other.path, '.git'), GIT_WORK_TREE: made.path };
    expect(await approvals(made.path, env)).toEqual({ 'Agent/acme': null });
  });

  test('runs no hooks or monitors of the repository', async () => {
    await using made = await directory({ 'annexa.yaml': agent });
    await git(made.path, 'init', '-q');
    await commit(made.path, '.');
    const trap = join(made.path, '.git', 'trap');
    await writeFile(trap, `#!/bin/sh\ntouch "${made.path}/sprung"\n`);
    await chmod(trap, 0o755);
    await git(made.path, 'config', 'core.fsmonitor', trap);
    expect((await approvals(made.path))['Agent/acme']?.evidence).toBe('git');
    await expect(run('ls', [join(made.path, 'sprung')])).rejects.toThrow('sprung');
  });
});

test('an annotation names the approver, and wins over Git', async () => {
  const stated =
    '{ annexa.dev/approved-by: Managing Director, annexa.dev/approved-at: "2026-09-01T10:00:00+02:00" }';
  await using made = await directory({ 'annexa.yaml': agent, 'c.yaml': collector(stated) });
  await git(made.path, 'init', '-q');
  await commit(made.path, '.');
  const found = await approvals(made.path);
  expect(found['Collector/people']).toEqual({
    by: 'Managing Director',
    at: Date.parse('2026-09-01T08:00:00Z') / 1000,
    evidence: 'annotation',
  });
  expect(found['Agent/acme']?.evidence).toBe('git');
});
