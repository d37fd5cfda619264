import type { Collector, Provenance } from '../../../src/collectors/contract.ts';
import { aws } from '../../../src/collectors/aws/index.ts';
import type { InventoryRecord } from '../../../src/inventory/kind.ts';

/** What one collection told of itself. */
export interface Told {
  caller: string | undefined;
  asOf: number | undefined;
  readonly operations: string[];
  throttled: number;
}

export interface Collected {
  readonly records: readonly InventoryRecord[];
  readonly told: Told;
}

/** A collector that stays connected, as the engine's do, with a clock that can be set. */
export interface Connected extends AsyncDisposable {
  readonly source: Collector;
  /** Unix seconds. */
  now: number;
  /** The values of named secrets. */
  readonly secrets: Map<string, string>;
  collect(dataset: string, scope: string, signal?: AbortSignal): Promise<Collected>;
  /** Ids of the scopes, with the datasets of each. */
  scopes(): Promise<Readonly<Record<string, readonly string[]>>>;
}

export const MAIN = '123456789012';
export const roleOf = (id: string) => ({ id, roleArn: `arn:aws:iam::${id}:role/annexa`, externalId: 'acme' });

export function connect(endpoint: string, settings: object = {}): Connected {
  const tellings = new Map<string, Told>();
  const secrets = new Map([
    ['KEY', 'AKIAOWN'],
    ['SECRET', 'secret'],
  ]);
  const source = aws.connect(
    aws.config.parse({
      endpoint,
      credentials: { accessKeyId: { env: 'KEY' }, secretAccessKey: { env: 'SECRET' } },
      accounts: [{ id: MAIN }],
      maxAttempts: 2,
      ...settings,
    }),
    {
      name: 'aws',
      logger: { debug() {}, info() {}, warn() {} },
      now: () => connected.now,
      provenance: (dataset, scope) => provenanceOf(tellings.get(`${dataset} ${scope}`)),
      secret: async (ref) => secrets.get('env' in ref ? ref.env : ref.file) ?? '',
      previous: async () => undefined,
      directory: '/',
    },
  );
  const connected: Connected = {
    source,
    now: Math.floor(Date.now() / 1000),
    secrets,
    async collect(dataset, scope, signal = new AbortController().signal) {
      const told: Told = { caller: undefined, asOf: undefined, operations: [], throttled: 0 };
      tellings.set(`${dataset} ${scope}`, told);
      const records: InventoryRecord[] = [];
      for await (const record of source.collect(dataset, { id: scope }, signal)) records.push(record);
      return { records, told };
    },
    async scopes() {
      const scopes = await source.scopes(new AbortController().signal);
      return Object.fromEntries(scopes.map(({ id, datasets = [] }) => [id, datasets]));
    },
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
  return connected;
}

function provenanceOf(told: Told | undefined): Provenance {
  return {
    setAsOf: (instant) => void (told && (told.asOf = instant)),
    setCaller: (caller) => void (told && (told.caller = caller)),
    setEndpoint() {},
    call: (operation, { throttled }) => {
      told?.operations.push(operation);
      if (told !== undefined && throttled) told.throttled++;
    },
    note() {},
  };
}
