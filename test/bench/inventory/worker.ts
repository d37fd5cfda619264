import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { InventoryRecord } from '../../../src/inventory/kind.ts';
import { openInventory } from '../../../src/inventory/inventory.ts';
import type { CheckQuery } from '../../../src/inventory/query-contract.ts';
import { createSandbox } from '../../../src/inventory/sandbox.ts';
import { bareLoad, bareQueries } from './bare.ts';
import { CHECKS, JOINS } from './checks.ts';
import { NOW } from './estate.ts';

// One measured round in a process of its own: worker.ts (ours|bare) DIRECTORY. Prints one JSON object.

export interface Round {
  /** Milliseconds. */
  readonly load: number;
  readonly checks: number;
  readonly joins: number;
  readonly rows: number;
}

async function timed<T>(work: () => T | Promise<T>): Promise<[milliseconds: number, result: T]> {
  const started = performance.now();
  const result = await work();
  return [Math.round(performance.now() - started), result];
}

async function* lines(file: string): AsyncGenerator<InventoryRecord> {
  for await (const line of createInterface({ input: createReadStream(file) })) yield JSON.parse(line);
}

async function ours(directory: string): Promise<Round> {
  const file = `${directory}/ours.sqlite`;
  await using inventory = openInventory(file);
  const [load] = await timed(async () => {
    for (const name of ['hr', 'aws']) {
      const source = { collector: name, dataset: name, scope: 'all' };
      await inventory.load(source, { asOf: NOW, body: name, index: 0 }, lines(`${directory}/${name}.ndjson`));
    }
  });
  await using sandbox = createSandbox({ file });
  // Started and compiled beforehand, as in the agent.
  for (const check of [...CHECKS, ...JOINS]) await sandbox.compile(check);
  let rows = 0;
  const runAll = (queries: readonly CheckQuery[]) =>
    timed(async () => {
      for (const check of queries) rows += (await sandbox.run(check, NOW)).rows.length;
    });
  const [checks] = await runAll(CHECKS);
  const [joins] = await runAll(JOINS);
  return { load, checks, joins, rows };
}

async function bare(directory: string): Promise<Round> {
  const file = `${directory}/bare.sqlite`;
  const [load] = await timed(() => bareLoad(file, [`${directory}/hr.ndjson`, `${directory}/aws.ndjson`]));
  // The joins need the owners that the inventory computes: both run on its file.
  const answered = `${directory}/ours.sqlite`;
  const [checks, one] = await timed(() => bareQueries(answered, CHECKS, NOW));
  const [joins, other] = await timed(() => bareQueries(answered, JOINS, NOW));
  return { load, checks, joins, rows: one.rows + other.rows };
}

const [, , who, directory] = process.argv;
const round = await (who === 'ours' ? ours(directory!) : bare(directory!));
process.stdout.write(JSON.stringify(round));
