import { findControl } from '../../controls/catalogue.ts';
import type { Check } from '../../controls/check.ts';
import type { Counts, RecordVerdict, ScopeVerdict } from '../../controls/contract.ts';
import { isValid, validFrom } from '../../controls/exception.ts';
import { besideManifests } from '../../controls/sealed-attestation.ts';
import { SOA_SOURCE } from '../../controls/soa-records.ts';
import { soaEntry } from '../../controls/soa.ts';
import type { EvidenceReader } from '../../evidence/view.ts';
import { compareUtf8 } from '../../inventory/utf8.ts';
import type {
  AgentView,
  AspectItem,
  AttestationDetail,
  CheckFilter,
  CheckItem,
  ReportedRecord,
} from '../view.ts';
import type { StateDatabase } from './database.ts';
import { ownJson } from '../own.ts';
import { verdictRecords } from './verdict-records.ts';
import { givenAttestations, givenDetail, manifestDetail } from './attestation.ts';
import { controlItem, deviationItem, evidenceItem, type Row, runItem, soaItem } from './items.ts';
import { judged } from './documents.ts';
import { afterNumber, page, pageOf } from './page.ts';
import { periodItem } from './period.ts';

const NO_COUNTS: Counts = { table: 0, population: 0, filtered: 0, failing: 0, unknown: 0 };

/**
 * The API's answers, read from the state: all of it follows from the log, so that a rebuilt state gives the same bytes. What depends
 * on time is as of the last assessment, never of the moment of asking.
 */
