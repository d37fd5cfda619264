import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import pLimit from 'p-limit';
import { z } from 'zod';
import { instant } from '../controls/fields.ts';
import type { Approval } from './contract.ts';
import { describe, isMapping, type Path } from './documents.ts';
import type { Fault } from './explain.ts';
import type { ManifestFile } from './files.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const byKey = 'annexa.dev/approved-by';
const atKey = 'annexa.dev/approved-at';
const gitTimeout = 20_000;

/**
 * The approval that a manifest's annotations state: both of them, or neither. An approval later than `now` (Unix seconds) is a fault: nobody
 * can have given it yet.
 */
export function annotatedApproval(
  manifest: Readonly<Record<string, unknown>>,
  now: number,
): { readonly approval: Approval | null; readonly faults: readonly Fault[] } {
  const metadata = isMapping(manifest['metadata']) ? manifest['metadata'] : {};
  const annotations = isMapping(metadata['annotations']) ? metadata['annotations'] : {};
  const [by, at] = [annotations[byKey], annotations[atKey]];
  if (by === undefined && at === undefined) {
    return { approval: null, faults: [] };
  }
  const path = (key: string): Path => ['metadata', 'annotations', key];
  const faults: Fault[] = [];
  const approver = z.string().regex(/\S/).safeParse(by).data;
  if (approver === undefined) {
    faults.push({ path: path(byKey), found: describe(by), expected: 'who approved' });
  }
  const approvedAt = instant.safeParse(at).data;
  if (approvedAt === undefined || approvedAt > now) {
    const expected = 'when it was approved, not in the future: a date, or a date-time with its offset';
    faults.push({ path: path(atKey), found: describe(at), expected });
  }
  return approver === undefined || approvedAt === undefined || faults.length > 0
    ? { approval: null, faults }
    : { approval: { by: approver, at: approvedAt, evidence: 'annotation' }, faults: [] };
}

/**
 * The Git commit that last changed each file, for files whose bytes are those of HEAD: by path. `at` is the committer's time, the
 * later one: a commit can't approve before it exists. Empty when the directory is no checkout, or there is no git.
 */
export async function gitApprovals(
  directory: string,
  files: readonly ManifestFile[],
  env: Environment,
): Promise<ReadonlyMap<string, Approval>> {
  const approvals = new Map<string, Approval>();
  const tree = await git(directory, env, ['ls-tree', '-r', '-z', 'HEAD', '.']);
  const objects = new Map<string, string>();
  for (const [, id, path] of tree?.matchAll(/\d+ blob ([0-9a-f]+)\t([^\0]+)\0/g) ?? []) {
    objects.set(path ?? '', id ?? '');
  }
  const limit = pLimit(GIT_PROCESSES);
  const committed = files.filter((file) => isBlob(file.bytes, objects.get(file.path)));
  const found = await Promise.all(committed.map(({ path }) => limit(() => lastCommit(directory, env, path))));
  for (const [index, { path }] of committed.entries()) {
    const approval = found[index];
    if (approval !== undefined) approvals.set(path, approval);
  }
  return approvals;
}

/** How many run side by side. */
const GIT_PROCESSES = 4;

async function lastCommit(directory: string, env: Environment, path: string): Promise<Approval | undefined> {
  const format = '--format=%H%x00%an <%ae>%x00%ct';
  const log = await git(directory, env, ['log', '-1', format, 'HEAD', '--', path]);
  const [commit, by, at] = log?.trim().split('\0') ?? [];
  return commit && by && at ? { by, at: Number(at), evidence: 'git', commit } : undefined;
}

/** Whether the bytes are the Git object: compared here, since `git status` trusts times and runs filters. */
function isBlob(bytes: Uint8Array, id: string | undefined): boolean {
  const hash = createHash(id?.length === 64 ? 'sha256' : 'sha1');
  return hash.update(`blob ${bytes.length}\0`).update(bytes).digest('hex') === id;
}

/** Undefined when git isn't there, or refuses. GIT_ variables of the caller must not lead it to another repository. */
function git(directory: string, env: Environment, args: readonly string[]): Promise<string | undefined> {
  const own = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('GIT_')));
  const options = {
    cwd: directory,
    env: { ...own, GIT_LITERAL_PATHSPECS: '1', GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' },
    timeout: gitTimeout,
    maxBuffer: 64 * 1024 * 1024,
  };
  return new Promise((resolve) => {
    execFile('git', ['--no-replace-objects', ...args], options, (error, stdout) => {
      resolve(error === null ? stdout : undefined);
    });
  });
}
