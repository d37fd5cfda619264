import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { CollectorError } from '../error.ts';
import { sourceFailure } from '../exports/failure.ts';

/** A directory may hold so many files that are read. */
const maxFiles = 10_000;

export interface FoundFile {
  /** Within the directory, with `/` between names. */
  readonly path: string;
  /** Where its bytes are, links followed. */
  readonly real: string;
}

/**
 * The files below a directory that are wanted by their paths, sorted by path. Names that begin with a dot are left out. A link may lead to a file within the
 * directory: a volume of a ConfigMap is made of such. Rejects with a CollectorError that names the file.
 */
export async function filesIn(
  directory: string,
  wanted: (path: string) => boolean,
  signal: AbortSignal,
): Promise<readonly FoundFile[]> {
  const found: FoundFile[] = [];
  const root = await attempt('the directory', signal, () => realpath(directory));
  const walk = async (within: string): Promise<void> => {
    signal.throwIfAborted();
    const place = within === '' ? 'the directory' : `directory ${within}`;
    const names = await attempt(place, signal, () => readdir(join(root, within), { withFileTypes: true }));
    for (const entry of names) {
      const path = within === '' ? entry.name : `${within}/${entry.name}`;
      if (entry.name.startsWith('.')) continue;
      if (entry.isDirectory()) await walk(path);
      else if (entry.isSymbolicLink() || wanted(path)) found.push(...(await file(path)));
      if (found.length > maxFiles) throw new CollectorError('malformed', `more than ${maxFiles} files`);
    }
  };
  const file = async (path: string): Promise<readonly FoundFile[]> => {
    const real = await attempt(`file ${path}`, signal, () => realpath(join(root, path)));
    if (!real.startsWith(root + sep)) throw fault(path, 'no link out of the directory');
    const kind = await attempt(`file ${path}`, signal, () => stat(real));
    if (kind.isDirectory()) throw fault(path, 'no link to a directory');
    if (!wanted(path)) return [];
    if (!kind.isFile()) throw fault(path, 'a file');
    return [{ path, real }];
  };
  await walk('');
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function fault(path: string, expected: string): CollectorError {
  return new CollectorError('configuration', `file ${path}: expected ${expected}`);
}

/** What is done with a place of the directory; a failure names it. */
export async function attempt<T>(place: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const failure = sourceFailure(error, signal);
    if (!(failure instanceof CollectorError)) throw failure;
    throw new CollectorError(failure.code, `${place}: ${failure.message}`, { cause: error });
  }
}
