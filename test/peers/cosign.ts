import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

const binary = findCosign();

/** A proxy that refuses every connection: nothing may be fetched. */
const offline = { HTTPS_PROXY: 'http://127.0.0.1:1', HTTP_PROXY: 'http://127.0.0.1:1' };

/** Stock cosign in a directory, offline: whatever it asked the network for would fail here. */
export function cosign(args: readonly string[], cwd: string): Promise<{ ok: boolean; output: string }> {
  const env = { ...offline, PATH: process.env['PATH'], HOME: cwd };
  return new Promise((resolve) => {
    execFile(binary, args, { env, cwd }, (error, stdout, stderr) => {
      resolve({ ok: error === null, output: `${stdout}${stderr}` });
    });
  });
}

function findCosign(): string {
  const folders = [
    process.env['ANNEXA_PEERS_BIN'],
    join(homedir(), '.cache/annexa/bin'),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ];
  for (const folder of folders) {
    if (folder === undefined || folder === '') continue;
    if (existsSync(join(folder, 'cosign'))) return join(folder, 'cosign');
  }
  throw new Error('cosign 3.1.1 or later is needed: test/peers/install.sh installs it');
}
