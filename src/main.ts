import type { Command, ExitCode, Io } from './cli/command.ts';

/** Each is loaded when it is asked for: `keys` needs no SDK. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import('./cli/run.ts')).run,
  collect: async () => (await import('./cli/collect.ts')).collect,
  validate: async () => (await import('./cli/validate.ts')).validate,
  doctor: async () => (await import('./cli/doctor.ts')).doctor,
  keygen: async () => (await import('./cli/keygen.ts')).keygen,
  token: async () => (await import('./cli/token.ts')).token,
  keys: async () => (await import('./cli/keys.ts')).keys,
  verify: async () => (await import('./cli/verify.ts')).verify,
  proof: async () => (await import('./cli/proof.ts')).proof,
  bundle: async () => (await import('./cli/bundle.ts')).bundle,
  reperform: async () => (await import('./cli/reperform.ts')).reperformCommand,
  sample: async () => (await import('./cli/sample.ts')).sample,
  erase: async () => (await import('./cli/erase.ts')).erase,
  rebuild: async () => (await import('./cli/rebuild.ts')).rebuild,
  controls: async () => (await import('./cli/controls.ts')).controls,
  soa: async () => (await import('./cli/soa.ts')).soa,
  check: async () => (await import('./cli/check.ts')).checkCommand,
};

async function usage(): Promise<string> {
  const all = await Promise.all(Object.values(commands).map((load) => load()));
  const width = Math.max(...all.map(({ name, usage: words }) => name.length + words.length + 1));
  const lines = all.map(
    ({ name, usage: words, summary }) => `  ${`${name} ${words}`.padEnd(width)}  ${summary}`,
  );
  return ['usage: annexa COMMAND ...', '', ...lines].join('\n');
}

async function main(args: readonly string[], io: Io): Promise<ExitCode> {
  const [name, ...rest] = args;
  if (name === '--help' || name === '-h' || name === 'help') {
    io.out(await usage());
    return 0;
  }
  const load = name !== undefined && Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load === undefined) {
    io.err(name === undefined ? await usage() : `annexa: there is no command ${name}\n\n${await usage()}`);
    return 2;
  }
  const command = await load();
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

/** Codes of errors that another configuration would mend. */
const misconfigured: ReadonlySet<string> = new Set(['configuration', 'not-loopback', 'tls']);

function explain(error: unknown, command: Command, io: Io): ExitCode {
  const message = error instanceof Error ? error.message : String(error);
  io.err(`annexa ${command.name}: ${message}`);
  const kind = error instanceof Error ? error.name : '';
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (kind === 'ConfigError' || misconfigured.has(String(code))) return 2;
  if (kind !== 'UsageError') return 3;
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
