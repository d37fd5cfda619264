import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** A file below what test/peers/npm installs. Fails when it is not there: peers are never skipped. */
export function installed(...path: readonly string[]): string {
  const directory = process.env['ANNEXA_PEERS_NPM'] ?? join(homedir(), '.cache/annexa/npm');
  const file = join(directory, ...path);
  if (!existsSync(file)) throw new Error(`no ${file}: run test/peers/install.sh or set ANNEXA_PEERS_NPM`);
  return file;
}

/** Published OpenAPI descriptions. */
export const descriptions = {
  /** github.com's REST API, as GitHub publishes it. */
  github: () => installed('node_modules/@octokit/openapi/generated/api.github.com.json'),
  /** Google's Admin SDK, Directory API. */
  googleAdmin: () => installed('google-admin.json'),
};
