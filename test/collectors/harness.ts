import type { Collector, CollectorContext, Provenance, Scope } from '../../src/collectors/contract.ts';
import type { InventoryRecord } from '../../src/inventory/kind.ts';
import { kinds } from '../../src/inventory/kinds.ts';

export interface Told {
  asOf: number | undefined;
  caller: string | undefined;
  endpoint: { readonly url: string; readonly vendor: boolean } | undefined;
  readonly calls: {
    readonly operation: string;
    readonly throttled: boolean;
    readonly requestId: string | undefined;
  }[];
  readonly notes: Map<string, string | number>;
}

/** A context of a collector whose secrets are what `secrets` says, and what the collector told it. */
export function contextOf(
  now: () => number,
  secrets: Readonly<Record<string, string>> = {},
  options: Partial<Pick<CollectorContext, 'name' | 'directory' | 'previous'>> = {},
): { readonly context: CollectorContext; readonly told: Told } {
  const told: Told = { asOf: undefined, caller: undefined, endpoint: undefined, calls: [], notes: new Map() };
  const provenance: Provenance = {
    setAsOf: (instant) => void (told.asOf = instant),
    setCaller: (identity) => void (told.caller = identity),
    setEndpoint: (url, vendor) => void (told.endpoint = { url, vendor }),
    call: (operation, { throttled, requestId }) => void told.calls.push({ operation, throttled, requestId }),
    note: (name, value) => void told.notes.set(name, value),
  };
  const context: CollectorContext = {
    name: options.name ?? 'test',
    logger: { debug() {}, info() {}, warn() {} },
    now,
    provenance: () => provenance,
    secret: async (ref) => ('env' in ref ? (secrets[ref.env] ?? 'secret') : 'secret'),
    previous: options.previous ?? (async () => undefined),
    directory: options.directory ?? '/',
  };
  return { context, told };
}

export interface Outcome {
  readonly records: readonly InventoryRecord[];
  readonly told: Told;
}

/** Every record of the dataset in the scope, each of its kind's schema and with an id of its own. Rejects as the collector does. */
export async function recordsOf(
  collector: Collector,
  dataset: string,
  scope: Scope,
  signal: AbortSignal = new AbortController().signal,
): Promise<readonly InventoryRecord[]> {
  const records: InventoryRecord[] = [];
  for await (const record of collector.collect(dataset, scope, signal)) {
    const kind = kinds.get(record.kind);
    if (kind === undefined) throw new Error(`no kind ${record.kind}`);
    kind.schema.parse(record);
    records.push(record);
  }
  // Only now: a collection that rejects may have told something twice.
  const ids = new Set<string>();
  for (const { id } of records) {
    if (ids.has(id)) throw new Error(`two records are ${id}`);
    ids.add(id);
  }
  return records;
}
