import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { typed } from '../../../src/inventory/typed.ts';
import type { Measure } from '../measure.ts';
import { watchResident } from '../resident.ts';
import { writeEstate } from './estate.ts';
import type { Round } from './worker.ts';

const IDENTITIES = 100_000;
const ROUNDS = 5;

/** 100,000 identities: loading, 30 checks and 5 joins against a bare insert and the same SQL alone; memory, the child included. */
export async function inventory(): Promise<readonly Measure[]> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-bench-'));
  try {
    await writeEstate(directory, IDENTITIES);
    const rounds: { ours: Round & { peak: number }; bare: Round }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await Promise.all(
        ['ours', 'bare'].flatMap((name) =>
          ['', '-wal', '-shm'].map((suffix) =>
            rm(join(directory, `${name}.sqlite${suffix}`), { force: true }),
          ),
        ),
      );
      rounds.push({ ours: await run('ours', directory), bare: await run('bare', directory) });
    }
    if (rounds.some(({ ours, bare }) => ours.rows !== bare.rows))
      throw new Error('the answers differ from the bare SQL');
    // The best of the rounds: what else the machine does only ever adds.
    const measure = (name: string, key: 'load' | 'checks' | 'joins', goal: number): Measure => ({
      name,
      value: Math.min(...rounds.map(({ ours }) => ours[key])),
      unit: 'ms',
      goal,
      baseline: Math.min(...rounds.map(({ bare }) => bare[key])),
    });
    return [
      measure('inventory load', 'load', 2),
      measure('inventory 30 checks', 'checks', 1.5),
      measure('inventory 5 joins', 'joins', 1.5),
      {
        name: 'inventory peak RSS',
        value: Math.max(...rounds.map(({ ours }) => ours.peak)),
        unit: 'MB',
        goal: 256,
      },
    ];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function run(who: 'ours' | 'bare', directory: string): Promise<Round & { readonly peak: number }> {
  const worker = fileURLToPath(new URL('worker.ts', import.meta.url));
  // A heap as Node gives itself in a small container: with more, V8 lets garbage lie.
  const running = promisify(execFile)(process.execPath, ['--max-old-space-size=128', worker, who, directory]);
  const peak = watchResident(running.child.pid!);
  try {
    const { stdout } = await running;
    return { ...typed<Round>(JSON.parse(stdout)), peak: peak() };
  } finally {
    peak();
  }
}
