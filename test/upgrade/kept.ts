import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { z } from 'zod';
import { makeWorld, type World } from '../engine/world.ts';
import type { Answers } from './answers.ts';
import { BEGAN, DAY, keysOf } from './organisation.ts';

/** Files of SQLite, kept compressed: what the agent knows of its own, and the high-water mark. */
export const DATABASES = ['state.db', 'inventory.db', 'evidence/state/log.sqlite'] as const;

export function keptName(database: string): string {
  return `${database.replaceAll('/', '.')}.zst`;
}

/** What an earlier release left, as it left it, and a day later. */
export async function restoreKept(name: string): Promise<World> {
  const kept = join(import.meta.dirname, name);
  const config = join(kept, 'config');
  const manifests: Record<string, string> = {};
  for (const file of await readdir(config)) manifests[file] = await readFile(join(config, file), 'utf8');
  const world = await makeWorld({ manifests, env: keysOf });
  const data = join(world.directory, 'data');
  await world.write('agent.yaml', (manifests['agent.yaml'] ?? '').replace('DATA', JSON.stringify(data)));
  await cp(join(kept, 'evidence'), join(data, 'evidence'), { recursive: true });
  await mkdir(join(data, 'evidence/state'), { mode: 0o700 });
  for (const file of DATABASES)
    await writeFile(join(data, file), zstdDecompressSync(await readFile(join(kept, keptName(file)))));
  world.now = BEGAN + 5 * DAY;
  return world;
}

export async function keptAnswers(name: string): Promise<Answers> {
  const packed = await readFile(join(import.meta.dirname, name, 'answers.json.zst'));
  return z.record(z.string(), z.unknown()).parse(JSON.parse(zstdDecompressSync(packed).toString('utf8')));
}
