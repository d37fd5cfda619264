import { withdrawBundles } from '../audit/jobs/folder.ts';
import { dataPaths, openEvidence, rebuildState } from '../engine/stores.ts';
import type { ErasureRequest } from '../evidence/contract.ts';
import { findRecords, type Found, type Holder, usesOf } from '../evidence/find-records.ts';
import type { StoreReader } from '../evidence/reader.ts';
import { configOption, jsonOption, list, parse } from './arguments.ts';
import { build } from './build-info.ts';
import { type Command, type Io, UsageError } from './command.ts';
import { configuredStore } from './configured-store.ts';
import { jsonLine, printable, table, when } from './output.ts';
import { progressTo } from './progress.ts';
import { configDirectory, createLogger, now, readConfig } from './setup.ts';

const options = {
  ...configOption,
  ...jsonOption,
  record: { type: 'string', multiple: true },
  body: { type: 'string', multiple: true },
  by: { type: 'string' },
  reason: { type: 'string' },
  'legal-basis': { type: 'string' },
  'dry-run': { type: 'boolean' },
} as const;

/** Ids told of records that name an erased one. */
const MENTIONS = 20;

interface Asked extends Omit<ErasureRequest, 'bodies'> {
  readonly records: readonly string[];
  readonly bodies: readonly string[];
}

export const erase: Command = {
  name: 'erase',
  usage:
    '(--record ID | --body SHA256) [--record ...] [--body ...] --by WHO --reason TEXT --legal-basis TEXT [--dry-run] [--config DIR] [--json]',
  summary:
    'erase records, or whole bodies, from the evidence for good, by a sealed statement; the agent must not be running (but for --dry-run)',
  async run(args, io) {
    const { values } = parse(args, options, { atLeast: 0, atMost: 0 });
    const asked = askedFor(values);
    const json = values['json'] === true;
    const config = await readConfig(configDirectory(values['config'], io), io);
    const opening = {
      config,
      logger: createLogger(config, io).child({}, { level: 'warn' }),
      now,
      env: io.env,
      build,
      notice: io.err,
    };
    const reader = await configuredStore(config);
    if (values['dry-run'] === true) {
      const plan = await search(reader, asked, io);
      tellPlan(plan, asked, json, io);
      return plan.holders.length > 0 ? 0 : 1;
    }
    const erased = await (async () => {
      await using log = await openEvidence(opening);
      const plan = await search(await configuredStore(config), asked, io);
      tellPlan(plan, asked, json, io);
      if (plan.holders.length === 0) return undefined;
      const progress = progressTo(io, 'erasing from bodies');
      const { by, reason, legalBasis } = asked;
      const bodies = plan.holders.map(({ sha256, records }) => ({
        sha256,
        records: asked.bodies.includes(sha256) ? ('all' as const) : records,
      }));
      const sealed = await log.erase({ by, reason, legalBasis, bodies }, (done, of) => progress.at(done, of));
      progress.end();
      return { sealed, undeleted: await log.finishErasures() };
    })();
    if (erased === undefined) return 1;
    // What state and inventory were made of is partly gone.
    const entries = await rebuildState(opening);
    const { index, leafHash } = erased.sealed;
    await withdrawBundles(dataPaths(config.agent.data).bundles, index);
    if (json) io.out(jsonLine({ entry: index, leafHash, undeleted: erased.undeleted }));
    else {
      io.out(
        `erased by entry ${index}, leaf ${leafHash}; state and inventory made anew from ${entries} entries`,
      );
      for (const { sha256, why } of erased.undeleted)
        io.out(printable(`body ${sha256} is still there, and deleted at a later start or erasure: ${why}`));
    }
    return 0;
  },
};

