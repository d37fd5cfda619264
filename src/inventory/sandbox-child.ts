import { init } from '@guanmingchiu/sqlparser-ts';
import { InventoryError } from './error.ts';
import { Executor } from './query/execute.ts';
import type { Reply, Request } from './query/protocol.ts';

// The entry of the process that runs checks; sandbox.ts starts it, asks one thing at a time, and kills it. Nothing imports it.

let executor: Executor | undefined;

function tell(reply: Reply): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send!(reply, (error: Error | null) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}

async function answer(request: Request): Promise<void> {
  if (request.type === 'start') {
    await init();
    executor = new Executor(request.kinds, request.file);
    return tell({ type: 'started' });
  }
  if (executor === undefined) throw new Error('asked before it was started');
  if (request.type === 'compile')
    return tell({ type: 'compiled', compiled: executor.compile(request.query) });
  return executor.run(request.query, request.now, request.standing, tell);
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
