import type { Transaction } from 'kysely';
import { z } from 'zod';
import type { Check } from '../../controls/check.ts';
import type { ScopeVerdict, Counts, Verdict } from '../../controls/contract.ts';
import { deviationId, type OpenDeviation, transition } from '../../controls/deviations.ts';
import { acceptedBy, type SealedException } from '../../controls/exception.ts';
import { assess } from '../../controls/status.ts';
import type { Sealed } from '../../evidence/contract.ts';
import type { EvidenceReader } from '../../evidence/view.ts';
import type { StateTables } from './database.ts';
import { ownJson } from '../own.ts';
import { verdictRecords } from './verdict-records.ts';
import { type Judged, judged } from './documents.ts';
import { leavePopulations, type Moment, movePopulation } from './populations.ts';
import { sourceKey } from '../../inventory/kind.ts';
import { subject } from './subject.ts';
import { timePassed, toldAt } from './timeline.ts';

type Work = Transaction<StateTables>;

const inputLine = z.object({
  collector: z.string(),
  dataset: z.string(),
  scope: z.string(),
  state: z.enum(['fresh', 'stale', 'missing']),
  detail: z.string(),
  asOf: z.int().nullable(),
});

const verdictLine = z.object({
  id: z.string(),
  text: z.string(),
  outcome: z.enum(['pass', 'fail', 'unknown', 'not_applicable']),
  why: z.string(),
  counts: z.custom<Counts>(),
  scopes: z.custom<readonly ScopeVerdict[]>(),
  body: z.string().nullable(),
  population: z.enum(['whole', 'partial']).optional(),
});

/** Takes an assessment's verdicts over, opens and closes deviations, and works out every control's status at its moment. */
export async function assessmentApplied(work: Work, log: EvidenceReader, entry: Sealed): Promise<void> {
  const now = z.int().parse(entry.fields['now']);
  await replaceSources(work, log, entry);
  const { checks, soa, exceptions, attestations, sealed } = await judged(work);
  const moment = { entry: entry.index, at: await toldAt(work, now) };
  await leavePopulations(work, checks, moment);
  const verdicts: Verdict[] = [];
  for await (const raw of log.body(subject(entry, 'verdicts')))
    verdicts.push(await replaceVerdict(work, log, verdictLine.parse(raw), { ...moment, now, checks }));
  await moveDeviations(work, entry.index, verdicts, [...checks.values()], now);
  const open = await openDeviations(work);
  await acceptDeviations(work, open, exceptions, now);
  const statuses = assess({
    checks: [...checks.values()],
    verdicts: await allVerdicts(work),
    open,
    exceptions,
    attestations,
    sealed,
    soa,
    now,
  });
  await timePassed(work, entry.index, statuses, now);
  const before = new Map(
    (await work.selectFrom('control').selectAll().execute()).map((row) => [row.id, row]),
  );
  await work.deleteFrom('control').execute();
  for (const [ordinal, { control, status, why, aspects }] of statuses.entries()) {
    const last = before.get(control.id);
    await work
      .insertInto('control')
      .values({
        id: control.id,
        ordinal,
        status,
        why,
        aspects_json: JSON.stringify(aspects),
        assessed_at: now,
        since_at: last?.status === status ? last.since_at : now,
        known_at: status === 'unknown' ? (last?.known_at ?? null) : now,
      })
      .execute();
  }
}

async function replaceSources(work: Work, log: EvidenceReader, entry: Sealed): Promise<void> {
  await work.deleteFrom('source').execute();
  const present = new Set<string>();
  const lines = await log.lines(subject(entry, 'inputs'), entry.index);
  let whole = lines !== undefined;
  for await (const line of lines ?? []) {
    if (!('record' in line)) {
      whole = false;
      continue;
    }
    const { asOf, ...source } = inputLine.parse(line.record);
    present.add(sourceKey(source));
    await work
      .insertInto('source')
      .values({ ...source, as_of: asOf })
      .execute();
  }
  // A scope that is no longer among the sources has left the inventory; of sources that were erased nothing is known.
  if (!whole) return;
  const rows = await work.selectFrom('snapshot').select(['collector', 'dataset', 'scope']).execute();
  for (const row of rows.filter((item) => !present.has(sourceKey(item)))) {
    await work
      .deleteFrom('snapshot')
      .where('collector', '=', row.collector)
      .where('dataset', '=', row.dataset)
      .where('scope', '=', row.scope)
      .execute();
  }
}

