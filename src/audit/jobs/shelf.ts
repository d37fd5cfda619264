import pLimit from 'p-limit';
import type { BundleProgress } from '../bundle/write.ts';
import { fail, removeJob, saveJob, type StoredJob } from './folder.ts';

export interface Job {
  /** As it is on disk. */
  stored: StoredJob;
  progress: BundleProgress | null;
}

/** The jobs that are kept. What is told of one is durable. */
export interface Shelf {
  /** The oldest first. */
  all(): readonly Job[];
  get(id: string): Job | undefined;
  /** Whether it was not removed meanwhile. */
  has(job: Job): boolean;
  /** Rejects, and it isn't there, when it can't be kept. */
  add(stored: StoredJob): Promise<Job>;
  /** Rejects, and nothing has changed, when it can't be kept. Of one that was removed nothing is changed. */
  change(job: Job, changed: (stored: StoredJob) => StoredJob): Promise<void>;
  /** It has failed, even when that can't be kept: the room that it took is given back first. */
  fail(job: Job, why: string): Promise<void>;
  /** From now on it isn't there; its files are. */
  forget(job: Job): void;
  removeFiles(job: Job): Promise<void>;
  /** Resolves when all that was asked for is done. */
  settled(): Promise<void>;
}

export function createShelf(directory: string, found: readonly StoredJob[]): Shelf {
  const jobs = new Map<string, Job>();
  for (const stored of found) jobs.set(stored.id, { stored, progress: null });
  /** What is done to the files is done one after the other. */
  const turn = pLimit(1);
  const has = (job: Job): boolean => jobs.get(job.stored.id) === job;
  return {
    all: () => [...jobs.values()],
    get: (id) => jobs.get(id),
    has,
    add: (stored) =>
      turn(async () => {
        try {
          await saveJob(directory, stored);
        } catch (error) {
          await removeJob(directory, stored.id);
          throw error;
        }
        const job: Job = { stored, progress: null };
        jobs.set(stored.id, job);
        return job;
      }),
    change: (job, changed) =>
      turn(async () => {
        if (!has(job)) return;
        const next = changed(job.stored);
        if (next !== job.stored) await saveJob(directory, next);
        job.stored = next;
      }),
    fail: (job, why) =>
      turn(async () => {
        if (!has(job)) return;
        const { stored } = job;
        try {
          await fail(directory, stored, why);
        } finally {
          job.stored = { ...stored, state: 'failed', why, made: null, links: [] };
        }
      }),
    forget: (job) => void jobs.delete(job.stored.id),
    removeFiles: (job) => turn(() => removeJob(directory, job.stored.id)),
    settled: () => turn(async () => {}),
  };
}
