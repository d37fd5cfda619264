import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { EvidenceLog } from './contract.ts';
import { directoryStore, STATE_FOLDER } from './directory.ts';
import { EvidenceError } from './error.ts';
import { lockDirectory, type LogState, openState } from './state.ts';
import type { ObjectStore } from './store.ts';

/** What a log works on; tests put faults between. */
export interface Ground {
  readonly store: ObjectStore;
  readonly state: LogState;
  /** For temporary files, on the disk of the store. */
  readonly temporary: string;
  /** Ends the hold on the directory. */
  readonly release: () => void;
}

/** Takes the lock of a directory, and all that a log needs there. Throws `no-store`, `locked`, `io`, `corrupt`. */
export function takeGround(
  directory: string,
  { create = false, store }: { readonly create?: boolean; readonly store?: ObjectStore } = {},
): Ground {
  const root = resolve(directory);
  if (create) mkdirSync(root, { recursive: true, mode: 0o750 });
  if (!existsSync(root)) throw new EvidenceError('no-store', `${root}: there is no such directory`);
  const lock = lockDirectory(root);
  try {
    const temporary = join(root, STATE_FOLDER, 'tmp');
    rmSync(temporary, { recursive: true, force: true });
    mkdirSync(temporary, { mode: 0o700 });
    const state = openState(root);
    const release = () => {
      state[Symbol.dispose]();
      lock[Symbol.dispose]();
    };
    return { store: store ?? directoryStore(root, temporary), state, temporary, release };
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

/** Runs the work, and gives the directory back, naming it, when it fails. */
export async function guarded(
  directory: string,
  ground: Ground,
  work: () => Promise<EvidenceLog>,
): Promise<EvidenceLog> {
  try {
    return await work();
  } catch (cause) {
    ground.release();
    if (!(cause instanceof EvidenceError)) throw cause;
    throw new EvidenceError(cause.code, `${directory}: ${cause.message}`, { cause });
  }
}
