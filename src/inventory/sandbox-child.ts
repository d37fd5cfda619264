import { init } from '@guanmingchiu/sqlparser-ts';
import { InventoryError } from './error.ts';
import { openCompiler } from './query/compile.ts';
import { Runner } from './query/execute.ts';
import type { Reply, Request } from './query/protocol.ts';

// The entry of a process that compiles or runs checks; query/child.ts starts it, asks one thing at a time, and kills it. Nothing imports it.

let compile: ReturnType<typeof openCompiler> | undefined;
let runner: Runner | undefined;

function tell(reply: Reply): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send!(reply, (error: Error | null) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}

async function answer(request: Request): Promise<void> {
  switch (request.type) {
    case 'start':
      if (request.file === undefined) {
        await init();
        compile = openCompiler(request.kinds);
      } else runner = new Runner(request.kinds, request.file);
      return tell({ type: 'started' });
    case 'compile':
      return tell({ type: 'compiled', compiled: compile!(request.query) });
    case 'run':
      return runner!.run(request, tell);
  }
}

function errorReply(error: unknown): Reply {
  if (error instanceof InventoryError) return { type: 'error', code: error.code, message: error.message };
  const message = error instanceof Error ? error.message : String(error);
  return { type: 'error', code: 'query-failed', message };
}

process.on('message', (request: Request) => {
  answer(request).catch((error: unknown) => tell(errorReply(error)).catch(() => process.exit(1)));
});
process.on('disconnect', () => process.exit(0));
