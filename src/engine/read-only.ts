import path from 'node:path';
import type { StoreReader } from '../evidence/reader.ts';
import { EngineError } from './error.ts';
import { stateAnswers } from './state/answers.ts';
import { emptyState } from './state/database.ts';
import { readMetrics } from './state/metrics.ts';
import { catchUp } from './state/project.ts';
import type { AgentView } from './view.ts';

export interface ReadOnlyOptions {
  readonly reader: StoreReader;
  /** An empty one, for the state: it grows with the log. The caller removes it. */
  readonly directory: string;
  readonly build: AgentView['build'];
  readonly progress?: (done: number, total: number) => void;
}

export interface ReadOnly extends AsyncDisposable {
  readonly view: AgentView;
}

/**
 * What an agent answers whose log ends at the reader's checkpoint: projected from the entries, each verified, without the writer's lock.
 * Nothing is collected, judged or sealed. Rejects with `corrupt` for entries that don't follow from the checkpoint.
 */
export async function openReadOnly(options: ReadOnlyOptions): Promise<ReadOnly> {
  const { reader, directory, build, progress } = options;
  const state = await emptyState(path.join(directory, 'state.db'));
  try {
    await catchUp(state, { ...reader, entries: (from, to) => watched(reader, progress, from, to) });
  } catch (error) {
    await state.destroy();
    throw error;
  }
  const log = { checkpoint: () => reader.checkpoint(), keys: () => reader.identity.keys.list() };
  const view: AgentView = {
    ...stateAnswers(state, reader),
    metrics: async () => ({
      ...(await readMetrics(state, log)),
      verifyFailures: 0,
      timestamps: { lastTokenAt: null, failures: {} },
      witnesses: [],
      datasets: [],
    }),
    build,
    // Nothing is collected here.
    collect: () => Promise.resolve(undefined),
    attest: () => Promise.reject(new EngineError('store', 'nothing can be stored here')),
    withdraw: () => Promise.reject(new EngineError('store', 'nothing can be stored here')),
    readiness: () => ({ ready: true, reasons: [], conditions: [] }),
  };
  return { view, [Symbol.asyncDispose]: () => state.destroy() };
}

async function* watched(
  reader: StoreReader,
  progress: ReadOnlyOptions['progress'],
  from?: number,
  to?: number,
): ReturnType<StoreReader['entries']> {
  for await (const entry of reader.entries(from, to)) {
    yield entry;
    progress?.(entry.index + 1, reader.checkpoint().size);
  }
}
