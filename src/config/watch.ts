import { type FSWatcher, watch } from 'node:fs';
import type { Config } from './contract.ts';
import { ConfigError, wholeIssue } from './error.ts';
import { fingerprint, type ManifestFile, readManifestFiles } from './files.ts';
import { buildConfig, type LoadOptions } from './load.ts';

export interface WatchOptions {
  readonly directory: string;
  /** Asked at each reload, so that `now` is the moment of it. */
  readonly options: () => LoadOptions;
  readonly onConfig: (config: Config) => void;
  /** The configuration in force stays in force. */
  readonly onError: (error: ConfigError) => void;
  /** Milliseconds during which the files must not change before they are read as the new configuration. */
  readonly settle?: number;
  /** Milliseconds between two looks where the file system tells of no change (network file systems, nested directories). */
  readonly poll?: number;
}

export interface ConfigWatch extends AsyncDisposable {
  /** Fulfilled once the files have been looked at: what changes from then on is told. */
  readonly ready: Promise<unknown>;
}

/**
 * Reloads the configuration whenever the files differ from those last seen, which at first are those now in the directory. What is parsed
 * are the very bytes that were compared, so that a half-written change is either waited out or reported as a whole. The swap of a mounted
 * ConfigMap's `..data` link is seen like any other change.
 */
export function watchConfig(watched: WatchOptions): ConfigWatch {
  const settle = watched.settle ?? 500;
  const poll = watched.poll ?? 10_000;
  const stop = new AbortController();
  let wake = Promise.withResolvers<void>();
  const watcher = startWatcher(watched.directory, () => wake.resolve());

  const first = look(watched.directory);

  async function loop(): Promise<void> {
    let seen = await first;
    while (!stop.signal.aborted) {
      await sleep(poll, stop.signal, wake.promise);
      wake = Promise.withResolvers();
      const now = await settled(watched.directory, settle, stop.signal);
      if (now !== undefined && now.mark !== seen.mark) {
        seen = now;
        await report(watched, now);
      }
    }
  }

  const running = loop();
  return {
    ready: first,
    async [Symbol.asyncDispose]() {
      stop.abort();
      watcher?.close();
      await running;
    },
  };
}

/** What the directory holds, or why it can't be read; equal marks mean the same. */
interface Look {
  readonly mark: string;
  readonly files: readonly ManifestFile[] | ConfigError;
}

async function look(directory: string): Promise<Look> {
  try {
    const files = await readManifestFiles(directory);
    return { mark: fingerprint(files), files };
  } catch (error) {
    const fault = asConfigError(directory, error);
    return { mark: fault.message, files: fault };
  }
}

/** Looks until two looks in a row are the same; undefined when stopped. */
async function settled(directory: string, settle: number, stop: AbortSignal): Promise<Look | undefined> {
  let before = await look(directory);
  while (!stop.aborted) {
    await sleep(settle, stop);
    const now = await look(directory);
    if (now.mark === before.mark) {
      return now;
    }
    before = now;
  }
  return undefined;
}

async function report(watched: WatchOptions, { files }: Look): Promise<void> {
  if (files instanceof ConfigError) {
    watched.onError(files);
    return;
  }
  let config: Config;
  try {
    config = await buildConfig(watched.directory, files, watched.options());
  } catch (error) {
    watched.onError(asConfigError(watched.directory, error));
    return;
  }
  watched.onConfig(config);
}

/** Whatever goes wrong while reloading must leave the configuration in force alone. */
function asConfigError(directory: string, error: unknown): ConfigError {
  if (error instanceof ConfigError) {
    return error;
  }
  const found = error instanceof Error ? error.message : String(error);
  const issue = wholeIssue('.', '', found, 'a configuration that can be loaded');
  return new ConfigError(directory, [issue], { cause: error });
}

/** Undefined where the system can't watch: polling remains. */
function startWatcher(directory: string, changed: () => void): FSWatcher | undefined {
  try {
    return watch(directory, { persistent: false }, changed).on('error', changed);
  } catch {
    return undefined;
  }
}

/** Ends early when stopped or woken. */
async function sleep(milliseconds: number, stop: AbortSignal, woken?: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  const end = () => resolve();
  stop.addEventListener('abort', end, { once: true });
  if (stop.aborted) {
    resolve();
  }
  await Promise.race(woken ? [promise, woken] : [promise]);
  clearTimeout(timer);
  stop.removeEventListener('abort', end);
}
