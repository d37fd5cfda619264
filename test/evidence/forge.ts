import { hash } from 'node:crypto';
import { join } from 'node:path';
import { directoryStore, STATE_FOLDER } from '../../src/evidence/directory.ts';
import { readHead } from '../../src/evidence/head.ts';
import type { EvidenceKeys } from '../../src/evidence/keys.ts';
import { openState } from '../../src/evidence/state.ts';
import type { Statement } from '../../src/evidence/statement.ts';
import { createWriter } from '../../src/evidence/writer.ts';

/**
 * Commits a statement as a writer with the right keys and wrong intentions would: whatever it says. `make` gets an honest one
 * to start from.
 */
export async function forge(
  directory: string,
  keys: EvidenceKeys,
  make: (honest: Statement) => Statement,
): Promise<void> {
  const store = directoryStore(directory, join(directory, STATE_FOLDER, 'tmp'));
  const bytes = await store.get('log/checkpoint');
  if (bytes === undefined) throw new Error('there is no log to forge');
  const { head, identity } = await readHead(store, bytes);
  using state = openState(directory);
  const context = { store, state, identity, keys, now: () => 0, agent: { version: '0', build: 'forged' } };
  const writer = createWriter(context, head);
  await writer.commit(({ checkpoint }) => [
    make({
      predicate: 'run',
      log: identity.origin,
      stream: 'run/forged',
      seq: 0,
      runId: 'forged',
      startedAt: 1_990_000_000,
      finishedAt: 1_990_000_000,
      sealedAt: 1_990_000_000,
      config: null,
      anchor: { size: checkpoint.size, root: checkpoint.root, tokens: [] },
      agent: { version: '0', build: 'forged' },
      sample: identity.sample,
      subjects: [{ name: `log/checkpoints/${checkpoint.size}`, sha256: sha256Of(checkpoint.note) }],
      fields: {
        collector: 'aws',
        type: 'aws',
        outcome: 'ok',
        datasets: 0,
        failed: 0,
        apiCalls: 0,
        throttled: 0,
      },
    }),
  ]);
}

function sha256Of(text: string): string {
  return hash('sha256', text);
}
