import { parseArgs } from 'node:util';
import { type Figure, judge } from './measure.ts';
import { benches } from './registry.ts';

// npm run bench -- [NAME ...] [--json]. Exit 1: a goal doesn't hold. Exit 2: no such benchmark.

function line(figure: Figure): string {
  const { name, value, unit, goal, least, holds, baseline, ratio } = figure;
  const against = ratio === undefined ? '' : `  baseline ${baseline} ${unit}  ratio ${ratio}`;
  return `${holds ? 'holds ' : 'FAILS '} ${name.padEnd(32)} ${`${value} ${unit}`.padStart(14)}  goal ${least === true ? '>=' : '<='} ${goal}${against}\n`;
}

const { values, positionals } = parseArgs({ options: { json: { type: 'boolean' } }, allowPositionals: true });
const names = positionals.length > 0 ? positionals : [...benches.keys()];
const unknown = names.filter((name) => !benches.has(name));
if (unknown.length > 0) {
  process.stderr.write(`bench: no ${unknown.join(', ')}; expected ${[...benches.keys()].join(', ')}\n`);
  process.exit(2);
}
for (const name of names) {
  for (const figure of (await benches.get(name)!()).map((measure) => judge(measure))) {
    const { unit, goal, holds, baseline, ratio } = figure;
    const told = { name: figure.name, value: figure.value, unit, goal, holds, baseline, ratio };
    process.stdout.write(values.json ? `${JSON.stringify(told)}\n` : line(figure));
    if (!holds) process.exitCode = 1;
  }
}
