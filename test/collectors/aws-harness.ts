import type { CollectorContext, Provenance } from '../../src/collectors/contract.ts';
import { aws, type AwsConfig } from '../../src/collectors/aws/index.ts';
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
    name: 'aws',
    logger: { debug() {}, info() {}, warn() {} },
    now,
    provenance: () => provenance,
    secret: async (ref) => ('env' in ref ? (secrets[ref.env] ?? 'secret') : 'secret'),
    previous: async () => undefined,
    directory: '/',
  };
  return { context, told };
}

export const credentials = { accessKeyId: { env: 'KEY' }, secretAccessKey: { env: 'SECRET' } };

export interface Outcome {
  readonly records: readonly InventoryRecord[];
  readonly told: Told;
}

/** Collects a dataset at `endpoint`, in the account unless another scope is named; every record must have its kind's schema, and an id of its own. Rejects as the collector does. */
export async function collectAws(
  endpoint: string,
  account: string,
  dataset: string,
  options: {
    readonly now?: () => number;
    readonly settings?: Partial<Record<keyof AwsConfig, unknown>>;
    readonly signal?: AbortSignal;
    /** Such as `123456789012:eu-west-1`. */
    readonly scope?: string;
  } = {},
): Promise<Outcome> {
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const { context, told } = contextOf(now);
  const config = aws.config.parse({
    endpoint,
    credentials,
    accounts: [{ id: account }],
    reportPoll: 0.01,
    maxAttempts: 2,
    ...options.settings,
  });
  await using collector = aws.connect(config, context);
  const records: InventoryRecord[] = [];
  const signal = options.signal ?? new AbortController().signal;
  for await (const record of collector.collect(dataset, { id: options.scope ?? account }, signal)) {
    const kind = kinds.get(record.kind);
    if (kind === undefined) throw new Error(`no kind ${record.kind}`);
    kind.schema.parse(record);
    records.push(record);
  }
  const ids = new Set<string>();
  for (const { id } of records) {
    if (ids.has(id)) throw new Error(`two records are ${id}`);
    ids.add(id);
  }
  return { records, told };
}
