import { parseArgs } from 'node:util';
import { scenarios } from './scenarios.ts';

const USAGE = `usage: npm run torture -- [NAME ...] [--scale 0.05] [--seed N]
names: ${scenarios.map(({ name }) => name).join(', ')} (all of them unless named)
`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { scale: { type: 'string', default: '1' }, seed: { type: 'string' } },
  });
  const scale = Number(values.scale);
  const seed = values.seed === undefined ? Date.now() % 2 ** 32 : Number(values.seed);
  const unknown = positionals.filter((name) => !scenarios.some((scenario) => scenario.name === name));
  if (unknown.length > 0 || !(scale > 0) || !Number.isInteger(seed)) {
    process.stderr.write(USAGE);
    return 2;
  }
  let wrong = 0;
  for (const scenario of scenarios) {
    if (positionals.length > 0 && !positionals.includes(scenario.name)) continue;
    process.stdout.write(`${scenario.name}: seed ${seed}, scale ${scale}\n`);
    const report = (line: string): void => void process.stdout.write(`${scenario.name}: ${line}\n`);
    const complaints = await scenario.run({ scale, seed, report });
    for (const complaint of complaints) process.stdout.write(`${scenario.name}: WRONG: ${complaint}\n`);
    wrong += complaints.length;
  }
  process.stdout.write(wrong === 0 ? 'all held\n' : `${wrong} did not hold\n`);
  return wrong === 0 ? 0 : 1;
}

process.exitCode = await main();
