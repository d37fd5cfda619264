import { type FileHandle, open, readFile, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EvidenceError } from './error.ts';

/** A local file of lines that says what was begun: it is there as long as something is left to do. All methods reject with `io`. */
export interface Notebook {
  /** Makes the file unless it is there, and adds the line. Durable when it returns. */
  add(line?: string): Promise<void>;
  /** Its whole lines; undefined when there is no file. */
  read(): Promise<readonly string[] | undefined>;
  remove(): Promise<void>;
}

export function openNotebook(path: string): Notebook {
  async function sync(target: string, flags: string, write?: (file: FileHandle) => Promise<unknown>) {
    const file = await open(target, flags, 0o600);
    try {
      await write?.(file);
      await file.sync();
    } finally {
      await file.close();
    }
  }
  const absent = (error: unknown): undefined => {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    return undefined;
  };
  return {
    add: (line) =>
      io(path, async () => {
        await sync(path, 'a', (file) => file.appendFile(line === undefined ? '' : `${line}\n`));
        await sync(dirname(path), 'r');
      }),
    read: () => io(path, async () => (await readFile(path, 'utf8').catch(absent))?.split('\n').slice(0, -1)),
    remove: () =>
      io(path, async () => {
        await unlink(path).catch(absent);
        await sync(dirname(path), 'r');
      }),
  };
}

async function io<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EvidenceError('io', `can't use ${path}: ${why}`, { cause });
  }
}
