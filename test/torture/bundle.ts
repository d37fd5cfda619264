import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBundleGround } from './bundle-ground.ts';
import { merge, NO_COUNTS, tableOf } from './bundle-rounds.ts';
import type { Counts, Work } from './bundle-rounds.ts';

export interface BundleTortureOptions {
  readonly rounds: number;
  readonly seed: number;
  readonly report?: (line: string) => void;
  /** How many changes verify.sh is tried on. */
  readonly scripted: number;
}

export interface BundleTortureResult {
  readonly counts: Counts;
  /** Rounds that did not come out as they have to, each with what was changed. */
  readonly wrong: readonly string[];
}

/** Changes bundles at random, once a round, side by side in as many processes as there are processors, and holds verify to finding every change. */
export async function tortureBundles(options: BundleTortureOptions): Promise<BundleTortureResult> {
  const base = mkdtempSync(join(tmpdir(), 'annexa-bundles-'));
  try {
    const ground = join(base, 'ground');
    await makeBundleGround(ground);
    const processes = Math.min(availableParallelism(), 8);
    const shares = Array.from({ length: processes }, (_, at): Work => ({
      ground,
      temporary: base,
      seed: (options.seed + at * 7919) % 2 ** 32,
      rounds: share(options.rounds, processes, at),
      scripted: share(options.scripted, processes, at),
    }));
    const results = await Promise.all(shares.map((work) => inChild(work, options.report)));
    const counts = results.map((result) => result.counts).reduce(merge, NO_COUNTS);
    for (const line of tableOf(counts)) options.report?.(line);
    return { counts, wrong: results.flatMap(({ wrong }) => wrong) };
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}

function share(total: number, parts: number, at: number): number {
  return Math.floor((total * (at + 1)) / parts) - Math.floor((total * at) / parts);
}

type Message = { readonly line: string } | { readonly result: BundleTortureResult };

function inChild(work: Work, report?: (line: string) => void): Promise<BundleTortureResult> {
  const { promise, resolve, reject } = Promise.withResolvers<BundleTortureResult>();
  const child = fork(new URL('./bundle-child.ts', import.meta.url));
  child.on('message', (message: Message) => {
    if ('line' in message) report?.(message.line);
    else resolve(message.result);
  });
  child.once('error', reject);
  child.once('exit', (code) => reject(new Error(`the child ended early (${code})`)));
  child.send(work);
  return promise;
}
