import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyStore } from '../evidence/copy.ts';
import { directoryStore, STATE_FOLDER } from '../evidence/directory.ts';
import type { Retention } from '../evidence/s3/client.ts';
import type { ObjectStore } from '../evidence/store.ts';
import { jsonOption, parse } from './arguments.ts';
import { type Command, type Io, UsageError } from './command.ts';
import { bucketAt, isBucket, sourceAt } from './location.ts';
import { jsonLine } from './output.ts';
import { progressTo } from './progress.ts';
import { now } from './setup.ts';

export const copy: Command = {
  name: 'copy',
  usage: 'STORE STORE [--retention MODE:DAYS] [--json]',
  summary:
    'copy the first store (a directory, s3://bucket/prefix), or what is new in it, to the second one; works while the agent runs',
  async run(args, io) {
    const options = { ...jsonOption, retention: { type: 'string' } } as const;
    const { values, positionals } = parse(args, options, { atLeast: 2, atMost: 2 });
    const [from = '', to = ''] = positionals;
    const retention = retentionOf(values['retention'], to);
    const source = await sourceAt(from, io.env);
    await using target = await openTarget(to, retention, io);
    const progress = progressTo(io, 'objects');
    const copied = await copyStore(source, target.store, {
      temporary: target.temporary,
      progress: (objects) => {
        io.stop.throwIfAborted();
        progress.at(objects);
      },
    });
    progress.end();
    if (values['json'] === true) io.out(jsonLine(copied));
    else
      io.out(
        `copied up to the checkpoint of size ${copied.size}: ${copied.created} objects, ${copied.present} were there already`,
      );
    return 0;
  },
};

/** COMPLIANCE:3650. Throws UsageError. */
function retentionOf(text: unknown, to: string): Retention | undefined {
  if (typeof text !== 'string') return undefined;
  const [, mode, days = ''] = /^(COMPLIANCE|GOVERNANCE):([1-9]\d{0,4})$/.exec(text) ?? [];
  if ((mode !== 'COMPLIANCE' && mode !== 'GOVERNANCE') || Number(days) > 36_500)
    throw new UsageError(`--retention ${text}: expected such as COMPLIANCE:3650 or GOVERNANCE:30`);
  if (!isBucket(to)) throw new UsageError(`--retention: ${to} is a directory, which can't lock anything`);
  return { mode, days: Number(days) };
}

interface Target extends AsyncDisposable {
  readonly store: ObjectStore;
  readonly temporary: string;
}

async function openTarget(to: string, retention: Retention | undefined, io: Io): Promise<Target> {
  if (!isBucket(to)) {
    // The agent empties it at a start: what a copy leaves that is killed goes then.
    const temporary = join(to, STATE_FOLDER, 'tmp');
    await mkdir(to, { recursive: true, mode: 0o750 });
    await mkdir(temporary, { recursive: true, mode: 0o700 });
    return targetAt(join(temporary, 'copy-'), (own) => directoryStore(to, own));
  }
  const { openS3 } = await import('../evidence/s3/open.ts');
  const { store, warnings } = await openS3({ ...bucketAt(to, io.env), retention }, now);
  for (const warning of warnings) io.err(`note: ${warning}`);
  return targetAt(join(tmpdir(), 'annexa-copy-'), () => store);
}

async function targetAt(prefix: string, storeOf: (temporary: string) => ObjectStore): Promise<Target> {
  const temporary = await mkdtemp(prefix);
  return {
    store: storeOf(temporary),
    temporary,
    [Symbol.asyncDispose]: () => rm(temporary, { recursive: true, force: true }),
  };
}
