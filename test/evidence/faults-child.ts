import { once } from 'node:events';
import { openLog } from '../../src/evidence/log.ts';
import { appendAll, batches } from './acknowledged.ts';
import { testClock, testKeys } from './helpers.ts';

// Opens a log and appends once it is told to, whatever fails; a line for each entry that was acknowledged.
const [directory = '', bodies = ''] = process.argv.slice(2);
process.stdout.write('ready\n');
await once(process.stdin, 'data');

const log = await openLog({
  directory,
  keys: testKeys(),
  now: testClock(),
  agent: { version: '0.0.0', build: 'faults' },
});
// Twice: what failed is asked for again.
for (let i = 0; i < 2; i += 1) {
  for (const batch of batches) {
    const acknowledged = new Map();
    await appendAll(log, acknowledged, [batch], bodies === 'bodies');
    for (const { runId, stream, index, leafHash } of acknowledged.values())
      process.stdout.write(`acknowledged ${JSON.stringify({ runId, stream, index, leafHash })}\n`);
  }
}
await log[Symbol.asyncDispose]();
process.stdout.write('done\n');
process.stdin.destroy();
