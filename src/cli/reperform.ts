import { reperform } from '../audit/reperform/reperform.ts';
import type { ReperformReport } from '../audit/reperform/contract.ts';
import { integer, jsonOption, list, parse } from './arguments.ts';
import type { Command, Io } from './command.ts';
import { keyOption, openEvidence } from './evidence.ts';
import { jsonLine, printable, when } from './output.ts';
import { progressTo } from './progress.ts';

/** How many differences are shown to a person. */
const SHOWN = 20;

export const reperformCommand: Command = {
  name: 'reperform',
  usage: 'BUNDLE [--assessment INDEX ...] [--key FINGERPRINT,...] [--json]',
  summary:
    'run the sealed checks again on the sealed snapshots, and name every verdict and record that differs',
  async run(args, io) {
    const options = { ...jsonOption, ...keyOption, assessment: { type: 'string', multiple: true } } as const;
    const { values, positionals } = parse(args, options, { atLeast: 1, atMost: 1 });
    const chosen = list(values['assessment']).map((text) => integer('--assessment', text));
    await using evidence = await openEvidence(positionals[0]!, values['key'], io);
    const progress = progressTo(io, 're-performing');
    const report = await reperform(evidence, {
      ...(chosen.length === 0 ? {} : { assessments: chosen }),
      progress: (done, total) => progress.at(done, total),
    });
    progress.end();
    if (values['json'] === true) io.out(jsonLine(report));
    else tell(report, io);
    return report.ok ? 0 : 1;
  },
};

function tell(report: ReperformReport, io: Io): void {
  for (const { assessment, now, check, what, sealed, reperformed } of report.differences.slice(0, SHOWN)) {
    io.out(
      printable(
        `entry ${assessment} (${when(now)})  ${check}  ${what}: sealed ${sealed}, re-performed ${reperformed}`,
      ),
    );
  }
  if (report.differenceCount > SHOWN) io.out(`... and ${report.differenceCount - SHOWN} more`);
  for (const { assessment, check, why } of report.skipped.slice(0, SHOWN)) {
    io.out(printable(`entry ${assessment}  ${check}  not re-performed: ${why}`));
  }
  if (report.skippedCount > SHOWN) io.out(`... and ${report.skippedCount - SHOWN} more not re-performed`);
  for (const note of report.notes) io.out(printable(`note: ${note}`));
  io.out(
    `${report.verdicts} verdicts of ${report.assessments} assessments re-performed, ${report.records} records compared: ` +
      `${report.differenceCount} differences, ${report.skippedCount} verdicts not re-performed`,
  );
  if (report.verdicts === 0) io.out('NOT re-performed: nothing in this evidence could be');
}
