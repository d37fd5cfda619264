import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import { z } from 'zod';
import { attest, decisionsOf } from './decisions.ts';
import { people, peopleAt, registerAt, registerTexts } from './registers.ts';
import type { Month } from './story.ts';

/** Acme rents no rooms: these registers of the example are of a company that does. */
const ofRooms = new Set(['badges', 'maintenance']);

export interface Organisation {
  /** The configuration directory. */
  readonly config: string;
  /** The registers as they stand at an instant. */
  keep(now: number): Promise<void>;
  /** The changes of the configuration that are due, made. Whether there were any. */
  decide(now: number): Promise<boolean>;
}

/** Acme of examples/acme, with the registers of examples/registers, in a directory of its own. */
export async function makeOrganisation(directory: string, month: Month): Promise<Organisation> {
  const config = join(directory, 'config');
  await cp('examples/acme', config, { recursive: true, filter: (path) => !path.endsWith('estate') });
  await cp('examples/registers/isms', join(directory, 'isms'), { recursive: true });
  await writeFile(join(config, 'annexa.yaml'), agentManifest(directory));
  await writeFile(join(config, 'collectors.yaml'), await collectors());
  for (const file of ['attestations.yaml', 'exceptions.yaml', 'scope.yaml', 'soa.yaml']) {
    const text = month.moved(await readFile(join(config, file), 'utf8'));
    await writeFile(join(config, file), file === 'scope.yaml' ? withRegisters(text) : text);
  }
  await attest(directory, month);
  const texts = await registerTexts(directory);
  const decisions = await decisionsOf(directory, month);
  return {
    config,
    async keep(now) {
      for (const [file, text] of texts) await writeFile(file, registerAt(file, text, month, now));
      await writeFile(join(directory, 'isms/people.csv'), peopleAt(await people(), month, now));
    },
    async decide(now) {
      const due = decisions.splice(0, decisions.findLastIndex(({ at }) => at <= now) + 1);
      for (const { file, text } of due) await writeFile(join(config, file), text);
      return due.length > 0;
    },
  };
}

const agentManifest = (directory: string): string =>
  stringify({
    apiVersion: 'annexa.dev/v1alpha1',
    kind: 'Agent',
    metadata: { name: 'acme' },
    spec: {
      organisation: 'Acme Ltd',
      domain: 'acme.example',
      data: join(directory, 'data'),
      logLevel: 'error',
      evaluateEvery: '4h',
      sample: { estate: '../estate' },
    },
  });

/** AWS as in examples/acme, people and registers as files. */
async function collectors(): Promise<string> {
  const [aws] = (await readFile('examples/acme/collectors.yaml', 'utf8')).split('---\n');
  const [hr, registers] = parseAllDocuments(
    await readFile('examples/registers/annexa/collectors.yaml', 'utf8'),
  );
  const returned = ['spec', 'settings', 'agreements', 'columns', 'type', 'values', 'Return'];
  registers?.setIn(returned, 'assets_returned');
  const settings = z.record(z.string(), z.unknown()).parse(registers?.toJSON().spec.settings);
  registers?.setIn(
    ['spec', 'settings'],
    Object.fromEntries(Object.entries(settings).filter(([name]) => !ofRooms.has(name))),
  );
  hr?.setIn(['spec', 'datasets', 'people', 'schedule'], 'every 4h');
  hr?.setIn(['spec', 'settings', 'columns', 'logins'], { column: 'other_logins', separator: ';' });
  return [aws, String(hr), String(registers)].join('---\n');
}

const withRegisters = (scope: string): string =>
  scope.replace(
    '    - { collector: hr, scopes: [acme] }\n',
    '    - { collector: hr, scopes: [acme] }\n    - { collector: registers, scopes: [acme] }\n',
  );
