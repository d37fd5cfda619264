import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { bundle } from '../../build.ts';
import { datasets } from '../../src/collectors/github/datasets.ts';
import { collectGithub } from '../collectors/github/harness.ts';
import { largeEstate } from '../collectors/github/large.ts';
import { startStub } from '../collectors/github/stub.ts';
import { AGENT } from './aws/manifests.ts';
import { peak, SMALL_HEAP } from './aws/memory.ts';
import { type Measure, round } from './measure.ts';

const REPOSITORIES = 1_200;
const MEMBERS = 3_000;

/** Requests for so many repositories and members; what isn't named is of as few records as there can be. */
const GOALS: Readonly<Record<string, number>> = {
  members: MEMBERS / 100 + 10,
  repositories: REPOSITORIES / 20 + 20,
  'repository-access': REPOSITORIES / 20 + REPOSITORIES / 100 + 20,
  changes: REPOSITORIES / 10 + 20,
};
const FEW = 5;

/** Requests of each dataset, and for a thousand of its records. */
export async function githubCalls(): Promise<readonly Measure[]> {
  await using stub = await startStub(largeEstate(REPOSITORIES, MEMBERS));
  const figures: Measure[] = [];
  for (const { name } of datasets) {
    const before = stub.calls.length;
    const { records } = await collectGithub(stub.endpoint, name);
    const value = stub.calls.length - before;
    const goal = GOALS[name] ?? FEW;
    figures.push({ name: `github-calls/${name}`, value, unit: 'requests', goal });
    if (records.length > 0)
      figures.push({
        name: `github-calls/${name}-per-1000-records`,
        value: round((value * 1000) / records.length),
        unit: 'requests',
        goal: round((goal * 1000) / records.length),
      });
  }
  return figures;
}

/** Memory of one pass of the agent over the repositories and members, children included, files once. The stub of GitHub is another process. */
export async function githubMemory(): Promise<readonly Measure[]> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-github-memory-'));
  const stub = fork(new URL('./github-stub.ts', import.meta.url), [String(REPOSITORIES), String(MEMBERS)], {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  try {
    const baseUrl = await told(stub);
    await bundle(join(directory, 'bundle'));
    await writeFile(join(directory, 'agent.yaml'), AGENT);
    const manifest = {
      apiVersion: 'annexa.dev/v1alpha1',
      kind: 'Collector',
      metadata: { name: 'github' },
      spec: {
        plugin: 'github',
        settings: { organizations: ['Acme'], auth: { token: { env: 'KEY' } }, baseUrl },
      },
    };
    await writeFile(join(directory, 'github.yaml'), JSON.stringify(manifest));
    const program = [...SMALL_HEAP, join(directory, 'bundle', 'annexa.mjs')];
    const most = await peak(
      [...program, 'collect', '--config', directory, '--json'],
      join(directory, 'data'),
    );
    return [{ name: 'github-memory/peak', value: round(most), unit: 'MB', goal: 300 }];
  } finally {
    stub.kill('SIGKILL');
    await rm(directory, { recursive: true, force: true });
  }
}

async function told(child: ChildProcess): Promise<string> {
  const [message]: unknown[] = await once(child, 'message');
  return z.string().parse(message);
}
