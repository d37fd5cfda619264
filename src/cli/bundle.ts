import { existsSync } from 'node:fs';
import { type BundleProgress, writeBundle, type WrittenBundle } from '../audit/bundle/write.ts';
import { derive } from '../audit/derive/derive.ts';
import { AuditError } from '../audit/error.ts';
import { parseQuestion } from '../audit/question.ts';
import type { Config } from '../config/contract.ts';
import { kindsRead } from '../controls/judge.ts';
import { evidenceKeys } from '../engine/evidence-keys.ts';
import { dataPaths } from '../engine/stores.ts';
import { EvidenceError } from '../evidence/error.ts';
import type { Signer } from '../evidence/keys.ts';
import { createSandbox } from '../inventory/sandbox.ts';
import { configOption, integer, jsonOption, list, parse } from './arguments.ts';
import { build } from './build-info.ts';
import { type Command, type Io, UsageError } from './command.ts';
import { configuredStore } from './configured-store.ts';
import { jsonLine, printable, when } from './output.ts';
import { type Progress, progressTo } from './progress.ts';
import { configDirectory, readConfig } from './setup.ts';

const options = {
  ...configOption,
  ...jsonOption,
  from: { type: 'string' },
  to: { type: 'string' },
  control: { type: 'string', multiple: true },
  collector: { type: 'string', multiple: true },
  at: { type: 'string' },
  output: { type: 'string', short: 'o' },
  force: { type: 'boolean' },
} as const;

export const bundle: Command = {
  name: 'bundle',
  usage:
    '--from DAY --to DAY [--control ID ...] [--collector NAME ...] [--at SIZE] -o FILE.zip [--force] [--config DIR] [--json]',
  summary:
    'write what an auditor needs of a period: evidence, proofs and reports, to be verified offline; works while the agent runs',
  async run(args, io) {
    const { values } = parse(args, options, { atLeast: 0, atMost: 0 });
    const { from, to, output: file } = values;
    if (typeof from !== 'string' || typeof to !== 'string')
      throw new UsageError('which period? give --from and --to, such as --from 2026-07-01 --to 2026-09-30');
    if (typeof file !== 'string') throw new UsageError('where to? give -o FILE.zip');
    const asked = { from, to, controls: list(values['control']), collectors: list(values['collector']) };
    const question = await answerable(async () => parseQuestion(asked));
    const at = typeof values['at'] === 'string' ? integer('--at', values['at']) : undefined;
    const config = await readConfig(configDirectory(values['config'], io), io);
    const reader = await configuredStore(config, at);
    const signer = await checkpointKey(config, io);
    await using sandbox = createSandbox();
    const progress = stagesTo(io);
    const written = await answerable(() =>
      writeBundle(reader, {
        question,
        signer,
        kindsOf: (check) => kindsRead(sandbox, check),
        derive,
        agent: { version: build.version, build: build.revision },
        file,
        force: values['force'] === true,
        progress: (stage) => progress.at(stage),
      }),
    ).catch((error: unknown) => {
      throw at === undefined ? error : lateErasure(error, at);
    });
    progress.end();
    if (values['json'] === true) io.out(jsonLine({ file, ...written }));
    else tell(file, written, io);
    return 0;
  },
};

/** What was erased after an earlier checkpoint is missing there: only a later one knows why. */
function lateErasure(error: unknown, at: number): unknown {
  if (!(error instanceof EvidenceError) || error.code !== 'corrupt') return error;
  const hint = `at the checkpoint of size ${at}; if it was erased since, ask at a newer one (without --at)`;
  return new EvidenceError(error.code, `${error.message}, ${hint}`, { cause: error });
}

/** A question that can't be asked is bad usage. */
async function answerable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AuditError && error.code === 'question')
      throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

/** The key that signs checkpoints. None is made here: a store has its keys. */
async function checkpointKey(config: Config, io: Io): Promise<Signer> {
  const { keys } = dataPaths(config.agent.data);
  if (config.agent.keys === undefined && !existsSync(keys))
    throw new UsageError(`the keys of the log are not in ${keys}: name them in the Agent manifest (keys)`);
  return (await evidenceKeys(config, keys, io.env, io.err)).checkpoint;
}

const stages = {
  entries: 'reading entries',
  proofs: 'proving entries',
  bodies: 'reading bodies',
  derived: 'deriving files',
  writing: 'writing bytes',
} as const;

/** Tells how far each stage has come. */
function stagesTo(io: Io) {
  let current: { readonly stage: string; readonly progress: Progress } | undefined;
  return {
    at({ stage, done, total }: BundleProgress): void {
      if (current?.stage !== stage) {
        current?.progress.end();
        current = { stage, progress: progressTo(io, stages[stage]) };
      }
      current.progress.at(done, total);
    },
    end: () => current?.progress.end(),
  };
}

function tell(file: string, written: WrittenBundle, io: Io): void {
  const { question, range, entries, bodies, files, bytes, manifest } = written;
  io.out(printable(`${file}: ${files} files of ${bytes} bytes`));
  io.out(
    `log indexes ${range.first} to ${range.end - 1} for ${when(question.from)} to ${when(question.to)}, at the checkpoint of size ${question.at}; ` +
      `${entries} entries with those that they rest on, ${bodies} bodies`,
  );
  io.out(`SHA-256 of manifest.json: ${manifest}`);
  io.out(
    'Give the fingerprints of the keys (annexa keys) to the auditor by another way: copies inside the bundle prove nothing alone.',
  );
}
