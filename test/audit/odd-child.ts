import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Reply, Request } from '../../src/audit/jobs/protocol.ts';

/** In place of the process that makes bundles: behaves as the first collector of its question is called. */
const tell = (reply: Reply | object): void => void process.send!(reply);

const behaviours: Readonly<Record<string, (file: string) => void>> = {
  hang: (file) => {
    writeFileSync(join(dirname(file), 'half.part'), 'x');
    writeFileSync(join(dirname(file), 'pid'), String(process.pid));
    tell({ type: 'progress', progress: { stage: 'proofs', done: 1, total: 4 } });
  },
  crash: () => process.exit(7),
  mumble: () => tell({ type: 'done' }),
  lie: (file) => {
    writeFileSync(file, 'x');
    const digest = 'ab'.repeat(32);
    tell({ type: 'done', made: { bytes: 1, sha256: digest, manifest: digest, entries: 1, bodies: 1 } });
  },
  forge: () => tell({ type: 'sign', message: Buffer.from('origin\n5\nroot\n') }),
  greedy: () => {
    const held: Buffer[] = [];
    const more = (): void => {
      held.push(Buffer.alloc(8 << 20, 1));
      setImmediate(more);
    };
    more();
  },
  environment: () => tell({ type: 'failed', why: Object.keys(process.env).toSorted().join(' ') }),
};

process.on('message', (request: Request) => {
  if (request.type === 'make') behaviours[request.task.question.collectors?.[0] ?? '']?.(request.task.file);
});