export function stateAnswers(
  state: StateDatabase,
  log: Pick<EvidenceReader, 'checkpoint' | 'envelope' | 'lines'>,
): Omit<AgentView, 'readiness' | 'build' | 'metrics' | 'collect' | 'attest' | 'withdraw'> {
  const assessedAt = async (): Promise<number> => {
    const row = await state
      .selectFrom('control')
      .select((e) => e.fn.max('assessed_at').as('at'))
      .executeTakeFirst();
    return row?.at ?? 0;
  };

  return {
    async controls(query) {
      const { soa } = await judged(state);
      const rows = await state.selectFrom('control').selectAll().orderBy('ordinal').execute();
      const items = rows
        .map((row) => controlItem(row, soa))
        .filter((item) => query.status === undefined || item.status === query.status)
        .filter((item) => query.theme === undefined || item.theme === query.theme)
        .filter((item) => query.owner === undefined || item.owner === query.owner);
      return pageOf(items, query, (item) => item.id);
    },

    async control(id, period) {
      const row = await state.selectFrom('control').selectAll().where('id', '=', id).executeTakeFirst();
      if (row === undefined) return undefined;
      const { soa, checks: inForce } = await judged(state);
      const aspects = ownJson<AspectItem[]>(row.aspects_json);
      const description = findControl(id)?.description ?? '';
      const checks = period === undefined ? [] : [...((await checksLike(state, { control: id })) ?? [])];
      const events = checks
        .filter((name) => inForce.get(name)?.spec.nature === 'event')
        .toSorted((one, other) => compareUtf8(one, other));
      const over =
        period === undefined ? null : await periodItem(state, { id, aspects, checks, events }, period);
      return { ...controlItem(row, soa), description, aspects, period: over };
    },

    async checks(query) {
      const names = await checksLike(state, query);
      const items = (await allChecks(state))
        .map(({ item }) => item)
        .filter((item) => query.outcome === undefined || item.outcome === query.outcome)
        .filter(({ name }) => names === undefined || names.has(name))
        .filter(
          ({ scopes }) =>
            query.collector === undefined || scopes.some(({ collector }) => collector === query.collector),
        );
      return pageOf(items, query, (item) => item.name);
    },

    async check(name) {
      const found = (await allChecks(state)).find(({ item }) => item.name === name);
      if (found === undefined) return undefined;
      const { spec } = found.check;
      const { records } = await verdictRecords(log, found.body, found.item.evidence ?? 0);
      return {
        ...found.item,
        rationale: spec.rationale,
        remediation: spec.remediation,
        sql: { kind: spec.kind, where: spec.where ?? null, fails: spec.fails, reason: spec.reason },
        params: spec.params,
        records: records.filter((record) => isReported(record)),
      };
    },

    async deviations(query) {
      const names = await checksLike(state, query);
      const from = afterNumber(query);
      let select = state.selectFrom('deviation').selectAll().orderBy('ordinal');
      if (from !== undefined) select = select.where('ordinal', '>', from);
      if (query.check !== undefined) select = select.where('check_name', '=', query.check);
      if (names !== undefined) select = select.where('check_name', 'in', [...names]);
      if (query.collector !== undefined) select = select.where('source', 'like', `${query.collector}/%`);
      if (query.to !== undefined) select = select.where('first_seen_at', '<', query.to);
      if (query.from !== undefined) {
        const { from: begin } = query;
        select = select.where((e) => e.or([e('closed_at', 'is', null), e('closed_at', '>=', begin)]));
      }
      if (query.state !== undefined)
        select = select.where('closed_at', query.state === 'open' ? 'is' : 'is not', null);
      const rows = await select.limit(query.limit + 1).execute();
      const now = await assessedAt();
      return page(
        rows,
        query,
        (row) => row.ordinal,
        (row) => deviationItem(row, now),
      );
    },

    async collectors(query) {
      const documents = await state
        .selectFrom('document')
        .selectAll()
        .where('kind', '=', 'Collector')
        .orderBy('name')
        .execute();
      const items = await Promise.all(documents.map((row) => collectorItem(state, row)));
      return pageOf(items, query, (item) => item.name);
    },

    async runs(query) {
      const from = afterNumber(query);
      let select = state.selectFrom('run').selectAll().orderBy('entry', 'desc');
      if (from !== undefined) select = select.where('entry', '<', from);
      if (query.collector !== undefined) select = select.where('collector', '=', query.collector);
      if (query.from !== undefined) select = select.where('finished_at', '>=', query.from);
      if (query.to !== undefined) select = select.where('started_at', '<', query.to);
      const rows = await select.limit(query.limit + 1).execute();
      return page(rows, query, (row) => row.entry, runItem);
    },

    async run(id) {
      const row = await state.selectFrom('run').selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? undefined : runItem(row);
    },

    async evidence(query) {
      const from = afterNumber(query);
      let select = state.selectFrom('entry').selectAll().orderBy('index');
      if (from !== undefined) select = select.where('index', '>', from);
      if (query.stream !== undefined) select = select.where('stream', '=', query.stream);
      if (query.from !== undefined) select = select.where('sealed_at', '>=', query.from);
      if (query.to !== undefined) select = select.where('sealed_at', '<', query.to);
      const rows = await select.limit(query.limit + 1).execute();
      return page(rows, query, (row) => row.index, evidenceItem);
    },

    async entry(index) {
      const row = await state.selectFrom('entry').selectAll().where('index', '=', index).executeTakeFirst();
      if (row === undefined) return undefined;
      const envelope = ownJson<{ payload: string }>(Buffer.from(await log.envelope(index)).toString('utf8'));
      const statement: unknown = JSON.parse(Buffer.from(envelope.payload, 'base64').toString('utf8'));
      return { ...evidenceItem(row), envelope, statement };
    },

    async exceptions(query) {
      const now = await assessedAt();
      const { exceptions } = await judged(state);
      const accepted = await acceptedCounts(state);
      const items = exceptions.map((sealed) => ({
        name: sealed.exception.metadata.name,
        check: sealed.exception.spec.check,
        reason: sealed.exception.spec.reason,
        risk: sealed.exception.spec.risk,
        approver: sealed.exception.spec.approver,
        validFrom: validFrom(sealed),
        expiresAt: sealed.exception.spec.expires,
        valid: isValid(sealed, now),
        accepts: accepted.get(sealed.exception.metadata.name) ?? 0,
      }));
      return pageOf(items, query, (item) => item.name);
    },

    async attestations(query) {
      const all = await attestationsAt(state, await assessedAt());
      const items = all.map(({ statement: _statement, documents: _documents, ...item }) => item);
      return pageOf(items, query, (item) => item.name);
    },

    async attestation(name) {
      const all = await attestationsAt(state, await assessedAt());
      return all.find((item) => item.name === name);
    },

    async soa() {
      const { soa } = await judged(state);
      const rows = await state.selectFrom('control').selectAll().orderBy('ordinal').execute();
      return {
        version: soa?.spec.version ?? null,
        approver: soa?.spec.approver ?? null,
        items: rows
          .filter((row) => row.id.startsWith('A.') || soaEntry(soa, row.id) !== undefined)
          .map((row) => soaItem(row, soa)),
      };
    },

    async scope() {
      const row = await state
        .selectFrom('document')
        .selectAll()
        .where('kind', '=', 'Scope')
        .executeTakeFirst();
      if (row === undefined) return null;
      const sources = await state
        .selectFrom('source')
        .selectAll()
        .where('collector', '!=', SOA_SOURCE.collector)
        .orderBy('collector')
        .orderBy('dataset')
        .orderBy('scope')
        .execute();
      return {
        statement: ownJson<{ spec: unknown }>(row.manifest_json).spec,
        sources: sources.map((source) => `${source.collector}/${source.dataset}/${source.scope}`),
      };
    },

    checkpoint: () => Promise.resolve(log.checkpoint()),

    revision: () => state.revision(),
  };
}

