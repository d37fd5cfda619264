import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const seconds = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const names = z.array(z.string()).readonly().nullable();

const link = z
  .strictObject({
    id: z.string().regex(/^[0-9a-f]{16}$/),
    for: z.string(),
    by: z.string(),
    /** Of the secret. */
    sha256,
    createdAt: seconds,
    expiresAt: seconds,
    ended: z.enum(['spent', 'revoked']).nullable(),
  })
  .readonly();

const job = z
  .strictObject({
    id: z.string().regex(/^[0-9a-f]{32}$/),
    state: z.enum(['queued', 'running', 'done', 'failed']),
    why: z.string().nullable(),
    question: z
      .strictObject({ from: z.int(), to: z.int(), controls: names, collectors: names, at: seconds })
      .readonly(),
    made: z
      .strictObject({
        bytes: seconds,
        sha256,
        manifest: sha256,
        entries: seconds,
        bodies: seconds,
      })
      .readonly()
      .nullable(),
    by: z.string(),
    createdAt: seconds,
    expiresAt: seconds,
    links: z.array(link).readonly(),
  })
  .readonly();

export type StoredJob = z.output<typeof job>;
export type StoredLink = z.output<typeof link>;

const JOB = 'job.json';
const ZIP = 'bundle.zip';
const ERASED = 'records were erased since it was made: ask for it again';
const isJob = (name: string): boolean => /^[0-9a-f]{32}$/.test(name);

export function zipPath(directory: string, id: string): string {
  return join(directory, id, ZIP);
}

/** When it resolves it is durable. */
export async function saveJob(directory: string, stored: StoredJob): Promise<void> {
  const folder = join(directory, stored.id);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = join(folder, `${JOB}.new`);
  {
    await using handle = await open(draft, 'w', 0o600);
    await handle.writeFile(`${JSON.stringify(stored)}\n`);
    await handle.sync();
  }
  await rename(draft, join(folder, JOB));
  for (const path of [folder, directory]) {
    await using handle = await open(path);
    await handle.sync();
  }
}

export function removeJob(directory: string, id: string): Promise<void> {
  return rm(join(directory, id), { recursive: true, force: true });
}

/** Removes all of a job but what is known of it. */
async function emptyJob(directory: string, id: string): Promise<void> {
  const folder = join(directory, id);
  for (const name of await readdir(folder)) {
    if (name !== JOB) await rm(join(folder, name), { recursive: true, force: true });
  }
}

/**
 * The jobs of a directory as they were left, the oldest first. One whose work was cut has failed, as has one whose ZIP is gone. One that
 * can't be read is removed, and its id given to `unreadable`: it could be asked for again.
 */
export async function readJobs(
  directory: string,
  unreadable: (id: string, error: unknown) => void,
): Promise<readonly StoredJob[]> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const jobs: StoredJob[] = [];
  for (const id of (await readdir(directory)).filter(isJob)) {
    try {
      jobs.push(await asLeft(directory, await readJob(directory, id)));
    } catch (error) {
      unreadable(id, error);
      await removeJob(directory, id);
    }
  }
  return jobs.toSorted((one, other) => one.createdAt - other.createdAt);
}

async function readJob(directory: string, id: string): Promise<StoredJob> {
  const found = job.parse(JSON.parse(await readFile(join(directory, id, JOB), 'utf8')));
  if (found.id !== id) throw new Error(`${join(directory, id, JOB)}: id: expected ${id}`);
  return found;
}

async function asLeft(directory: string, stored: StoredJob): Promise<StoredJob> {
  if (stored.state === 'queued' || stored.state === 'running')
    return fail(directory, stored, 'the agent was stopped before it was done');
  if (stored.state === 'failed') return stored;
  const found = await stat(zipPath(directory, stored.id)).catch(() => undefined);
  if (found?.size === stored.made?.bytes) return stored;
  return fail(directory, stored, 'its file is gone, or has another size');
}

/** Nothing that it made stays. */
export async function fail(directory: string, stored: StoredJob, why: string): Promise<StoredJob> {
  const failed: StoredJob = { ...stored, state: 'failed', why, made: null, links: [] };
  await emptyJob(directory, stored.id);
  await saveJob(directory, failed);
  return failed;
}

/** As withdraw, of all that a directory holds, while nobody has it open. */
export async function withdrawBundles(directory: string, erasure: number): Promise<void> {
  await withdraw(directory, await readJobs(directory, () => {}), erasure);
}

/** Withdraws the bundles of checkpoints before an erasure, whose entry has this index: they may hold what was erased. */
export async function withdraw(
  directory: string,
  jobs: readonly StoredJob[],
  erasure: number,
): Promise<readonly StoredJob[]> {
  const left: StoredJob[] = [];
  for (const one of jobs) {
    const isOlder = one.state === 'done' && one.question.at <= erasure;
    left.push(isOlder ? await fail(directory, one, ERASED) : one);
  }
  return left;
}
