import { access, mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from 'pino';
import type { CollectorContext, SecretRef } from '../collectors/contract.ts';
import type { Config, ScopeSpec } from '../config/contract.ts';
import type { SourceState } from '../controls/contract.ts';
import type { EvidenceLog } from '../evidence/contract.ts';
import { EvidenceError } from '../evidence/error.ts';
import {
  type EvidenceKeys,
  generateKeys,
  keyFiles,
  loadKeys,
  parseBodyKey,
  parseSigner,
  readKeyFile,
} from '../evidence/keys.ts';
import { openOrCreateLog } from '../evidence/log.ts';
import { InventoryError } from '../inventory/error.ts';
import { type Inventory, openInventory } from '../inventory/inventory.ts';
import { type InventoryRecord, sourceKey, type SourceRef } from '../inventory/kind.ts';
import type { Sandbox } from '../inventory/query-contract.ts';
import { EngineError } from './error.ts';
import { own, ownJson } from './own.ts';
import type { LastSnapshot } from './sources.ts';
import type { FailureCause } from './retry-policy.ts';
import { emptyState, openState, type StateDatabase } from './state/database.ts';
import { catchUp } from './state/project.ts';
import type { AgentView, RunItem } from './view.ts';

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

interface Snapshot extends LastSnapshot {
  readonly listed: number;
  /** Unix seconds. */
  readonly sealedAt: number;
}

/** The log, what is projected from it, and the sandbox that reads it. One process at a time has them open. */
export interface Stores extends AsyncDisposable {
  readonly log: EvidenceLog;
  readonly state: StateDatabase;
  readonly sandbox: Sandbox;
  /** Brings state and inventory up to the log's end. */
  sync(): Promise<void>;
  /** How often, since the start, stored bytes were not what was sealed. */
  verifyFailures(): number;
  /** Why the sealed snapshot of a source could not be loaded; undefined when it is, or there is none. */
  refusal(collector: string, dataset: string, scope: string): string | undefined;
  /** The snapshot that the inventory holds of a source. */
  snapshot(collector: string, dataset: string, scope: string): Snapshot | undefined;
  /** The records of that snapshot, read back and verified. */
  previous(collector: string, dataset: string, scope: string): ReturnType<CollectorContext['previous']>;
  /** Takes sources that are no longer expected out of the inventory, and the declared owners in. */
  keep(sources: readonly SourceState[], scope: ScopeSpec | undefined): Promise<void>;
  /** Sources as last assessed, with the failure that their last collection ended in. */
  recall(): Promise<readonly (SourceRef & { readonly failure: FailureCause | undefined })[]>;
}

/** Directories and files under the data directory. */
export function dataPaths(data: string) {
  return {
    evidence: path.join(data, 'evidence'),
    keys: path.join(data, 'keys'),
    state: path.join(data, 'state.db'),
    inventory: path.join(data, 'inventory.db'),
  };
}

/**
 * Opens or makes everything under the data directory. Rejects with EvidenceError: `locked` when another process has it. The sandbox reads
 * the inventory from now on, and stays the caller's.
 */
export async function openStores(options: StoreOptions, sandbox: Sandbox): Promise<Stores> {
  const projected = await open(options, openState);
  sandbox.attach(dataPaths(options.config.agent.data).inventory);
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
  const state = await stateAt(paths.state);
  cleanup.defer(() => state.destroy());
  const inventory = cleanup.use(openInventory(paths.inventory, { owners: ownersOf(config.scope) }));
  const projection = await project(log, state, inventory, options.logger);
  const owned = cleanup.move();
  return { log, state, ...projection, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function openEvidence(
  options: StoreOptions,
  paths: ReturnType<typeof dataPaths>,
): Promise<EvidenceLog> {
  const { config, now, build, env, notice, lostState } = options;
  const common = {
    directory: paths.evidence,
    keys: await evidenceKeys(config, paths.keys, env, notice),
    agent: { version: build.version, build: build.revision },
    now,
    window: config.agent.commitWindow * 1000,
  };
  return openOrCreateLog({
    ...common,
    domain: config.agent.domain,
    sample: config.agent.sample !== undefined,
    ...(lostState === undefined ? {} : { lostState }),
  });
}

async function evidenceKeys(
  config: Config,
  directory: string,
  env: StoreOptions['env'],
  notice: StoreOptions['notice'],
): Promise<EvidenceKeys> {
  const configured = config.agent.keys;
  if (configured !== undefined) return configuredKeys(configured, config.directory, env);
  const files = keyFiles(directory);
  if (await exists(directory)) return loadKeys(files);
  const keys = await generateKeys(directory);
  notice(
    `no keys are configured: new ones were made in ${directory}; keep a copy apart from the evidence (annexa keys shows them)`,
  );
  return keys;
}

/** Keys that the configuration names: files of a mounted Secret, or environment variables. */
async function configuredKeys(
  named: NonNullable<Config['agent']['keys']>,
  directory: string,
  env: StoreOptions['env'],
): Promise<EvidenceKeys> {
  const read = async (reference: SecretRef): Promise<{ text: string; where: string }> => {
    if ('file' in reference) {
      const file = path.resolve(directory, reference.file);
      return { text: await readKeyFile(file, 'a key'), where: file };
    }
    const text = env[reference.env];
    if (text === undefined)
      throw new EngineError(
        'configuration',
        `the environment variable ${reference.env} is not set: a key was expected there`,
      );
    return { text, where: `environment variable ${reference.env}` };
  };
  const [envelope, checkpoint, body] = await Promise.all([
    read(named.envelope),
    read(named.checkpoint),
    read(named.body),
  ]);
  return {
    envelope: parseSigner(envelope.text, 'envelope', envelope.where),
    checkpoint: parseSigner(checkpoint.text, 'checkpoint', checkpoint.where),
    body: parseBodyKey(body.text, body.where),
  };
}

function ownersOf(scope: ScopeSpec | undefined): ScopeSpec['owners'] {
  return scope?.owners ?? { identities: {}, services: {} };
}

/** State and inventory, kept equal to the log. */
async function project(
  log: EvidenceLog,
  state: StateDatabase,
  inventory: Inventory,
  logger: Logger,
): Promise<
  Pick<Stores, 'sync' | 'verifyFailures' | 'refusal' | 'snapshot' | 'previous' | 'keep' | 'recall'>
> {
  const held = new Map<string, Snapshot>();
  const refused = new Map<string, string>();
  let verifyFailures = 0;
  let declared = '';

  async function sync(): Promise<void> {
    await catchUp(state, log);
    const rows = await state.selectFrom('snapshot').selectAll().execute();
    const wanted = new Map(rows.map((row) => [sourceKey(row), row]));
    for (const source of inventory.sources()) {
      if (!wanted.has(sourceKey(source))) await drop(source);
    }
    for (const [key, { collector, dataset, scope, as_of, body, entry, listed, sealed_at }] of wanted) {
      const source = { collector, dataset, scope };
      if (as_of === null || !(await load(source, as_of, body, entry))) continue;
      refused.delete(key);
      held.set(key, { asOf: as_of, body, index: entry, listed, sealedAt: sealed_at });
    }
  }

  async function drop(source: SourceRef): Promise<void> {
    await inventory.remove(source);
    held.delete(sourceKey(source));
  }

  /** False when what was sealed is not what is stored, or the inventory refuses it: then the source has no evidence, and its checks are unknown. */
  async function load(source: SourceRef, asOf: number, body: string, index: number): Promise<boolean> {
    const loaded = inventory.sources().find((item) => sourceKey(item) === sourceKey(source));
    if (loaded?.body === body && loaded.index === index) return true;
    try {
      await inventory.load(
        source,
        { asOf, body, index },
        own<AsyncIterable<InventoryRecord>>(log.body(body)),
      );
      return true;
    } catch (error) {
      if (error instanceof EvidenceError && error.code === 'corrupt') verifyFailures += 1;
      else if (!(error instanceof InventoryError)) throw error;
      logger.error(
        { event: 'load_failed', source: sourceKey(source), detail: error.message },
        'a sealed snapshot could not be loaded',
      );
      await drop(source);
      refused.set(sourceKey(source), error.message);
      return false;
    }
  }

  return {
    sync,
    verifyFailures: () => verifyFailures,
    refusal: (collector, dataset, scope) => refused.get(sourceKey({ collector, dataset, scope })),
    snapshot: (collector, dataset, scope) => held.get(sourceKey({ collector, dataset, scope })),
    async previous(collector, dataset, scope) {
      const snapshot = held.get(sourceKey({ collector, dataset, scope }));
      if (snapshot === undefined || snapshot.asOf === null) return undefined;
      return {
        asOf: snapshot.asOf,
        records: own<AsyncIterable<InventoryRecord>>(log.body(snapshot.body)),
      };
    },
    async keep(sources, scope) {
      const expected = new Set(sources.map(sourceKey));
      for (const source of inventory.sources()) if (!expected.has(sourceKey(source))) await drop(source);
      const owners = JSON.stringify(ownersOf(scope));
      if (owners !== declared) await inventory.declareOwners(ownersOf(scope));
      declared = owners;
    },
    async recall() {
      const sources = await state.selectFrom('source').selectAll().execute();
      const failures = new Map<string, FailureCause | undefined>();
      const runs = await state
        .selectFrom('run')
        .selectAll()
        .where('entry', 'in', (e) =>
          e
            .selectFrom('run')
            .select((r) => r.fn.max('entry').as('entry'))
            .groupBy('collector'),
        )
        .execute();
      for (const run of runs) {
        for (const { dataset, scope, reason, detail } of ownJson<RunItem['datasets']>(run.datasets_json)) {
          const failure =
            reason === null ? undefined : { code: own<FailureCause['code']>(reason), detail: detail ?? '' };
          failures.set(sourceKey({ collector: run.collector, dataset, scope }), failure);
        }
      }
      return sources.map(({ collector, dataset, scope }) => ({
        collector,
        dataset,
        scope,
        failure: failures.get(sourceKey({ collector, dataset, scope })),
      }));
    },
  };
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}
