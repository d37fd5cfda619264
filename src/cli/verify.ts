import { readFile } from 'node:fs/promises';
import { verifyDirectory } from '../evidence/verify.ts';
import { jsonOption, parse } from './arguments.ts';
import { type Command, UsageError } from './command.ts';
import { printable } from './output.ts';

/** How many problems are shown to a person. */
const SHOWN = 20;

export const verify: Command = {
  name: 'verify',
  usage: 'STORE [--key FINGERPRINT,...] [--since CHECKPOINT] [--json]',
  summary:
    'rebuild everything in a store from its bytes and name what does not follow; works while the agent runs',
  async run(args, io) {
    const options = { ...jsonOption, key: { type: 'string' }, since: { type: 'string' } } as const;
    const { values, positionals } = parse(args, options, { atLeast: 1, atMost: 1 });
    const trusted = typeof values['key'] === 'string' ? fingerprints(values['key']) : undefined;
    const since = typeof values['since'] === 'string' ? await readFile(values['since']) : undefined;
    const report = await verifyDirectory(positionals[0]!, {
      ...(trusted === undefined ? {} : { trusted }),
      ...(since === undefined ? {} : { since }),
    });
    if (values['json'] === true) {
      io.out(JSON.stringify(report));
      return report.ok ? 0 : 1;
    }
    for (const { code, where, message } of report.problems.slice(0, SHOWN))
      io.out(printable(`${code}  ${where}: ${message}`));
    if (report.problemCount > SHOWN) io.out(`... and ${report.problemCount - SHOWN} more`);
    for (const note of report.notes) io.out(printable(`note: ${note}`));
    const size =
      report.checkpoint === null
        ? 'no checkpoint'
        : `checkpoint ${report.checkpoint.size} of ${report.checkpoint.origin}`;
    io.out(`${report.entries} entries and ${report.bodies} bodies examined, ${size}`);
    for (const { use, fingerprint, from } of report.trust) {
      io.out(
        `${use} key ${fingerprint} ${from === 'given' ? 'as given' : 'known from the store alone: compare it with what the operator gave you another way (--key)'}`,
      );
    }
    io.out(
      report.ok
        ? 'verified: everything follows from the signed checkpoint'
        : `NOT verified: ${report.problemCount} problems`,
    );
    return report.ok ? 0 : 1;
  },
};

function fingerprints(list: string): readonly string[] {
  const found = list.split(',');
  const bad = found.find((item) => !/^[0-9a-f]{64}$/.test(item));
  if (bad !== undefined)
    throw new UsageError(
      `--key ${bad}: expected SHA-256 fingerprints of 64 lower-case hex digits, separated by commas`,
    );
  return found;
}
