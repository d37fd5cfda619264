import { EvidenceError } from './error.ts';
import type { ObjectStore } from './store.ts';
import { levelSize, TILE_WIDTH, tilePath } from './tiles.ts';

/** The folders of partial tiles whose full tile stands once a log of `from` entries has grown to `to`. */
export function partialFolders(from: number, to: number): string[] {
  const folders: string[] = [];
  for (
    let level: number | 'entries' = 'entries';
    levelSize(level, to) > 0;
    level = level === 'entries' ? 0 : level + 1
  ) {
    const index = Math.floor(levelSize(level, from) / TILE_WIDTH);
    if (levelSize(level, from) % TILE_WIDTH === 0) continue;
    if (Math.floor(levelSize(level, to) / TILE_WIDTH) <= index) continue;
    folders.push(`log/${tilePath({ level, index, width: 1 }).replace(/1$/, '')}`);
  }
  return folders;
}

/** A store whose every object is locked keeps them all: they can't be tried again for ever. */
const MOST_LEFT = 16;

/** Deletes what is in the folders, as far as the store lets it: gives back the last folders that are left. */
export async function prune(store: ObjectStore, folders: readonly string[]): Promise<string[]> {
  const left: string[] = [];
  for (const folder of folders) {
    try {
      for (const key of await store.list(folder)) await store.delete(key);
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error;
      left.push(folder);
    }
  }
  return left.slice(-MOST_LEFT);
}
