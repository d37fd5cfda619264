import { plugins } from '../collectors/registry.ts';
import type { Config } from '../config/contract.ts';
import { builtinChecks } from '../controls/builtin.ts';
import { type Check, checkManifest } from '../controls/check.ts';
import { type ControlCoverage, coverage, type CoverageInput, coverageSums } from '../controls/coverage.ts';
import { kindsRead } from '../controls/judge.ts';
import { SOA_KIND } from '../controls/soa-records.ts';
import { createSandbox } from '../inventory/sandbox.ts';
import { configOption, jsonOption, list, parse } from './arguments.ts';
import { type Command, type Io, UsageError } from './command.ts';
import { coverageLines, sumLines } from './coverage-lines.ts';
import { jsonLine } from './output.ts';
import { configDirectory, now, readConfig } from './setup.ts';
import { writeTemplates } from './templates.ts';

const options = {
  ...configOption,
  ...jsonOption,
  possible: { type: 'boolean' },
  clauses: { type: 'boolean' },
  control: { type: 'string', multiple: true },
  templates: { type: 'string' },
  blind: { type: 'boolean' },
} as const;

export const controls: Command = {
  name: 'controls',
  usage: '[--config DIR | --possible] [--clauses] [--control ID ...] [--templates DIR [--blind]] [--json]',
  summary:
    'which aspects of each control are live, recorded, attested, excluded or blind under the configuration; or attestations to fill in',
  async run(args, io) {
    const { values } = parse(args, options, { atLeast: 0, atMost: 0 });
    const possible = values['possible'] === true;
    const directory = values['templates'];
    if (possible && (values['config'] !== undefined || directory !== undefined))
      throw new UsageError('--possible is about the product: it goes with neither --config nor --templates');
    if (values['blind'] === true && directory === undefined)
      throw new UsageError('--blind goes with --templates');
    const input = possible ? await everything() : await configured(values['config'], io);
    const named = list(values['control']);
    const chosen = choose(coverage(input), named, values['clauses'] === true);
    if (typeof directory === 'string') {
      const all = values['blind'] === true || named.length > 0;
      return writeTemplates(directory, chosen, { all, now: input.now }, io);
    }
    if (values['json'] === true) io.out(jsonLine({ controls: chosen, sums: coverageSums(chosen) }));
    else for (const line of [...coverageLines(chosen), ...sumLines(chosen)]) io.out(line);
    return 0;
  },
};

function choose(
  all: readonly ControlCoverage[],
  named: readonly string[],
  clauses: boolean,
): readonly ControlCoverage[] {
  const unknown = named.find((id) => !all.some(({ control }) => control.id === id));
  if (unknown !== undefined)
    throw new UsageError(`--control ${unknown}: there is none; expected one such as A.5.18 or 9.2.1`);
  if (named.length > 0) return all.filter(({ control }) => named.includes(control.id));
  return all.filter(({ control }) => clauses || control.theme !== 'clause');
}

async function configured(option: unknown, io: Io): Promise<CoverageInput> {
  const { checks, collectors, scope, soa, attestations } = await readConfig(configDirectory(option, io), io);
  return {
    checks,
    reads: await readsOf(checks),
    fed: new Set([...fedBy(collectors), ...(soa === undefined ? [] : [SOA_KIND])]),
    absent: scope?.absent ?? [],
    attestations,
    soa,
    now: now(),
  };
}

/** As if every dataset of every plugin were collected, and nothing attested. */
async function everything(): Promise<CoverageInput> {
  const checks = (await builtinChecks()).map((manifest) => checkManifest.parse(manifest));
  const kinds = [...plugins.values()].flatMap(({ datasets }) => datasets.flatMap((spec) => spec.kinds));
  return {
    checks,
    reads: await readsOf(checks),
    fed: new Set([...kinds, SOA_KIND]),
    absent: [],
    attestations: [],
    soa: undefined,
    now: now(),
  };
}

function fedBy(collectors: Config['collectors']): readonly string[] {
  return collectors.flatMap(({ type, datasets }) => {
    const specs = plugins.get(type)?.datasets ?? [];
    return datasets.flatMap(({ dataset }) => specs.find(({ name }) => name === dataset)?.kinds ?? []);
  });
}

async function readsOf(checks: readonly Check[]): Promise<ReadonlyMap<string, readonly string[]>> {
  await using sandbox = createSandbox();
  const reads = new Map<string, readonly string[]>();
  for (const check of checks) {
    const kinds = await kindsRead(sandbox, check);
    if (kinds !== undefined) reads.set(check.metadata.name, kinds);
  }
  return reads;
}
