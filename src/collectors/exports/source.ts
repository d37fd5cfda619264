import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { CollectorContext, Provenance } from '../contract.ts';
import { CollectorError } from '../error.ts';
import { type ExportConfig, isAllowedUrl } from './config.ts';
import { fileNameReader } from './dates.ts';
import { sourceFailure } from './failure.ts';
import { get, guarded } from './get.ts';
import { agentOf } from './json.ts';

/** The register's export, opened: its name and its bytes. Dispose of it when done. */
export interface Export extends AsyncDisposable {
  /** The last segment of the path. */
  readonly name: string;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** Opens the configured file or address. Rejects with a CollectorError. */
export async function openExport(
  config: ExportConfig,
  context: CollectorContext,
  provenance: Provenance,
  signal: AbortSignal,
): Promise<Export> {
  try {
    return config.file === undefined
      ? await openUrl(config, context, provenance, signal)
      : await openFile(config.file, config, context, provenance, signal);
  } catch (error) {
    throw sourceFailure(error, signal);
  }
}

async function openFile(
  file: string,
  config: ExportConfig,
  context: CollectorContext,
  provenance: Provenance,
  signal: AbortSignal,
): Promise<Export> {
  const path = await newestFile(resolve(context.directory, file), config);
  const stream = createReadStream(path, { signal });
  // Told to who reads; before anybody does, it would end the process.
  stream.on('error', () => {});
  provenance.setEndpoint('file:', true);
  provenance.call('read', { throttled: false });
  return {
    name: basename(path),
    bytes: stream,
    async [Symbol.asyncDispose]() {
      stream.destroy();
    },
  };
}

/** The path itself; of a directory, the file with the latest date in its name. */
async function newestFile(path: string, config: ExportConfig): Promise<string> {
  const entry = await stat(path);
  if (!entry.isDirectory()) {
    return path;
  }
  if (config.asOf === undefined || !('fileName' in config.asOf)) {
    throw new CollectorError('configuration', 'file is a directory: expected a file, or asOf: { fileName }');
  }
  const dayIn = fileNameReader(config.asOf.fileName);
  const dated = (await readdir(path)).flatMap((name) => {
    const day = dayIn(name);
    return day === undefined ? [] : [{ name, rank: (day.year * 100 + day.month) * 100 + day.day }];
  });
  const newest = dated.toSorted((a, b) => b.rank - a.rank)[0];
  if (newest === undefined) {
    throw new CollectorError(
      'configuration',
      `no file in the directory has a name like ${config.asOf.fileName}`,
    );
  }
  return join(path, newest.name);
}

async function openUrl(
  config: ExportConfig,
  context: CollectorContext,
  provenance: Provenance,
  signal: AbortSignal,
): Promise<Export> {
  const url = await addressOf(config, context);
  const agent = await agentOf(config.requestTimeout);
  // A secret link is a secret: only where it leads is told.
  provenance.setEndpoint(url.origin, url.protocol === 'https:');
  try {
    const headers = { accept: 'text/csv', 'accept-encoding': 'identity', 'user-agent': 'annexa' };
    const request = {
      url,
      dispatcher: agent,
      headers: { ...headers, ...(await authorizationOf(config, context)) },
    };
    const response = await get(request, provenance, signal);
    return {
      name: decodeURIComponent(basename(url.pathname)),
      bytes: guarded(response.body, signal),
      [Symbol.asyncDispose]: () => agent.destroy(),
    };
  } catch (error) {
    await agent.destroy();
    throw error;
  }
}

/** The address, from the settings or the environment. Rejects (`configuration`) unless it is one that may be read from. */
export async function addressOf(config: Pick<ExportConfig, 'url'>, context: CollectorContext): Promise<URL> {
  const address = typeof config.url === 'object' ? await namedValue(config.url, context) : (config.url ?? '');
  if (!isAllowedUrl(address)) {
    const expected = 'an https URL (http on loopback alone), without user and password';
    throw new CollectorError('configuration', `url: expected ${expected}`);
  }
  return new URL(address);
}

/** The header that carries the token, when there is one. */
export async function authorizationOf(
  { token }: Pick<ExportConfig, 'token'>,
  context: CollectorContext,
): Promise<Record<string, string>> {
  return token === undefined ? {} : { authorization: `Bearer ${(await namedValue(token, context)).trim()}` };
}

/** The value of a named secret. Rejects (`configuration`) when it can't be read. */
export async function namedValue(
  ref: { readonly env: string } | { readonly file: string },
  context: CollectorContext,
): Promise<string> {
  try {
    return await context.secret(ref);
  } catch (error) {
    const name = 'env' in ref ? `environment variable ${ref.env}` : `file ${ref.file}`;
    throw new CollectorError('configuration', `${name} can't be read`, { cause: error });
  }
}
