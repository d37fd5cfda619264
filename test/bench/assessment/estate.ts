import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { dataPaths } from '../../../src/engine/stores.ts';
import { NOW, register } from '../../e2e/organisation.ts';
import { collector, PEOPLE, REGIONS } from '../aws/manifests.ts';
import { startStubProcess } from '../aws/stub-process.ts';
import { AGENT, collect } from '../pass.ts';
import type { GithubSize } from '../sources/github-estate.ts';
import { LARGE, startGithub } from '../sources/github.ts';
import { startGoogle } from '../sources/google.ts';
import type { KubernetesSize } from '../sources/kubernetes-estate.ts';
import { startKubernetes } from '../sources/kubernetes.ts';
import { writeRegisters } from './registers.ts';

export interface OrganisationSize {
  readonly people: number;
  readonly aws: { readonly users: number; readonly each: number };
  readonly github: GithubSize;
  readonly cluster: KubernetesSize;
}

const LARGEST: OrganisationSize = {
  people: 20_000,
  aws: { users: 3_000, each: 300 },
  github: LARGE,
  cluster: { pods: 20_000, deployments: 10_000, namespaces: 200, others: 2_000 },
};

const root = resolve(import.meta.dirname, '../../..');

/** An inventory that the agent filled from every source at once. */
export interface Filled extends AsyncDisposable {
  /** The inventory's file. */
  readonly file: string;
  /** The data directory. */
  readonly data: string;
  /** The most that the agent and its children were resident meanwhile, in megabytes. */
  readonly most: number;
  /** The same pass again, of which nothing has changed. */
  again(): Promise<number>;
}

/** Collects an organisation: AWS, GitHub, Google, a cluster, HR and the registers of its ISMS. */
export async function fill(size: OrganisationSize = LARGEST): Promise<Filled> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-bench-assessment-'));
  await using stubs = new AsyncDisposableStack();
  stubs.defer(() => rm(directory, { recursive: true, force: true }));
  const aws = stubs.use(
    await startStubProcess({ now: Date.now(), users: size.aws.users, sizes: { '*': size.aws.each } }),
  );
  const github = await startGithub(size.github);
  stubs.use(github.stub);
  const google = await startGoogle(size.people);
  stubs.use(google.stub);
  const kubernetes = await startKubernetes(size.cluster);
  stubs.use(kubernetes.stub);
  const files = {
    'registers.yaml': await writeRegisters(directory, size.people),
    'agent.yaml': AGENT,
    'people.csv': register(size.people + 1, NOW, size.people),
    'hr.yaml': PEOPLE,
    'aws.yaml': collector({ endpoint: aws.endpoint, accounts: 2, regions: REGIONS.slice(0, 1) }),
    'github.yaml': github.manifest,
    ...google.files,
    ...kubernetes.files,
    'soa.yaml': await readFile(join(root, 'examples/acme/soa.yaml'), 'utf8'),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, 'annexa', name), text);
  const data = join(directory, 'data');
  const pass = () =>
    collect(['src/main.ts', 'collect', '--config', join(directory, 'annexa'), '--json'], data);
  const most = await pass();
  const owned = stubs.move();
  return {
    file: dataPaths(data).inventory,
    data,
    most,
    again: pass,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
