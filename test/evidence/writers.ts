import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readStoreFrom } from '../../src/evidence/reader.ts';
import type { S3Place } from '../../src/evidence/s3/client.ts';
import { readableS3 } from '../../src/evidence/s3/open.ts';
import { s3Source } from '../../src/evidence/s3/source.ts';
import { verifyStore } from '../../src/evidence/verify.ts';
import { temporaryDirectory } from './helpers.ts';

export interface WritersReport {
  readonly acknowledged: number;
  /** Rounds in which the entries of both lie between each other. */
  readonly interleaved: number;
  readonly faults: readonly string[];
}

const answer = z.union([
  z.strictObject({ failed: z.string() }),
  z.strictObject({
    acknowledged: z.array(z.strictObject({ index: z.int(), leafHash: z.string(), runId: z.string() })),
  }),
]);

const WRITERS = ['a', 'b'];
const APPENDS = 5;

/**
 * Two processes that know nothing of each other start and fill the same log in a bucket at once, a new log each round: all that either was
 * told is sealed must be in the log exactly once, and the log verify.
 */
export async function writerRounds(
  rounds: number,
  bucket: S3Place,
  report: (line: string) => void = () => {},
): Promise<WritersReport> {
  const base = await temporaryDirectory();
  const children = WRITERS.map(() =>
    fork(new URL('./writers-child.ts', import.meta.url), {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    }),
  );
  const faults: string[] = [];
  let [acknowledged, interleaved] = [0, 0];
  try {
    for (let round = 0; round < rounds; round += 1) {
      const place = { ...bucket, prefix: `${bucket.prefix}round-${round}/` };
      const answers = await Promise.all(
        children.map((child, i) =>
          ask(child, { directory: join(base, `${round}-${i}`), name: WRITERS[i], appends: APPENDS, place }),
        ),
      );
      const sealed = answers.flatMap((told) => ('acknowledged' in told ? told.acknowledged : []));
      for (const told of answers) if ('failed' in told) faults.push(`round ${round}: ${told.failed}`);
      faults.push(...(await compare(place, sealed)).map((text) => `round ${round}: ${text}`));
      acknowledged += sealed.length;
      const order = sealed.toSorted((a, b) => a.index - b.index).map(({ runId }) => runId.slice(0, 1));
      if (/a.*b.*a|b.*a.*b/.test(order.join(''))) interleaved += 1;
      if (round % 20 === 19)
        report(`round ${round + 1} of ${rounds}: ${acknowledged} acknowledged, ${faults.length} problems`);
    }
  } finally {
    for (const child of children) child.kill();
    await rm(base, { recursive: true, force: true });
  }
  return { acknowledged, interleaved, faults };
}

async function ask(child: ChildProcess, message: object): Promise<z.infer<typeof answer>> {
  child.send(message);
  const [told]: unknown[] = await once(child, 'message');
  return answer.parse(told);
}

async function compare(
  place: S3Place,
  sealed: readonly { readonly index: number; readonly leafHash: string; readonly runId: string }[],
): Promise<string[]> {
  const faults: string[] = [];
  const { problems } = await verifyStore(s3Source(place));
  faults.push(...problems.map(({ where, message }) => `verify: ${where}: ${message}`));
  const expected = new Map(sealed.map((entry) => [entry.runId, entry]));
  const seen = new Set<string>();
  const reader = await readStoreFrom(readableS3(place));
  for await (const { index, leafHash, runId } of reader.entries(1)) {
    const told = expected.get(runId);
    if (seen.has(runId)) faults.push(`${runId} was sealed twice`);
    if (told === undefined) faults.push(`${runId} was never acknowledged`);
    else if (told.index !== index || told.leafHash !== leafHash)
      faults.push(`${runId} was acknowledged as entry ${told.index}, and is ${index}`);
    seen.add(runId);
  }
  for (const runId of expected.keys())
    if (!seen.has(runId)) faults.push(`${runId} was acknowledged, and is lost`);
  return faults;
}
