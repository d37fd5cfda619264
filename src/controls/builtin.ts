import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { ControlsError } from './error.ts';
import { compareUtf8 } from '../inventory/utf8.ts';

const beside = fileURLToPath(new URL('./checks', import.meta.url));

/**
 * The manifests of the product's own checks as written, not yet validated: every document of every `*.yaml` under the directory, by
 * path. A bundle passes the directory that its build copied them to.
 */
export async function builtinChecks(directory: string = beside): Promise<readonly unknown[]> {
  const entries = await readdir(directory, { recursive: true });
  const files = entries.filter((entry) => entry.endsWith('.yaml')).toSorted(compareUtf8);
  if (files.length === 0) {
    throw new ControlsError('check-invalid', `${directory} holds no checks: expected *.yaml files`);
  }
  const documents = await Promise.all(files.map((file) => readManifests(join(directory, file))));
  return documents.flat();
}

async function readManifests(path: string): Promise<readonly unknown[]> {
  const documents = parseAllDocuments(await readFile(path, 'utf8'));
  return [...documents].map((document) => {
    const [error] = [...document.errors, ...document.warnings];
    if (error !== undefined) {
      throw new ControlsError('check-invalid', `${path}: ${error.message}`, { cause: error });
    }
    const manifest: unknown = document.toJS();
    return manifest;
  });
}
