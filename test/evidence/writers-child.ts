import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { EvidenceLog } from '../../src/evidence/contract.ts';
import { EvidenceError } from '../../src/evidence/error.ts';
import { type CreateOptions, openOrCreateLog } from '../../src/evidence/log.ts';
import { readableS3 } from '../../src/evidence/s3/open.ts';
import { draft, testKeys } from './helpers.ts';

/** Milliseconds, at most. */
const PAUSE = 150;

/** One round: which log to write to, and what the runs are called. */
const roundSchema = z.strictObject({
  directory: z.string(),
  name: z.string(),
  appends: z.int(),
  place: z.strictObject({
    bucket: z.string(),
    prefix: z.string(),
    region: z.string(),
    endpoint: z.string(),
    forcePathStyle: z.boolean(),
  }),
});

// One of several writers at once: each round on another log, told what was acknowledged.
process.on('message', (message) => {
  void write(roundSchema.parse(message)).then(
    (acknowledged) => process.send?.({ acknowledged }),
    (error: unknown) => process.send?.({ failed: String(error) }),
  );
});

/** What another writer has just begun to create is refused, as the remains of something unknown: until its first entry is there. */
async function open(options: CreateOptions & { readonly lostState: 'accept' }): Promise<EvidenceLog> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await openOrCreateLog(options);
    } catch (error) {
      const begun = error instanceof EvidenceError && ['not-a-store', 'rolled-back'].includes(error.code);
      if (!begun || attempt === 10) throw error;
      await delay(PAUSE);
    }
  }
}

async function write({ directory, name, appends, place }: z.infer<typeof roundSchema>) {
  let time = 1_790_000_000;
  await using log = await open({
    directory,
    store: readableS3(place),
    lostState: 'accept',
    keys: testKeys(),
    now: () => (time += 1),
    agent: { version: '0.0.0', build: 'writers' },
    domain: 'acme.example',
    sample: false,
  });
  const acknowledged = [];
  for (let i = 0; i < appends; i += 1) {
    // Who is behind has to finish what the other began first: pauses let it come in between.
    await delay(Math.random() * PAUSE);
    const drafts = Array.from({ length: 1 + (i % 3) }, (_, n) => draft(`${name}-${i}-${n}`));
    for (const { index, leafHash, runId } of await log.append(drafts))
      acknowledged.push({ index, leafHash, runId });
  }
  return acknowledged;
}
