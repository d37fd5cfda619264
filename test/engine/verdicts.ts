import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { dataPaths } from '../../src/engine/stores.ts';
import { makeWorld, type WorldOptions } from './world.ts';

export interface Verdict {
  readonly outcome: string;
  readonly why: string;
  /** What `label` makes of the records, sorted. */
  readonly failing: readonly string[];
  readonly unknown: readonly string[];
}

const line = z.looseObject({ id: z.string(), kind: z.string() });
/** A sealed record, as far as labels need it. */
export type Line = z.infer<typeof line>;

/**
 * Collects everything that the manifests name with the whole agent, at the time of the day, and tells what the checks find, by name. A record
 * is called what `label` makes of it: its id, unless given.
 */
export async function verdictsOf(
  options: Omit<WorldOptions, 'builtin'> & { readonly now?: number },
  checks: readonly string[],
  label: (record: Line) => string = ({ id }) => id,
): Promise<Readonly<Record<string, Verdict>>> {
  await using world = await makeWorld({ ...options, builtin: true });
  world.now = options.now ?? Math.floor(Date.now() / 1000);
  await using opened = await world.open();
  const { agent, stores } = opened;
  await agent.open();
  await agent.collectOnce();
  const labels = new Map<string, string>();
  for (const body of bodiesOf(dataPaths(join(world.directory, 'data')).inventory))
    for await (const record of stores.log.body(body)) {
      const parsed = line.parse(record);
      labels.set(parsed.id, label(parsed));
    }
  const found = await Promise.all(
    checks.map(async (name): Promise<readonly [string, Verdict]> => {
      const check = await agent.view.check(name);
      if (check === undefined) throw new Error(`no check ${name}`);
      const of = (outcome: string) =>
        check.records
          .filter((record) => record.outcome === outcome)
          .map(({ id }) => labels.get(id) ?? id)
          .sort();
      return [name, { outcome: check.outcome, why: check.why, failing: of('fail'), unknown: of('unknown') }];
    }),
  );
  return Object.fromEntries(found);
}

/** Digests of the snapshots that the inventory holds. */
function bodiesOf(inventory: string): readonly string[] {
  using database = new DatabaseSync(inventory, { readOnly: true });
  return database
    .prepare('SELECT body FROM _source')
    .all()
    .map(({ body }) => z.string().parse(body));
}
