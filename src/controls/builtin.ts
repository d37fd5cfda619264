import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { ControlsError } from './error.ts';
import { compareUtf8 } from '../inventory/utf8.ts';

const beside = fileURLToPath(new URL('./checks', import.meta.url));

const bundled = fileURLToPath(new URL('./checks.json', import.meta.url));

/** The product's own checks: what the bundle's build made of them, beside a bundle; else from their files. */
export async function builtinChecks(): Promise<readonly unknown[]> {
  const text = await readFile(bundled, 'utf8').catch(() => undefined);
  if (text === undefined) return readChecks(beside);
  const manifests: readonly unknown[] = z.array(z.unknown()).parse(JSON.parse(text));
  return manifests;
}

/**
 * The manifests of the product's own checks as written, not yet validated: every document of every `*.yaml` under the directory, by
 * path. A bundle passes the directory that its build copied them to.
 */
export async function readChecks(directory: string = beside): Promise<readonly unknown[]> {
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
