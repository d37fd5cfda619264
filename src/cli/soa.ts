import { assessedControls } from '../controls/status.ts';
import { soaEntry } from '../controls/soa.ts';
import { configOption, parse } from './arguments.ts';
import type { Command } from './command.ts';
import { configDirectory, readConfig } from './setup.ts';

export const soa: Command = {
  name: 'soa',
  usage: '[--config DIR]',
  summary: 'the Statement of Applicability as CSV',
  async run(args, io) {
    const { values } = parse(args, configOption, { atLeast: 0, atMost: 0 });
    const config = await readConfig(configDirectory(values['config'], io), io);
    io.out(
      row([
        'control',
        'title',
        'theme',
        'applicable',
        'justification',
        'implementation',
        'owner',
        'version',
        'approver',
      ]),
    );
    for (const control of assessedControls(config.soa)) {
      const entry = soaEntry(config.soa, control.id);
      if (control.theme === 'clause' && entry === undefined) continue;
      io.out(
        row([
          control.id,
          control.title,
          control.theme,
          entry === undefined ? 'not listed' : entry.applicable ? 'yes' : 'no',
          entry?.justification ?? '',
          entry?.applicable === true ? entry.implementation : '',
          entry?.owner ?? '',
          config.soa?.spec.version ?? '',
          config.soa?.spec.approver ?? '',
        ]),
      );
    }
    return 0;
  },
};

/** One line of RFC 4180. A cell that a spreadsheet would read as a formula is quoted behind an apostrophe. */
function row(cells: readonly string[]): string {
  return cells
    .map((cell) => (/^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell))
    .map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell))
    .join(',');
}
