import type { StatementDraft } from '../../src/evidence/contract.ts';
import { openOrCreateLog } from '../../src/evidence/log.ts';
import { draft, testKeys } from './helpers.ts';

// Appends without end and tells the parent what was acknowledged, until it is killed.
const [directory = '', round = ''] = process.argv.slice(2);
let time = 1_790_000_000;
const log = await openOrCreateLog({
  directory,
  keys: testKeys(),
  now: () => (time += 1),
  agent: { version: '0.0.0', build: 'crash' },
  domain: 'acme.example',
  sample: false,
});
process.send?.({ opened: log.checkpoint().size });

async function appendSome(id: string): Promise<void> {
  const body = await log.storeBody([{ id }, { id: `${id}-second` }]);
  const subjects = [{ name: 'datasets', sha256: body.sha256 }];
  const drafts: StatementDraft[] = [draft(id, { subjects }), draft(id, { stream: 'run/hr', subjects })];
  process.send?.({ acknowledged: await log.append(drafts) });
}

for (let i = 0; ; i += 1) {
  // Sometimes alone, sometimes several in a commit.
  const together = (i % 4) + 1;
  await Promise.all(Array.from({ length: together }, (_, n) => appendSome(`${round}-${i}-${n}`)));
}
