import type { Logger } from 'pino';
import type { CollectorContext } from '../collectors/contract.ts';
import type { ScopeSpec } from '../config/contract.ts';
import type { SourceState } from '../controls/contract.ts';
import type { EvidenceLog } from '../evidence/contract.ts';
import { EvidenceError } from '../evidence/error.ts';
import { declarationsOf } from '../inventory/declared.ts';
import { InventoryError } from '../inventory/error.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { type InventoryRecord, sourceKey, type SourceRef } from '../inventory/kind.ts';
import { own, ownJson } from './own.ts';
import { earlier, isErasure, lastRemaining } from './remaining.ts';
import type { FailureCause } from './retry-policy.ts';
import type { LastSnapshot } from './sources.ts';
import type { StateDatabase } from './state/database.ts';
import { catchUp } from './state/project.ts';
import type { RunItem } from './view.ts';

interface Snapshot extends LastSnapshot {
  readonly listed: number;
  /** Unix seconds. */
  readonly sealedAt: number;
}

/** State and inventory, as they follow from the log. */
export interface Projection {
  /** Brings state and inventory up to the log's end. */
  sync(): Promise<void>;
  /** How often, since the start, stored bytes were not what was sealed. */
  verifyFailures(): number;
  /** Why the sealed snapshot of a source could not be loaded; undefined when it is, or there is none. */
  refusal(collector: string, dataset: string, scope: string): string | undefined;
  /** The snapshot that the inventory holds of a source. */
  snapshot(collector: string, dataset: string, scope: string): Snapshot | undefined;
  /** The newest sealed snapshot of a source, whether the inventory holds it or not. */
  last(collector: string, dataset: string, scope: string): Snapshot | undefined;
  /** Its records, read back and verified. Of records that were erased nothing is known; of a wholly erased snapshot, the one before it stands in. */
  previous(collector: string, dataset: string, scope: string): ReturnType<CollectorContext['previous']>;
  /** Takes sources whose evidence doesn't count out of the inventory (those that left, or are outside the scope), and what is declared in. */
  keep(sources: readonly SourceState[], scope: ScopeSpec | undefined): Promise<void>;
  /** Sources as last assessed, with the failure that their last collection ended in. */
  recall(): Promise<readonly (SourceRef & { readonly failure: FailureCause | undefined })[]>;
}

/** Keeps state and inventory equal to the log; nothing is read before `sync`. */
export function project(
  log: EvidenceLog,
  state: StateDatabase,
  inventory: Inventory,
  logger: Logger,
): Projection {
  const held = new Map<string, Snapshot>();
  const newest = new Map<string, Snapshot>();
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
    for (const key of newest.keys()) if (!wanted.has(key)) newest.delete(key);
    for (const [key, { collector, dataset, scope, as_of, body, entry, listed, sealed_at }] of wanted) {
      const source = { collector, dataset, scope };
      if (as_of === null) continue;
      const snapshot = { asOf: as_of, body, index: entry, listed, sealedAt: sealed_at };
      newest.set(key, snapshot);
      if (!(await load(source, as_of, body, entry))) continue;
      refused.delete(key);
      held.set(key, snapshot);
    }
  }

  async function drop(source: SourceRef): Promise<void> {
    await inventory.remove(source);
    held.delete(sourceKey(source));
  }

  /** False when what was sealed is not what is stored, or the inventory refuses it: then the source has no evidence, and its checks are unknown. */
  async function load(source: SourceRef, asOf: number, body: string, index: number): Promise<boolean> {
    const loaded = inventory.sources().find((item) => sourceKey(item) === sourceKey(source));
    try {
      if (loaded?.body === body && loaded.index === index && !(await isErased(body, index))) return true;
      await inventory.load(
        source,
        { asOf, body, index },
        own<AsyncIterable<InventoryRecord>>(log.body(body, index)),
      );
      return true;
    } catch (error) {
      if (error instanceof EvidenceError && error.code === 'corrupt') verifyFailures += 1;
      else if (!(error instanceof InventoryError || isErasure(error))) throw error;
      const told = { source: sourceKey(source), detail: error.message };
      if (isErasure(error)) logger.info({ event: 'load_erased', ...told }, 'a sealed snapshot was erased');
      else logger.error({ event: 'load_failed', ...told }, 'a sealed snapshot could not be loaded');
      await drop(source);
      refused.set(sourceKey(source), error.message);
      return false;
    }
  }

  async function isErased(body: string, index: number): Promise<boolean> {
    const erased = (await log.erasures()).bodies.get(body);
    return erased !== undefined && erased.index > index;
  }

  return {
    sync,
    verifyFailures: () => verifyFailures,
    refusal: (collector, dataset, scope) => refused.get(sourceKey({ collector, dataset, scope })),
    snapshot: (collector, dataset, scope) => held.get(sourceKey({ collector, dataset, scope })),
    last: (collector, dataset, scope) => newest.get(sourceKey({ collector, dataset, scope })),
    async previous(collector, dataset, scope) {
      const key = sourceKey({ collector, dataset, scope });
      const snapshot = newest.get(key);
      if (snapshot === undefined) return undefined;
      if (held.has(key)) return earlier(log, snapshot);
      return (await isErased(snapshot.body, snapshot.index))
        ? lastRemaining(state, log, { collector, dataset, scope })
        : undefined;
    },
    async keep(sources, scope) {
      const expected = new Set(sources.filter(({ body }) => body !== null).map(sourceKey));
      for (const source of inventory.sources()) if (!expected.has(sourceKey(source))) await drop(source);
      const declarations = declarationsOf(scope);
      const text = JSON.stringify(declarations);
      if (text !== declared) await inventory.declare(declarations);
      declared = text;
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
