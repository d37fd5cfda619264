import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bundle } from '../../../build.ts';
import { type Measure, round } from '../measure.ts';
import { watchFamily } from '../resident.ts';
import { NOW, register } from '../../e2e/organisation.ts';
import { AGENT, collector, PEOPLE, REGIONS } from './manifests.ts';
import { startStubProcess } from './stub-process.ts';

const root = resolve(import.meta.dirname, '../../..');

/** IAM allows 5,000 users an account. */
const ESTATE = { accounts: 20, users: 5_000, buckets: 250, volumes: 2_500 } as const;
/** In a quarter as many accounts. */
const QUARTER = { ...ESTATE, accounts: ESTATE.accounts / 4 } as const;

/** The most that the agent and its children were resident, in megabytes, while they collected and judged the estate once. */
async function peakOf(
  { accounts, users, buckets, volumes }: typeof ESTATE | typeof QUARTER,
  program: readonly string[],
): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-aws-memory-'));
  try {
    await using stub = await startStubProcess({
      now: Date.now(),
      users,
      sizes: { '*': 2, s3: buckets, 'tag:GetResources': buckets, 'ec2:DescribeVolumes': volumes },
      // Else each of the volumes would have to be backed up.
      untagged: ['ec2:DescribeVolumes'],
    });
    await writeFile(join(directory, 'agent.yaml'), AGENT);
    // The same people have an account in each.
    await writeFile(join(directory, 'people.csv'), register(users + 1, NOW, users));
    await writeFile(join(directory, 'hr.yaml'), PEOPLE);
    const { endpoint } = stub;
    await writeFile(
      join(directory, 'aws.yaml'),
      collector({ endpoint, accounts, regions: REGIONS.slice(0, 1) }),
    );
    return await peak([...program, 'collect', '--config', directory, '--json'], join(directory, 'data'));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The most that a program and its children were resident while it ran, in megabytes. */
export async function peak(program: readonly string[], data: string): Promise<number> {
  const child = spawn(process.execPath, [...program], {
    cwd: root,
    env: { ...process.env, ANNEXA_DATA: data, ANNEXA_LOG_LEVEL: 'error', KEY: 'bench' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const stop = watchFamily(child.pid ?? 0);
  await once(child, 'exit');
  const most = stop();
  if (child.exitCode !== 0) throw new Error(`the agent ended with ${child.exitCode}: ${said.slice(0, 4000)}`);
  return most;
}

/** A bundle is started so where memory counts: V8 would else let garbage lie until the heap is several times what lives in it. */
export const SMALL_HEAP = ['--max-semi-space-size=4', '--optimize-for-size'];

/**
 * Memory of one pass over 100,000 identities, 5,000 buckets and 50,000 volumes in twenty accounts, children included, files once; against a
 * quarter of it. The stub of AWS is another process.
 */
export async function awsMemory(): Promise<readonly Measure[]> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-aws-bundle-'));
  try {
    await bundle(directory);
    const program = [...SMALL_HEAP, join(directory, 'annexa.mjs')];
    const quarter = await peakOf(QUARTER, program);
    const whole = await peakOf(ESTATE, program);
    return [
      { name: 'aws-memory/peak', value: round(whole), unit: 'MB', goal: 300 },
      { name: 'aws-memory/growth', value: round(whole), unit: 'MB', goal: 1.3, baseline: round(quarter) },
    ];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
