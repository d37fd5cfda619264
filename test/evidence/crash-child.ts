import { z } from 'zod';
import type { StatementDraft } from '../../src/evidence/contract.ts';
import { openOrCreateLog } from '../../src/evidence/log.ts';
import { openS3 } from '../../src/evidence/s3/open.ts';
import { draft, testKeys } from './helpers.ts';

const placeSchema = z.strictObject({
  bucket: z.string(),
  prefix: z.string(),
  region: z.string(),
  endpoint: z.string(),
  forcePathStyle: z.boolean(),
});

// Appends without end and tells the parent what was acknowledged, until it is killed.
const [directory = '', round = '', bucket = ''] = process.argv.slice(2);
let time = 1_790_000_000;
const now = () => (time += 1);
const opened = bucket === '' ? undefined : await openS3(placeSchema.parse(JSON.parse(bucket)), now);
const log = await openOrCreateLog({
  directory,
  ...(opened === undefined ? {} : { store: opened.store, lostState: 'accept' }),
  keys: testKeys(),
  now,
  agent: { version: '0.0.0', build: 'crash' },
  domain: 'acme.example',
  sample: false,
});
process.send?.({ opened: log.checkpoint().size });

async function appendSome(id: string): Promise<void> {
  const body = await log.storeBody([{ id }, { id: `${id}-second` }]);
  const subjects = [{ name: 'datasets', sha256: body.sha256 }];
  const drafts: StatementDraft[] = [draft(id, { subjects }), draft(id, { stream: 'run/hr', subjects })];
  const acknowledged = (await log.append(drafts)).map(({ index, leafHash }) => ({ index, leafHash }));
  const { size, root } = log.checkpoint();
  process.send?.({ acknowledged, checkpoint: { size, root } });
}

for (let i = 0; ; i += 1) {
  // Sometimes alone, sometimes several in a commit.
  const together = (i % 4) + 1;
  await Promise.all(Array.from({ length: together }, (_, n) => appendSome(`${round}-${i}-${n}`)));
}