/** Those of the configuration, then those that were given through the API, by name. */
async function attestationsAt(state: StateDatabase, now: number): Promise<readonly AttestationDetail[]> {
  const { attestations } = await judged(state);
  const given = besideManifests(await givenAttestations(state), attestations);
  return [
    ...attestations.map((one) => manifestDetail(one, now)),
    ...given.map((one) => givenDetail(one, now)).toSorted((a, b) => compareUtf8(a.name, b.name)),
  ];
}

function isReported(record: RecordVerdict): record is ReportedRecord {
  return record.outcome !== 'pass';
}

/** Every check of the sealed configuration with its last verdict; without one it is unknown. */
async function allChecks(
  state: StateDatabase,
): Promise<{ check: Check; item: CheckItem; body: string | null }[]> {
  const { checks } = await judged(state);
  const rows = await state.selectFrom('verdict').selectAll().execute();
  const verdicts = new Map(rows.map((row) => [row.check_name, row]));
  return [...checks.values()].map((check) => {
    const row = verdicts.get(check.metadata.name);
    return {
      check,
      body: row?.body ?? null,
      item: {
        name: check.metadata.name,
        title: check.spec.title,
        aspects: check.spec.aspects,
        severity: check.spec.severity,
        outcome: row?.outcome ?? 'unknown',
        why: row?.why ?? 'not assessed yet',
        counts: row === undefined ? NO_COUNTS : ownJson<Counts>(row.counts_json),
        scopes: row === undefined ? [] : ownJson<ScopeVerdict[]>(row.scopes_json),
        assessedAt: row?.assessed_at ?? null,
        evidence: row?.entry ?? null,
      },
    };
  });
}

/** Names of the checks that the filter's severity, control, theme and owner leave; undefined: all of them. */
async function checksLike(
  state: StateDatabase,
  { severity, control, theme, owner }: CheckFilter,
): Promise<ReadonlySet<string> | undefined> {
  if ([severity, control, theme, owner].every((one) => one === undefined)) return undefined;
  const { checks, soa } = await judged(state);
  const answers = (id: string): boolean =>
    (control === undefined || id === control) &&
    (theme === undefined || (findControl(id)?.theme ?? 'own') === theme) &&
    (owner === undefined || soaEntry(soa, id)?.owner === owner);
  return new Set(
    [...checks.values()]
      .filter(({ spec }) => severity === undefined || spec.severity === severity)
      .filter(({ spec }) => spec.aspects.some((aspect) => answers(aspect.split('/')[0] ?? aspect)))
      .map(({ metadata }) => metadata.name),
  );
}

async function collectorItem(state: StateDatabase, document: Row<'document'>) {
  const { spec } = ownJson<{ spec: { plugin: string } }>(document.manifest_json);
  const run = await state
    .selectFrom('run')
    .selectAll()
    .where('collector', '=', document.name)
    .orderBy('entry', 'desc')
    .limit(1)
    .executeTakeFirst();
  const sources = await state
    .selectFrom('source')
    .selectAll()
    .where('collector', '=', document.name)
    .orderBy('dataset')
    .orderBy('scope')
    .execute();
  const snapshots = await state
    .selectFrom('snapshot')
    .selectAll()
    .where('collector', '=', document.name)
    .execute();
  return {
    name: document.name,
    type: spec.plugin,
    lastRunAt: run?.finished_at ?? null,
    lastRunOutcome: run?.outcome ?? null,
    datasets: sources.map((source) => {
      const snapshot = snapshots.find((row) => row.dataset === source.dataset && row.scope === source.scope);
      return {
        dataset: source.dataset,
        scope: source.scope,
        state: source.state,
        detail: source.detail,
        asOf: source.as_of,
        records: snapshot?.records ?? null,
        snapshot: snapshot?.entry ?? null,
      };
    }),
  };
}

async function acceptedCounts(state: StateDatabase): Promise<Map<string | null, number>> {
  const rows = await state
    .selectFrom('deviation')
    .select(['exception', (e) => e.fn.countAll<number>().as('count')])
    .where('closed_at', 'is', null)
    .groupBy('exception')
    .execute();
  return new Map(rows.map((row) => [row.exception, row.count]));
}
