import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../config/contract.ts';
import type { EvidenceLog } from '../evidence/contract.ts';
import { EvidenceError } from '../evidence/error.ts';
import { openOrCreateLog } from '../evidence/log.ts';
import type { ObjectStore } from '../evidence/store.ts';
import { declarationsOf } from '../inventory/declared.ts';
import { openInventory } from '../inventory/inventory.ts';
import type { Sandbox } from '../inventory/query-contract.ts';
import { evidenceKeys } from './evidence-keys.ts';
import { project, type Projection } from './projection.ts';
import { explained } from './store-guard.ts';
import { emptyState, openState, type StateDatabase } from './state/database.ts';
import { lastEntry } from './state/project.ts';
import { knownErasure, markErasure, newestErasure } from './state/erasure.ts';
import type { AgentView } from './view.ts';

export interface StoreOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly now: () => number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly build: AgentView['build'];
  /** A line for the person who starts the agent: that keys were made, and where. */
  readonly notice: (line: string) => void;
  /** Go on although state/ of the evidence is lost: what was published from here can't be compared then. */
  readonly lostState?: 'accept';
}

/** The log, what is projected from it, and the sandbox that reads it. One process at a time has them open. */
export interface Stores extends Projection, AsyncDisposable {
  readonly log: EvidenceLog;
  readonly state: StateDatabase;
  readonly sandbox: Sandbox;
}

/** Directories and files under the data directory. */
export function dataPaths(data: string) {
  return {
    evidence: path.join(data, 'evidence'),
    keys: path.join(data, 'keys'),
    state: path.join(data, 'state.db'),
    inventory: path.join(data, 'inventory.db'),
    bundles: path.join(data, 'bundles'),
    /** Directories that the agent writes in all the time. */
    written: [path.join(data, 'evidence', 'state', 'tmp'), data],
  };
}

/**
 * Opens or makes everything under the data directory. Rejects with EvidenceError: `locked` when another process has it. The sandbox reads
 * the inventory from now on, and stays the caller's.
 */
export async function openStores(options: StoreOptions, sandbox: Sandbox): Promise<Stores> {
  const { inventory, written } = dataPaths(options.config.agent.data);
  const projected = await open(options, openState).catch(async (error: unknown) => {
    throw await explained(error, written);
  });
  sandbox.attach(inventory);
  return { ...projected, sandbox };
}

/** Makes state and inventory anew from the log; the number of entries. */
export async function rebuildState(options: StoreOptions): Promise<number> {
  await using stores = await open(options, emptyState);
  await stores.sync();
  return stores.log.checkpoint().size;
}

async function open(
  options: StoreOptions,
  stateAt: (path: string) => Promise<StateDatabase>,
): Promise<Omit<Stores, 'sandbox'>> {
  const { config } = options;
  const paths = dataPaths(config.agent.data);
  await mkdir(config.agent.data, { recursive: true, mode: 0o700 });
  await using cleanup = new AsyncDisposableStack();
  const log = cleanup.use(await openEvidence(options, paths));
  const found = await stateAt(paths.state);
  const ofThisLog = await followsFrom(log, found);
  if (!ofThisLog) await found.destroy();
  const state = await withoutErased(log, ofThisLog ? found : await emptyState(paths.state), paths);
  cleanup.defer(() => state.destroy());
  const inventory = cleanup.use(openInventory(paths.inventory, { declared: declarationsOf(config.scope) }));
  const projection = project(log, state, inventory, options.logger);
  const owned = cleanup.move();
  return { log, state, ...projection, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Whether the state holds entries of this log alone: one that was restored may be shorter, or have gone another way. */
async function followsFrom(log: EvidenceLog, state: StateDatabase): Promise<boolean> {
  const last = await lastEntry(state);
  if (last === undefined) return true;
  if (last.index >= log.checkpoint().size) return false;
  // An entry that is damaged is for `verify` to tell: collecting goes on.
  const entry = await log.entry(last.index).catch((error: unknown) => {
    if (error instanceof EvidenceError && error.code === 'corrupt') return undefined;
    throw error;
  });
  return entry === undefined || entry.leafHash === last.leaf_hash;
}

/** State and inventory that hold nothing which was erased since they were made: then both are made anew. */
async function withoutErased(
  log: EvidenceLog,
  state: StateDatabase,
  paths: ReturnType<typeof dataPaths>,
): Promise<StateDatabase> {
  const newest = await newestErasure(log);
  if ((await knownErasure(state)) >= newest) return state;
  await state.destroy();
  for (const suffix of ['', '-wal', '-shm']) await rm(paths.inventory + suffix, { force: true });
  const empty = await emptyState(paths.state);
  await markErasure(empty, newest);
  return empty;
}

/** The log alone, as openStores opens it. */
export async function openEvidence(
  options: StoreOptions,
  paths: ReturnType<typeof dataPaths> = dataPaths(options.config.agent.data),
): Promise<EvidenceLog> {
  const { config, now, build, env, notice, lostState } = options;
  const store = await bucketOf(options);
  const common = {
    directory: paths.evidence,
    ...(store === undefined ? {} : { store }),
    keys: await evidenceKeys(config, paths.keys, env, notice),
    agent: { version: build.version, build: build.revision },
    now,
    window: config.agent.commitWindow * 1000,
  };
  return openOrCreateLog({
    ...common,
    domain: config.agent.domain,
    sample: config.agent.sample !== undefined,
    authorities: config.agent.timestamps?.authorities ?? [],
    witnesses: config.agent.witnesses,
    ...(lostState === undefined ? {} : { lostState }),
  });
}

/** The bucket that the objects of the evidence are kept in; undefined: they are in the directory. The SDK is loaded only here. */
async function bucketOf({ config, logger, now }: StoreOptions): Promise<ObjectStore | undefined> {
  if (config.agent.store === undefined) return undefined;
  const { openS3 } = await import('../evidence/s3/open.ts');
  const { store, warnings } = await openS3(config.agent.store.s3, now);
  for (const warning of warnings) logger.warn({ event: 'store_doubtful' }, warning);
  return store;
}
