import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseWitnessKey } from '../evidence/cosignature.ts';
import { EvidenceError } from '../evidence/error.ts';
import { parseAuthorities } from '../evidence/timestamp/token.ts';
import { verifyDirectory, verifyStore } from '../evidence/verify.ts';
import type { VerifyOptions, VerifyReport } from '../evidence/verify.ts';
import { jsonOption, list, parse } from './arguments.ts';
import { type Command, type ExitCode, type Io, UsageError } from './command.ts';
import { isBucket, sourceAt } from './location.ts';
import { jsonLine } from './output.ts';
import { progressTo } from './progress.ts';
import { verdictLines } from './verdict.ts';

export const verify: Command = {
  name: 'verify',
  usage:
    'STORE|BUNDLE [--key FINGERPRINT,...] [--tsa-ca FILE] [--witness KEY,...] [--since CHECKPOINT] [--json]',
  summary:
    'rebuild everything in a store (a directory, s3://bucket/prefix) or a bundle from its bytes and name what does not follow; works while the agent runs',
  async run(args, io) {
    const options = {
      ...jsonOption,
      key: { type: 'string', multiple: true },
      'tsa-ca': { type: 'string' },
      witness: { type: 'string', multiple: true },
      since: { type: 'string' },
    } as const;
    const { values, positionals } = parse(args, options, { atLeast: 1, atMost: 1 });
    const told = {
      entries: progressTo(io, 'entries'),
      bodies: progressTo(io, 'bodies'),
      derived: progressTo(io, 'derived files'),
    };
    const report = await verifyAt(positionals[0]!, io, {
      ...(await verifyOptions(values)),
      progress: ({ stage, done, total }) => told[stage].at(done, total),
    });
    for (const progress of Object.values(told)) progress.end();
    if (values['json'] === true) io.out(jsonLine(report));
    else for (const line of verdictLines(report, process.stdout.columns)) io.out(line);
    return exitCode(report);
  },
};

async function verifyAt(text: string, io: Io, options: VerifyOptions): Promise<VerifyReport> {
  if (isBucket(text)) return verifyStore(await sourceAt(text, io.env), options);
  if (await isBundle(text)) {
    const { verifyBundle } = await import('../audit/verify.ts');
    return verifyBundle(text, options);
  }
  return verifyDirectory(text, options);
}

/** A file, or the folder into which it was unpacked. Throws `no-store` when there is nothing at the path. */
async function isBundle(path: string): Promise<boolean> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new EvidenceError('no-store', `${path}: there is nothing to verify`, { cause });
  });
  if (!found.isDirectory()) return true;
  return stat(join(path, 'manifest.json')).then(
    () => true,
    () => false,
  );
}

/** What could not be read is no answer. */
function exitCode({ ok, problems }: VerifyReport): ExitCode {
  if (ok) return 0;
  return problems.every(({ code }) => code === 'io') ? 3 : 1;
}

/** What came another way. Throws UsageError for what can't be that. */
async function verifyOptions(values: ReturnType<typeof parse>['values']): Promise<VerifyOptions> {
  const keys = separate(list(values['key']));
  const witnesses = separate(list(values['witness']));
  const [tsaCa, since] = [values['tsa-ca'], values['since']];
  for (const key of keys) {
    if (/^[0-9a-f]{64}$/.test(key)) continue;
    throw new UsageError(`--key ${key}: expected SHA-256 fingerprints of 64 lower-case hex digits`);
  }
  for (const witness of witnesses) usable('--witness', () => parseWitnessKey(witness));
  const pem = typeof tsaCa === 'string' ? await readFile(tsaCa, 'latin1') : undefined;
  if (pem !== undefined) usable(`--tsa-ca ${String(tsaCa)}`, () => parseAuthorities(pem));
  return {
    ...(keys.length === 0 ? {} : { trusted: keys }),
    ...(pem === undefined ? {} : { tsaCa: pem }),
    ...(witnesses.length === 0 ? {} : { witnesses }),
    ...(typeof since === 'string' ? { since: await readFile(since) } : {}),
  };
}

/** Options that may be given more than once, or with commas between. */
function separate(given: readonly string[]): readonly string[] {
  return given.flatMap((text) => text.split(','));
}

function usable(option: string, read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    throw new UsageError(`${option}: ${error.message}`, { cause: error });
  }
}
