import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { Dispatcher } from 'undici';
import type { CollectorContext, Provenance } from '../contract.ts';
import { CollectorError } from '../error.ts';
import { type ExportConfig, isAllowedUrl } from './config.ts';
import { fileNameReader } from './dates.ts';
import { sourceFailure, statusFailure } from './failure.ts';

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
  const timeout = config.requestTimeout * 1000;
  const { Agent } = await import('./http.ts');
  const agent = new Agent({ connect: { timeout }, headersTimeout: timeout, bodyTimeout: timeout });
  // A secret link is a secret: only where it leads is told.
  provenance.setEndpoint(url.origin, url.protocol === 'https:');
  try {
    const response = await get(url, agent, await headersOf(config, context), provenance, signal);
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

async function addressOf(config: ExportConfig, context: CollectorContext): Promise<URL> {
  const address = typeof config.url === 'object' ? await namedValue(config.url, context) : (config.url ?? '');
  if (!isAllowedUrl(address)) {
    const expected = 'an https URL (http on loopback alone), without user and password';
    throw new CollectorError('configuration', `url: expected ${expected}`);
  }
  return new URL(address);
}

async function headersOf(config: ExportConfig, context: CollectorContext): Promise<Record<string, string>> {
  const headers = { accept: 'text/csv', 'accept-encoding': 'identity', 'user-agent': 'annexa' };
  if (config.token === undefined) {
    return headers;
  }
  return { ...headers, authorization: `Bearer ${(await namedValue(config.token, context)).trim()}` };
}

async function namedValue(
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

/** Redirects are not followed: they would take the token elsewhere. An answer of unstated length could end early unseen. */
async function get(
  url: URL,
  dispatcher: Dispatcher,
  headers: Record<string, string>,
  provenance: Provenance,
  signal: AbortSignal,
): Promise<Dispatcher.ResponseData> {
  const { request } = await import('./http.ts');
  let response: Dispatcher.ResponseData;
  try {
    response = await request(url, { dispatcher, headers, signal });
  } catch (error) {
    provenance.call('GET', { throttled: false });
    throw error;
  }
  const { statusCode } = response;
  const requestId = single(response.headers['x-request-id']);
  provenance.call('GET', { throttled: statusCode === 429, requestId });
  if (statusCode !== 200) {
    throw statusFailure(statusCode);
  }
  const encoding = single(response.headers['content-encoding']) ?? 'identity';
  if (encoding !== 'identity') {
    throw new CollectorError('malformed', `the answer is encoded (${encoding}): expected none`);
  }
  if (
    response.headers['content-length'] === undefined &&
    response.headers['transfer-encoding'] === undefined
  ) {
    throw new CollectorError(
      'incomplete',
      'the answer states neither its length nor chunks: it could be cut',
    );
  }
  return response;
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header;
}

async function* guarded(body: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw sourceFailure(error, signal, 'incomplete');
  }
}
