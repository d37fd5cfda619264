import { checkCommand } from './cli/check.ts';
import { collect } from './cli/collect.ts';
import type { Command, ExitCode, Io } from './cli/command.ts';
import { UsageError } from './cli/command.ts';
import { doctor } from './cli/doctor.ts';
import { keygen } from './cli/keygen.ts';
import { keys } from './cli/keys.ts';
import { rebuild } from './cli/rebuild.ts';
import { run } from './cli/run.ts';
import { soa } from './cli/soa.ts';
import { validate } from './cli/validate.ts';
import { verify } from './cli/verify.ts';
import { ConfigError } from './config/error.ts';

const commands: readonly Command[] = [
  run,
  collect,
  validate,
  doctor,
  keygen,
  keys,
  verify,
  rebuild,
  soa,
  checkCommand,
];

function usage(): string {
  const width = Math.max(...commands.map(({ name, usage }) => name.length + usage.length + 1));
  const lines = commands.map(
    ({ name, usage, summary }) => `  ${`${name} ${usage}`.padEnd(width)}  ${summary}`,
  );
  return ['usage: annexa COMMAND ...', '', ...lines].join('\n');
}

async function main(args: readonly string[], io: Io): Promise<ExitCode> {
  const [name, ...rest] = args;
  if (name === '--help' || name === '-h' || name === 'help') {
    io.out(usage());
    return 0;
  }
  const command = commands.find((known) => known.name === name);
  if (command === undefined) {
    io.err(name === undefined ? usage() : `annexa: there is no command ${name}\n\n${usage()}`);
    return 2;
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    io.out(`usage: annexa ${command.name} ${command.usage}\n\n${command.summary}`);
    return 0;
  }
  try {
    return await command.run(rest, io);
  } catch (error) {
    return explain(error, command, io);
  }
}

function explain(error: unknown, command: Command, io: Io): ExitCode {
  const message = error instanceof Error ? error.message : String(error);
  io.err(`annexa ${command.name}: ${message}`);
  if (error instanceof ConfigError) return 2;
  if (!(error instanceof UsageError)) return 3;
  io.err(`usage: annexa ${command.name} ${command.usage}`);
  return 2;
}

// Who reads our output may go away; what is being collected and sealed must not end with that.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  // The second signal finds no handler, and ends the process at once.
  process.once(signal, () => stop.abort());
}
// What still holds the event loop, such as a source that never answers, must not hold the process.
process.exit(
  await main(process.argv.slice(2), {
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
    env: process.env,
    stop: stop.signal,
  }),
);