/** A verdict on the same text with the same population as the one before moves nothing: its records are not read again. */
async function replaceVerdict(
  work: Work,
  log: EvidenceReader,
  { id, text, body, population, ...line }: z.infer<typeof verdictLine>,
  { entry, at, now, checks }: Moment & { readonly now: number; readonly checks: Judged['checks'] },
): Promise<Verdict> {
  const before = await work
    .selectFrom('verdict')
    .select(['text', 'body', 'population'])
    .where('check_name', '=', id)
    .executeTakeFirst();
  const same = before?.text === text && before.body === body && before.population === population;
  const named = same ? { records: [], erased: 0 } : await verdictRecords(log, body, entry);
  await work
    .replaceInto('verdict')
    .values({
      check_name: id,
      text,
      outcome: line.outcome,
      why: line.why,
      counts_json: JSON.stringify(line.counts),
      scopes_json: JSON.stringify(line.scopes),
      body,
      // What was erased may be sealed again.
      population: named.erased === 0 ? (population ?? null) : null,
      assessed_at: now,
      entry,
    })
    .execute();
  if (!same && checks.get(id)?.spec.nature === 'event')
    await movePopulation(work, id, { population, ...named }, { entry, at });
  // Those that pass open and close nothing, and may be many.
  return { ...line, check: id, records: named.records.filter(({ outcome }) => outcome !== 'pass') };
}

/** Without their records: those that fail are the open deviations. */
async function allVerdicts(work: Work): Promise<Map<string, Verdict>> {
  const rows = await work.selectFrom('verdict').selectAll().execute();
  return new Map(
    rows.map((row) => [
      row.check_name,
      {
        check: row.check_name,
        outcome: row.outcome,
        why: row.why,
        counts: ownJson<Counts>(row.counts_json),
        scopes: ownJson<readonly ScopeVerdict[]>(row.scopes_json),
        records: [],
      },
    ]),
  );
}

async function openDeviations(work: Work): Promise<OpenDeviation[]> {
  const rows = await work
    .selectFrom('deviation')
    .selectAll()
    .where('closed_at', 'is', null)
    .orderBy('ordinal')
    .execute();
  return rows.map((row) => ({
    check: row.check_name,
    kind: row.kind,
    record: row.record,
    source: row.source,
    reason: row.reason,
    firstSeenAt: row.first_seen_at,
    dueAt: row.due_at,
  }));
}

async function moveDeviations(
  work: Work,
  index: number,
  verdicts: readonly Verdict[],
  checks: readonly Check[],
  now: number,
): Promise<void> {
  const { opened, closed } = transition({ open: await openDeviations(work), verdicts, checks, now });
  for (const { deviation, closedAt, closedBy } of closed) {
    await work
      .updateTable('deviation')
      .set({ closed_at: closedAt, closed_by: closedBy, exception: null })
      .where('check_name', '=', deviation.check)
      .where('record', '=', deviation.record)
      .where('closed_at', 'is', null)
      .execute();
  }
  const severities = new Map(checks.map((check) => [check.metadata.name, check.spec.severity]));
  for (const deviation of opened) {
    await work
      .insertInto('deviation')
      .values({
        id: deviationId(deviation.check, deviation.record, index),
        check_name: deviation.check,
        kind: deviation.kind,
        record: deviation.record,
        source: deviation.source,
        reason: deviation.reason,
        severity: severities.get(deviation.check) ?? 'medium',
        first_seen_at: deviation.firstSeenAt,
        due_at: deviation.dueAt,
        exception: null,
        closed_at: null,
        closed_by: null,
      })
      .execute();
  }
}

/** Notes which exception accepts each open deviation now. */
async function acceptDeviations(
  work: Work,
  open: readonly OpenDeviation[],
  exceptions: readonly SealedException[],
  now: number,
): Promise<void> {
  await work
    .updateTable('deviation')
    .set({ exception: null })
    .where('closed_at', 'is', null)
    .where('exception', 'is not', null)
    .execute();
  for (const { check, record } of open) {
    const exception = acceptedBy(exceptions, { check, record }, now);
    if (exception === undefined) continue;
    await work
      .updateTable('deviation')
      .set({ exception: exception.metadata.name })
      .where('check_name', '=', check)
      .where('record', '=', record)
      .where('closed_at', 'is', null)
      .execute();
  }
}
