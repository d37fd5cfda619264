import type { Provenance } from '../collectors/contract.ts';

interface OperationCount {
  readonly calls: number;
  readonly throttled: number;
}

/** What was seen of one collection of a dataset in a scope. */
export interface Seen {
  readonly asOf: number | undefined;
  readonly caller: string | undefined;
  readonly endpoint: { readonly url: string; readonly vendor: boolean } | undefined;
  readonly operations: Readonly<Record<string, OperationCount>>;
  readonly requests: readonly {
    readonly id: string;
    readonly operation: string;
    readonly requestId: string;
  }[];
  readonly notes: Readonly<Record<string, string | number>>;
  readonly apiCalls: number;
  readonly throttled: number;
}

export interface ProvenanceRecorder extends Provenance {
  seen(): Seen;
  /** Lets the requests go, once they are stored or nobody wants them: a run has many. */
  forgetRequests(): void;
}

export function recordProvenance(): ProvenanceRecorder {
  let asOf: number | undefined;
  let caller: string | undefined;
  let endpoint: Seen['endpoint'];
  let apiCalls = 0;
  let throttledCalls = 0;
  const operations = new Map<string, OperationCount>();
  const requests: { id: string; operation: string; requestId: string }[] = [];
  const notes = new Map<string, string | number>();
  return {
    setAsOf: (instant) => void (asOf = instant),
    setCaller: (identity) => void (caller = identity),
    setEndpoint: (url, vendor) => void (endpoint = { url, vendor }),
    note: (name, value) => void notes.set(name, value),
    call(operation, { throttled, requestId }) {
      apiCalls += 1;
      if (throttled) throttledCalls += 1;
      const before = operations.get(operation) ?? { calls: 0, throttled: 0 };
      operations.set(operation, {
        calls: before.calls + 1,
        throttled: before.throttled + (throttled ? 1 : 0),
      });
      if (requestId !== undefined)
        requests.push({ id: String(apiCalls).padStart(8, '0'), operation, requestId });
    },
    forgetRequests: () => void (requests.length = 0),
    seen: () => ({
      asOf,
      caller,
      endpoint,
      operations: Object.fromEntries([...operations].sort(([a], [b]) => (a < b ? -1 : 1))),
      requests: [...requests],
      notes: Object.fromEntries(notes),
      apiCalls,
      throttled: throttledCalls,
    }),
  };
}
