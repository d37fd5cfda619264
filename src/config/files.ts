import { createHash } from 'node:crypto';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from './error.ts';

/** A manifest file as read, once: what is parsed, digested and compared with Git are these bytes. */
export interface ManifestFile {
  /** Relative to the directory, with `/`. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

const maxFileBytes = 4 * 1024 * 1024;
const maxDepth = 16;
const skipped = new Set(['estate', 'node_modules']);

/**
 * Reads `*.yaml` and `*.yml` under the directory, by path. Names that start with a dot, `node_modules` and `estate` (recordings) are
 * skipped; symbolic links are followed, since a mounted ConfigMap consists of them. Rejects with a ConfigError.
 */
export async function readManifestFiles(directory: string): Promise<readonly ManifestFile[]> {
  const files: ManifestFile[] = [];
  try {
    await walk(directory, '', [], files);
  } catch (error) {
    if (error instanceof ConfigError) {
      throw error;
    }
    throw fileError(directory, '.', text(error), 'a directory of manifests that can be read', error);
  }
  return files.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}

async function walk(root: string, prefix: string, parents: readonly string[], files: ManifestFile[]) {
  const here = await realpath(join(root, prefix));
  if (parents.includes(here) || parents.length > maxDepth) {
    throw fileError(root, prefix, 'a directory inside itself', 'no cycles of links');
  }
  for (const name of await readdir(here)) {
    const path = prefix === '' ? name : `${prefix}/${name}`;
    if (name.startsWith('.') || skipped.has(name)) {
      continue;
    }
    const entry = await stat(join(root, path));
    if (entry.isDirectory()) {
      await walk(root, path, [...parents, here], files);
    } else if (/\.ya?ml$/.test(name)) {
      if (!entry.isFile() || entry.size > maxFileBytes) {
        throw fileError(root, path, `${entry.size} bytes`, `a file of at most ${maxFileBytes} bytes`);
      }
      files.push({ path, bytes: await readFile(join(root, path)) });
    }
  }
}

/** Changes exactly when a path or a byte of the files does. */
export function fingerprint(files: readonly ManifestFile[]): string {
  const hash = createHash('sha256');
  for (const { path, bytes } of files) {
    hash
      .update(`${Buffer.byteLength(path)} ${bytes.length} `)
      .update(path)
      .update(bytes);
  }
  return hash.digest('hex');
}

function fileError(root: string, file: string, found: string, expected: string, cause?: unknown) {
  const issue = { file, document: 0, line: null, column: null, path: '', found, expected };
  return new ConfigError(root, [issue], { cause });
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
