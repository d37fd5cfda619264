import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { dataPaths } from '../../../src/engine/stores.ts';
import { NOW, register } from '../../e2e/organisation.ts';
import { collector, PEOPLE, REGIONS } from '../aws/manifests.ts';
import { startStubProcess } from '../aws/stub-process.ts';
import { AGENT, collect } from '../pass.ts';
import { LARGE, startGithub } from '../sources/github.ts';
import { startGoogle } from '../sources/google.ts';
import { startKubernetes } from '../sources/kubernetes.ts';
import { writeRegisters } from './registers.ts';

const PEOPLE_COUNT = 20_000;
const AWS = { users: 3_000, each: 300 } as const;
const CLUSTER = { pods: 20_000, deployments: 10_000, namespaces: 200, others: 2_000 } as const;

const root = resolve(import.meta.dirname, '../../..');

/** An inventory that the agent filled from every source at once. */
export interface Filled extends AsyncDisposable {
  /** The inventory's file. */
  readonly file: string;
}

/** Collects an organisation of 20,000 people: AWS, GitHub, Google, a cluster, HR and the registers of its ISMS. */
export async function fill(): Promise<Filled> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-bench-assessment-'));
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    await using stubs = new AsyncDisposableStack();
    const aws = stubs.use(
      await startStubProcess({ now: Date.now(), users: AWS.users, sizes: { '*': AWS.each } }),
    );
    const github = await startGithub(LARGE);
    stubs.use(github.stub);
    const google = await startGoogle(PEOPLE_COUNT);
    stubs.use(google.stub);
    const kubernetes = await startKubernetes(CLUSTER);
    stubs.use(kubernetes.stub);
    const files = {
      'registers.yaml': await writeRegisters(directory, PEOPLE_COUNT),
      'agent.yaml': AGENT,
      'people.csv': register(PEOPLE_COUNT + 1, NOW, PEOPLE_COUNT),
      'hr.yaml': PEOPLE,
      'aws.yaml': collector({ endpoint: aws.endpoint, accounts: 2, regions: REGIONS.slice(0, 1) }),
      'github.yaml': github.manifest,
      ...google.files,
      ...kubernetes.files,
      'soa.yaml': await readFile(join(root, 'examples/acme/soa.yaml'), 'utf8'),
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(directory, 'annexa', name), text);
    const data = join(directory, 'data');
    await collect(['src/main.ts', 'collect', '--config', join(directory, 'annexa'), '--json'], data);
    return { file: dataPaths(data).inventory, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
