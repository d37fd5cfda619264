import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { attestationTemplate } from '../controls/attestation-template.ts';
import { findAspect } from '../controls/catalogue.ts';
import type { ControlCoverage } from '../controls/coverage.ts';
import { count } from '../controls/words.ts';
import { type ExitCode, type Io, UsageError } from './command.ts';
import { printable } from './output.ts';

/**
 * Writes an attestation to fill in for each aspect that nothing answers, a file each: those that people's word can show and no check is for, or
 * (`all`) every one. Nothing that is there is written over.
 */
export async function writeTemplates(
  directory: string,
  controls: readonly ControlCoverage[],
  { all, now }: { readonly all: boolean; readonly now: number },
  io: Io,
): Promise<ExitCode> {
  const blind = controls.flatMap(({ control, aspects }) =>
    aspects
      .filter(({ state }) => state === 'blind')
      .flatMap(({ id, idle }) => {
        const aspect = findAspect(id);
        return aspect === undefined ? [] : [{ control, aspect, idle }];
      }),
  );
  const chosen = blind.filter(
    ({ aspect, idle }) => all || (idle.length === 0 && aspect.basis.includes('attested')),
  );
  const templates = chosen.map(({ control, aspect }) => {
    const { name, text } = attestationTemplate(control, aspect, now);
    return { path: join(directory, `${name}.yaml`), text };
  });
  const there = templates.find(({ path }) => existsSync(path));
  if (there !== undefined)
    throw new UsageError(`${there.path} is there already: nothing was written; name another directory`);
  await mkdir(directory, { recursive: true });
  for (const { path, text } of templates) await writeFile(path, text, { flag: 'wx' });
  io.out(printable(`${directory}: ${count(templates.length, 'attestation')} to fill in`));
  const left = blind.length - chosen.length;
  if (left > 0)
    io.out(`${count(left, 'aspect')} left out: systems or registers can show them (--blind writes them too)`);
  if (templates.length > 0)
    io.out(
      'Fill in each TODO, then move the file into the configuration: annexa validate names what is left.',
    );
  return 0;
}
