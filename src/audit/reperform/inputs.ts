import { z } from 'zod';
import type { SourceState } from '../../controls/contract.ts';
import type { Sealed } from '../../evidence/contract.ts';
import { InventoryError } from '../../inventory/error.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { type InventoryRecord, sourceKey } from '../../inventory/kind.ts';
import { typed } from '../../inventory/typed.ts';
import type { Evidence } from '../contract.ts';
import { AuditError } from '../error.ts';
import { records, recordsOf, type SealedConfiguration } from './configuration.ts';

/** Seconds that a source's clock may run ahead of the agent's. */
const CLOCK_TOLERANCE = 300;

const input = z.object({
  collector: z.string(),
  dataset: z.string(),
  scope: z.string(),
  kinds: z.array(z.string()),
  state: z.enum(['fresh', 'stale', 'missing']),
  asOf: z.int().nullable(),
  body: z.string().nullable(),
  index: z.int().nullable(),
  detail: z.string(),
});

/** The sources that an assessment rested on, as it says. */
export async function readInputs(evidence: Evidence, entry: Sealed): Promise<SourceState[]> {
  const sources: SourceState[] = [];
  for await (const record of records(evidence, entry, 'inputs')) sources.push(input.parse(record));
  return sources;
}

/** What is wrong with an input, as told by the snapshot that it names and by the sealed configuration. Undefined: nothing. */
export function doubt(
  source: SourceState,
  snapshot: Sealed | undefined,
  now: number,
  { datasets }: Pick<SealedConfiguration, 'datasets'>,
): string | undefined {
  if (source.body === null || source.asOf === null || source.index === null) {
    return source.state === 'missing' ? undefined : `it is called ${source.state}, and has no snapshot`;
  }
  if (snapshot === undefined) return `entry ${source.index} is not among the evidence`;
  const named = {
    collector: snapshot.fields['collector'],
    dataset: snapshot.fields['dataset'],
    scope: snapshot.fields['scope'],
  };
  const same =
    named.collector === source.collector && named.dataset === source.dataset && named.scope === source.scope;
  if (snapshot.predicate !== 'snapshot' || !same) return `entry ${source.index} is no snapshot of it`;
  if (!snapshot.subjects.some(({ sha256 }) => sha256 === source.body))
    return `entry ${source.index} sealed another body`;
  if (snapshot.fields['asOf'] !== source.asOf)
    return `entry ${source.index} is as of ${JSON.stringify(snapshot.fields['asOf'])}`;
  const limit = datasets?.get(`${source.collector}/${source.dataset}`)?.freshness;
  const fresh = now - source.asOf <= (limit ?? Infinity) && source.asOf <= now + CLOCK_TOLERANCE;
  return source.state === 'fresh' && !fresh
    ? `it is called fresh, ${now - source.asOf} s after its as-of time: at most ${limit ?? CLOCK_TOLERANCE} s`
    : undefined;
}

/** Configured datasets that an assessment doesn't say it rested on, or of which it names other kinds: it judged as if they were not there. */
export function passedOver(
  sources: readonly SourceState[],
  { datasets }: Pick<SealedConfiguration, 'datasets'>,
): readonly string[] {
  return [...(datasets ?? [])]
    .filter(([id, { kinds }]) => {
      const named = sources.filter(({ collector, dataset }) => `${collector}/${dataset}` === id);
      return named.length === 0 || named.some((source) => kinds.some((kind) => !source.kinds.includes(kind)));
    })
    .map(([id]) => id);
}

/** Makes the inventory hold exactly what an assessment rested on. Gives, by source, why what is missing could not be loaded. */
export async function loadInputs(
  evidence: Evidence,
  inventory: Inventory,
  sources: readonly SourceState[],
): Promise<ReadonlyMap<string, string>> {
  const failed = new Map<string, string>();
  const wanted = new Map(
    sources.filter(({ body }) => body !== null).map((source) => [sourceKey(source), source]),
  );
  const held = new Map(inventory.sources().map((source) => [sourceKey(source), source]));
  for (const [key, source] of held) if (wanted.get(key)?.body !== source.body) await inventory.remove(source);
  for (const [key, { body, asOf, index, ...source }] of wanted) {
    if (body === null || held.get(key)?.body === body) continue;
    try {
      // Each record is judged by its kind's schema when it is loaded.
      const lines = typed<AsyncIterable<InventoryRecord>>(
        recordsOf(evidence, body, `the snapshot of ${key}`),
      );
      await inventory.load(source, { asOf: asOf ?? 0, body, index: index ?? 0 }, lines);
    } catch (error) {
      if (!(error instanceof AuditError || error instanceof InventoryError)) throw error;
      failed.set(key, error.message);
    }
  }
  return failed;
}
