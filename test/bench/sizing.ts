import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readStore } from '../../src/evidence/reader.ts';
import { fill, type OrganisationSize } from './assessment/estate.ts';
import { type Measure, round } from './measure.ts';

const MB = 1e6;

/** By people: what else such an organisation has of each. */
const sizes: Readonly<Record<string, OrganisationSize>> = { small: sizeOf(200), middle: sizeOf(3_000) };

function sizeOf(people: number): OrganisationSize {
  return {
    people,
    aws: { users: people / 10, each: people / 50 },
    github: { repositories: people / 5, members: people / 4, changes: 10, alerts: people / 2 },
    cluster: { pods: people, deployments: people / 4, namespaces: people / 40, others: people / 10 },
  };
}

/** What an organisation of all sources takes on disk: its first collection, then one of which nothing has changed; and the memory of it. */
export async function sizing(): Promise<readonly Measure[]> {
  const measures: Measure[] = [];
  for (const [name, size] of Object.entries(sizes)) measures.push(...(await measured(name, size)));
  return measures;
}

async function measured(name: string, size: OrganisationSize): Promise<readonly Measure[]> {
  await using filled = await fill(size);
  const evidence = join(filled.data, 'evidence');
  const first = await onDisk(evidence);
  const projections = (await onDisk(filled.data)) - first;
  const entries = (await readStore(evidence)).checkpoint().size;
  const most = Math.max(filled.most, await filled.again());
  const second = (await onDisk(evidence)) - first;
  const more = (await readStore(evidence)).checkpoint().size - entries;
  return [
    { name: `sizing/${name}/first`, value: round(first / MB), unit: 'MB', goal: size.people * 0.05 },
    {
      name: `sizing/${name}/unchanged`,
      value: round(second / MB),
      unit: 'MB',
      goal: size.people * 0.005 + 5,
    },
    { name: `sizing/${name}/entries-of-a-pass`, value: more, unit: 'entries', goal: 1000 },
    {
      name: `sizing/${name}/state-and-inventory`,
      value: round(projections / MB),
      unit: 'MB',
      goal: size.people * 0.1,
    },
    { name: `sizing/${name}/peak`, value: round(most), unit: 'MB', goal: 700 },
  ];
}

/** Bytes of the blocks that the files below a directory take, without the writer's own state. */
async function onDisk(directory: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(directory, { recursive: true })) {
    const { blocks } = await stat(join(directory, name));
    bytes += blocks * 512;
  }
  return bytes;
}
