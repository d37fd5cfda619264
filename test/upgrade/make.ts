import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { zstdCompressSync } from 'node:zlib';
import { makeWorld, type World } from '../engine/world.ts';
import { type Answers, answersOfView } from './answers.ts';
import { DATABASES, keptName } from './kept.ts';
import { agent, BEGAN, DAY, keysOf, manifests, people, training } from './organisation.ts';

// Keeps what a release leaves behind, for all that come after it: `node test/upgrade/make.ts NAME`. What was released is never made again.

if (import.meta.main) {
  const name = process.argv[2] ?? '';
  const directory = join(import.meta.dirname, name);
  if (!/^\d{4}-\d{2}[\w-]*$/.test(name) || existsSync(directory)) {
    process.stderr.write('usage: node test/upgrade/make.ts YEAR-MONTH (of a folder that is not there yet)\n');
    process.exit(2);
  }
  await using world = await makeWorld({ manifests: { ...manifests, ...(await ownChecks()) }, env: keysOf });
  const answers = await live(world);
  const data = join(world.directory, 'data');
  await mkdir(directory);
  await cp(join(world.directory, 'config'), join(directory, 'config'), { recursive: true });
  await writeFile(join(directory, 'config/agent.yaml'), agent(2));
  for (const folder of ['content', 'envelopes', 'keys', 'log'])
    await cp(join(data, 'evidence', folder), join(directory, 'evidence', folder), { recursive: true });
  for (const file of DATABASES) await keep(join(data, file), join(directory, keptName(file)));
  await writeFile(join(directory, 'answers.json.zst'), zstdCompressSync(JSON.stringify(answers)));
}

/** A few of the product's checks, as they were then. */
async function ownChecks(): Promise<Record<string, string>> {
  const chosen = ['training/training-completed', 'person/contractor-end', 'statement/soa-owner-employed'];
  const read = chosen.map(async (check) => [
    `${check.replace('/', '.')}.yaml`,
    await readFile(join(import.meta.dirname, `../../src/controls/checks/${check}.yaml`), 'utf8'),
  ]);
  return Object.fromEntries(await Promise.all(read));
}

/** Five days of the organisation; what is answered at their end. */
async function live(world: World): Promise<Answers> {
  const day = () => new Date(world.now * 1000).toISOString().slice(0, 10);
  const registers = async (options = {}) => {
    await world.write('people.csv', people(day(), options));
    await world.write('training.csv', training(day()));
  };
  const write = (seed: 1 | 2) =>
    world.write('agent.yaml', agent(seed).replace('DATA', JSON.stringify(join(world.directory, 'data'))));
  world.now = BEGAN;
  await write(1);
  await registers();
  await collect(world);
  world.now += DAY;
  await registers({ without: '3' });
  await collect(world);
  world.now += DAY;
  await erase(world);
  world.now += DAY;
  await write(2);
  await registers({ without: '3' });
  await collect(world);
  world.now += DAY;
  await world.write('training.csv', 'person,course\n');
  return collect(world);
}

async function collect(world: World): Promise<Answers> {
  await using opened = await world.open();
  await opened.agent.open();
  await opened.agent.collectOnce();
  return await answersOfView(opened.agent.view);
}

async function erase(world: World): Promise<void> {
  await using opened = await world.open();
  const { log } = opened.stores;
  for await (const { stream, subjects } of log.entries(0)) {
    const [body] = subjects;
    if (stream !== 'snapshot/hr/people/acme' || body === undefined) continue;
    await log.erase({
      bodies: [{ sha256: body.sha256, records: ['hr:acme:2'] }],
      by: 'Data Protection Officer',
      reason: 'request 17',
      legalBasis: 'GDPR Art. 17(1)(b)',
    });
    return;
  }
}

/** A database that nobody has open, with what stands in its log. */
async function keep(from: string, to: string): Promise<void> {
  {
    using database = new DatabaseSync(from);
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  }
  await writeFile(to, zstdCompressSync(await readFile(from)));
}