function askedFor(values: ReturnType<typeof parse>['values']): Asked {
  const text = (name: string): string => {
    const value = values[name];
    if (typeof value === 'string' && value.trim() !== '') return value;
    throw new UsageError(
      `--${name} is missing: who asked for it, why, and on which legal basis is kept for ever`,
    );
  };
  const records = [...new Set(list(values['record']))];
  const bodies = [...new Set(list(values['body']))];
  if (records.length + bodies.length === 0) throw new UsageError('what? give --record ID or --body SHA256');
  for (const body of bodies)
    if (!/^[0-9a-f]{64}$/.test(body))
      throw new UsageError(`--body ${printable(body)}: expected a SHA-256 of 64 lower-case hex digits`);
  if (records.includes('')) throw new UsageError('--record: expected the id of a record');
  const asked = { by: text('by'), reason: text('reason'), legalBasis: text('legal-basis'), records, bodies };
  for (const [option, said] of Object.entries({
    by: asked.by,
    reason: asked.reason,
    'legal-basis': asked.legalBasis,
  }))
    if (records.some((id) => said.includes(id)))
      throw new UsageError(
        `--${option} names the record to erase, and is kept for ever: say it in other words`,
      );
  return asked;
}

/** The bodies that hold a record, and those that were named. */
async function search(reader: StoreReader, { records, bodies }: Asked, io: Io): Promise<Found> {
  const progress = progressTo(io, 'searching bodies');
  const found = await findRecords(reader, records, (done, of) => progress.at(done, of));
  progress.end();
  const erasable = found.holders.filter(({ role }) => role !== 'kept');
  const uses = bodies.length === 0 ? [] : await usesOf(reader);
  const known = new Map(uses.map((use) => [use.sha256, use]));
  const named = bodies.map((sha256): Holder => {
    const use = known.get(sha256);
    if (use === undefined) throw new UsageError(`--body ${sha256}: no entry of the log refers to it`);
    if (use.role === 'kept')
      throw new UsageError(
        `--body ${sha256}: it may not be erased: what else is sealed can't be understood without it`,
      );
    return { ...use, records: [] };
  });
  return { ...found, holders: [...named, ...erasable.filter(({ sha256 }) => !bodies.includes(sha256))] };
}

function tellPlan({ holders, mentions, searched }: Found, { records }: Asked, json: boolean, io: Io): void {
  const mentioning = [...mentions.keys()].toSorted();
  if (json) {
    const bodies = holders.map(({ streams, ...holder }) => ({ ...holder, streams: [...streams].toSorted() }));
    io.out(jsonLine({ bodies, mentioning, searched }));
    return;
  }
  if (holders.length === 0) {
    io.out(
      `no body holds ${records.length === 1 ? 'such a record' : 'any of these records'}; ${searched} were looked through`,
    );
  } else {
    const rows = [
      ...Map.groupBy(holders, ({ role, streams }) => `${role} ${[...streams].toSorted().join(', ')}`),
    ];
    const columns = [
      { title: 'bodies', align: 'right' },
      { title: 'records', align: 'right' },
      { title: 'first sealed' },
      { title: 'last sealed' },
      { title: 'of' },
    ] as const;
    for (const line of table(
      columns,
      rows.map(([of, group]) => row(of, group)),
    ))
      io.out(line);
  }
  if (mentioning.length === 0) return;
  const more = mentioning.length > MENTIONS ? ` and ${mentioning.length - MENTIONS} more` : '';
  io.out(`${mentioning.length} other records or documents name it, and stay unless they are erased too:`);
  for (const id of mentioning.slice(0, MENTIONS)) io.out(printable(`  ${id}`));
  if (more !== '') io.out(` ${more}`);
}

function row(of: string, group: readonly Holder[]) {
  const whole = group.every(({ records }) => records.length === 0);
  return [
    group.length,
    whole ? 'all' : group.reduce((sum, { records }) => sum + records.length, 0),
    when(Math.min(...group.map(({ first }) => first))),
    when(Math.max(...group.map(({ last }) => last))),
    of,
  ];
}
