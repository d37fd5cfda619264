import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** The text of verify.sh: it stands beside this file, and beside the code that `node build.ts` makes. */
export function verifyScript(): Promise<Uint8Array> {
  return readFile(fileURLToPath(new URL('./verify.sh', import.meta.url)));
}
