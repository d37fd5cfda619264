import { EvidenceError } from '../../src/evidence/error.ts';
import type { Ground } from '../../src/evidence/log.ts';
import type { LogState } from '../../src/evidence/state.ts';
import type { ObjectStore } from '../../src/evidence/store.ts';

/**
 * - `before`: one operation fails and has done nothing
 * - `after`: one operation fails although it has done its work
 * - `dead`: from one operation on all fail, until `heal`
 */
export type FaultMode = 'before' | 'after' | 'dead';

export interface Faults {
  /** Operations so far. */
  readonly count: number;
  heal(): void;
}

/** The ground with a fault at its k-th operation (from 1) on the store or the state. */
export function withFaults(
  ground: Ground,
  at: number,
  mode: FaultMode,
): Ground & { readonly faults: Faults } {
  let count = 0;
  let healed = false;
  const fails = () => !healed && (mode === 'dead' ? count >= at : count === at);
  const fault = (name: string) => new EvidenceError('io', `fault at operation ${count} (${name})`);

  function sync<A extends unknown[], R>(name: string, work: (...args: A) => R): (...args: A) => R {
    return (...args) => {
      count += 1;
      const failing = fails();
      if (failing && mode !== 'after') throw fault(name);
      const result = work(...args);
      if (failing) throw fault(name);
      return result;
    };
  }

  function async<A extends unknown[], R>(
    name: string,
    work: (...args: A) => Promise<R>,
  ): (...args: A) => Promise<R> {
    return async (...args) => {
      count += 1;
      const failing = fails();
      if (failing && mode !== 'after') throw fault(name);
      const result = await work(...args);
      if (failing) throw fault(name);
      return result;
    };
  }

  const { store, state } = ground;
  return {
    ...ground,
    store: {
      get: async('get', (...args: Parameters<ObjectStore['get']>) => store.get(...args)),
      has: async('has', (...args: Parameters<ObjectStore['has']>) => store.has(...args)),
      stream: async('stream', (...args: Parameters<ObjectStore['stream']>) => store.stream(...args)),
      create: async('create', (...args: Parameters<ObjectStore['create']>) => store.create(...args)),
      createFromFile: async('createFromFile', (...args: Parameters<ObjectStore['createFromFile']>) =>
        store.createFromFile(...args),
      ),
      replace: async('replace', (...args: Parameters<ObjectStore['replace']>) => store.replace(...args)),
      list: async('list', (...args: Parameters<ObjectStore['list']>) => store.list(...args)),
      delete: async('delete', (key: string) => store.delete(key)),
    },
    state: {
      highWater: sync('highWater', (...args: Parameters<LogState['highWater']>) => state.highWater(...args)),
      commit: sync('commit', (...args: Parameters<LogState['commit']>) => state.commit(...args)),
      indexed: sync('indexed', (...args: Parameters<LogState['indexed']>) => state.indexed(...args)),
      clearIndex: sync('clearIndex', (...args: Parameters<LogState['clearIndex']>) =>
        state.clearIndex(...args),
      ),
      find: sync('find', (...args: Parameters<LogState['find']>) => state.find(...args)),
      nextSeq: sync('nextSeq', (...args: Parameters<LogState['nextSeq']>) => state.nextSeq(...args)),
      positions: sync('positions', (...args: Parameters<LogState['positions']>) => state.positions(...args)),
      lastSealedAt: sync('lastSealedAt', (...args: Parameters<LogState['lastSealedAt']>) =>
        state.lastSealedAt(...args),
      ),
      [Symbol.dispose]: () => state[Symbol.dispose](),
    },
    faults: {
      get count() {
        return count;
      },
      heal: () => void (healed = true),
    },
  };
}
