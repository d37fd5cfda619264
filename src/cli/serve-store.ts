import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readEnvironment } from '../config/agent.ts';
import { issueText } from '../config/error.ts';
import { openReadOnly } from '../engine/read-only.ts';
import { readStoreFrom } from '../evidence/reader.ts';
import { startServer } from '../server/server.ts';
import { integer, list, parse } from './arguments.ts';
import { build } from './build-info.ts';
import { type Command, type Io, UsageError } from './command.ts';
import { keyOption } from './evidence.ts';
import { storeAt } from './location.ts';
import { when } from './output.ts';
import { progressTo } from './progress.ts';
import { createLogger } from './setup.ts';

/** Seconds that answers under way may still take at the end. */
const GRACE = 5;

export const serveStore: Command = {
  name: 'serve',
  usage: 'STORE [--at SIZE] [--key FINGERPRINT,...]',
  summary:
    'answer the API from a store (a directory, s3://bucket/prefix) as of a checkpoint, for an audit: reads only, also beside a running agent',
  async run(args, io) {
    const options = { ...keyOption, at: { type: 'string' } } as const;
    const { values, positionals } = parse(args, options, { atLeast: 1, atMost: 1 });
    const name = positionals[0]!;
    const at = typeof values['at'] === 'string' ? { size: integer('--at', values['at']) } : {};
    const trusted = list(values['key']).flatMap((text) => text.split(','));
    const reader = await readStoreFrom(await storeAt(name, io.env), {
      name,
      ...at,
      ...(trusted.length === 0 ? {} : { trusted }),
    });
    await using directory = await temporaryDirectory();
    const progress = progressTo(io, 'reading entries');
    await using served = await openReadOnly({
      reader,
      directory: directory.path,
      build,
      progress: (done, total) => {
        io.stop.throwIfAborted();
        progress.at(done, total);
      },
    });
    progress.end();
    const { listen, logLevel } = settings(io);
    const server = await startServer({
      view: served.view,
      listen,
      logger: createLogger({ agent: { logLevel }, documents: [] }, io),
    });
    const { origin, size } = reader.checkpoint();
    const last = await reader.entry(size - 1);
    io.out(
      `${origin}: ${size} entries up to ${when(last.sealedAt)}, read-only, answers at ${server.url}; Ctrl-C ends it`,
    );
    if (trusted.length === 0)
      io.err('note: the keys are known from this store alone: give those that came another way with --key');
    if (!io.stop.aborted) await once(io.stop, 'abort');
    await server.close(GRACE);
    return 0;
  },
};

/** Throws UsageError for what the environment says and can't mean. */
function settings(io: Io) {
  const { overrides, issues } = readEnvironment(io.env);
  const [issue] = issues;
  if (issue !== undefined) throw new UsageError(issueText(issue));
  return { listen: overrides.listen ?? '127.0.0.1:8080', logLevel: overrides.logLevel ?? 'info' };
}

async function temporaryDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'annexa-serve-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
