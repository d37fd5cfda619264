import { makeWorld } from '../../engine/world.ts';
import { see, type Seen } from '../seen.ts';

/** A source as one collector of a world has it, on the loopback or in files. */
export interface Part extends AsyncDisposable {
  readonly plugin: string;
  /** Absent: every dataset that the settings allow. */
  readonly only?: readonly string[];
  /** What is set of datasets, such as how old they may be. */
  readonly datasets?: object;
  readonly settings: object;
  readonly env?: Readonly<Record<string, string>>;
  /** Beside the manifests. */
  readonly files?: Readonly<Record<string, string>>;
}

/** What is made to fail, and how, in the words of the source's stub. */
export type Faults = Readonly<Record<string, string>>;

export interface Source {
  readonly name: string;
  /** Each operation or file that may fail, and the datasets that depend on it. */
  readonly operations: ReadonlyMap<string, readonly string[]>;
  /** Ways to fail that could be taken for an answer. */
  readonly kinds: readonly string[];
  /** How many fail together at most, each in every way in turn; absent: as many as share no dataset, each in one way. */
  readonly side?: number;
  /** A rate limit that lasts, in the vendor's own form. */
  readonly limit?: Faults;
  /** A connection that is cut while a list is on its way. */
  readonly cut: Faults;
  /** Unix seconds; absent: the time of the day. */
  readonly now?: number;
  /** Opens the source, healthy but for the faults. */
  open(faults: Faults): Promise<Part>;
  /** What checks join, without a fault. */
  readonly beside: readonly (() => Promise<Part>)[];
  /** Checks that read nothing but what is collected here, and don't pass: why, beside each. */
  readonly others: Readonly<Record<string, string>>;
}

const manifestOf = ({ plugin, only, datasets, settings }: Part): string =>
  JSON.stringify({
    apiVersion: 'annexa.dev/v1alpha1',
    kind: 'Collector',
    metadata: { name: plugin },
    spec: { plugin, only, datasets, settings },
  });

/** What the whole agent makes of the source and of what is beside it, in one pass; `later`: seconds after its time. */
export async function seeSource(source: Source, faults: Faults = {}, later = 0): Promise<Seen> {
  await using opened = new AsyncDisposableStack();
  const parts = await Promise.all([source.open(faults), ...source.beside.map((open) => open())]);
  for (const part of parts) opened.use(part);
  const manifests = parts.map((part) => [`${part.plugin}.yaml`, manifestOf(part)] as const);
  await using world = await makeWorld({
    manifests: Object.fromEntries([
      ...manifests,
      ...parts.flatMap(({ files = {} }) => Object.entries(files)),
    ]),
    builtin: true,
    env: Object.fromEntries(parts.flatMap(({ env = {} }) => Object.entries(env))),
  });
  world.now = (source.now ?? Math.floor(Date.now() / 1000)) + later;
  return await see(world);
}

export function dependentsOf(
  datasets: readonly { readonly name: string; readonly operations: readonly string[] }[],
  isCalled: (operation: string) => boolean = () => true,
): Source['operations'] {
  const operations = new Set(datasets.flatMap((dataset) => dataset.operations).filter(isCalled));
  return new Map(
    [...operations].map((operation) => [
      operation,
      datasets.flatMap(({ name, operations: all }) => (all.includes(operation) ? [name] : [])),
    ]),
  );
}

export const DAY = 86_400;

export const dayOf = (instant: number): string => new Date(instant * 1000).toISOString().slice(0, 10);

export const nothing = async (): Promise<void> => {};

/** By operation, the fault of the stub that each name stands for. */
export function faultsOf<Kind extends string>(
  known: readonly Kind[],
  faults: Faults,
): Readonly<Record<string, { readonly kind: Kind }>> {
  const entries = Object.entries(faults).map(([operation, name]) => {
    const kind = known.find((one) => one === name);
    if (kind === undefined) throw new Error(`no fault ${name}`);
    return [operation, { kind }] as const;
  });
  return Object.fromEntries(entries);
}
