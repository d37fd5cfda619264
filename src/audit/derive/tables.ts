import { attestationState } from '../../controls/attestation.ts';
import { besideManifests, nameOf, sealedState } from '../../controls/sealed-attestation.ts';
import type { AssessedControl, ControlAssessment } from '../../controls/status.ts';
import { soaEntry } from '../../controls/soa.ts';
import { instantText } from '../../controls/words.ts';
import { compareUtf8 } from '../../inventory/utf8.ts';
import type { Question } from '../contract.ts';
import type { Given } from './attested.ts';
import type { SealedConfig } from './configuration.ts';
import type { Cell } from './csv.ts';
import type { Replay } from './replay.ts';
import { STATUSES, type StatusHistory } from './status-clock.ts';

export const SCOPE_COLUMNS = ['from', 'to', 'index', 'item', 'value', 'reason', 'approver'] as const;

/** From when to when each configuration was in force, then what each scope statement said while it stood. */
export function* scopeRows({ configs }: Replay): Generator<Cell[]> {
  for (const [at, config] of configs.entries()) {
    const to = configs[at + 1]?.entry.sealedAt;
    yield [...span(config, to), config.entry.index, 'configuration', config.digest, '', ''];
    if (config.erased !== 0)
      yield [...span(config, to), config.entry.index, 'erased documents', String(config.erased), '', ''];
  }
  for (const [at, config] of configs.entries()) {
    const text = scopeText(config);
    if (at > 0 && text === scopeText(configs[at - 1])) continue;
    const next = configs.find((other, place) => place > at && scopeText(other) !== text);
    const head = [...span(config, next?.entry.sealedAt), config.entry.index];
    for (const row of scopeItems(config)) yield [...head, ...row];
  }
}

function span({ entry }: SealedConfig, to: number | undefined): Cell[] {
  return [instantText(entry.sealedAt), to === undefined ? '' : instantText(to)];
}

function scopeText(config: SealedConfig | undefined): string {
  const scope = [...(config?.documents.values() ?? [])].find(({ kind }) => kind === 'Scope');
  return scope?.text ?? '';
}

function scopeItems({ scope }: SealedConfig): Cell[][] {
  if (scope === undefined) return [['statement', 'no scope was declared', '', '']];
  const plain = (item: string, values: readonly string[]) => values.map((value) => [item, value, '', '']);
  return [
    ['statement', scope.statement, '', ''],
    ...plain('entity', scope.entities),
    ...plain('site', scope.sites),
    ...plain('service', scope.services),
    ...scope.sources.flatMap(({ collector, scopes }) =>
      plain(
        'source',
        scopes.map((one) => `${collector}/${one}`),
      ),
    ),
    ...scope.exclusions.map(({ what, reason, approver }) => ['exclusion', what, reason, approver]),
    ...scope.absent.flatMap(({ kinds, reason, approver }) =>
      kinds.map((kind) => ['absent', kind, reason, approver]),
    ),
  ];
}

export const SOA_COLUMNS = [
  'control',
  'title',
  'theme',
  'applicable',
  'justification',
  'implementation',
  'owner',
  'version',
  'approver',
  'approved',
] as const;

/** The Statement of Applicability at the period's end: Annex A, and what else it lists. A control that it doesn't list has no `applicable`. */
export function soaRows({ controls, config }: Replay): Cell[][] {
  const soa = config?.soa;
  return controls
    .filter(({ id, theme }) => theme !== 'clause' || soaEntry(soa, id) !== undefined)
    .map(({ id, title, theme }) => {
      const entry = soaEntry(soa, id);
      return [
        id,
        title,
        theme,
        entry === undefined ? '' : entry.applicable ? 'yes' : 'no',
        entry?.justification,
        entry?.applicable === true ? entry.implementation : '',
        entry?.owner,
        soa?.spec.version,
        soa?.spec.approver,
        soa && instantText(soa.spec.approvedAt),
      ];
    });
}

export const CONTROL_COLUMNS = [
  'control',
  'aspect',
  'title',
  'theme',
  'basis',
  'status_at_end',
  'why',
  'assessed',
  'first_status',
  'last_status',
  ...STATUSES.map((status) => `${status}_seconds`),
  'assessments',
  'checks',
  'attestations',
] as const;

const NOT_ASSESSED = 'It was not assessed before the end of the period.';

/** The status at the period's end, as controls.csv and the report tell it. */
export function statusAtEnd(replay: Replay, id: string): { readonly status: string; readonly why: string } {
  const found = replay.standing.get(id);
  if (found === undefined || replay.end === undefined) return { status: 'unknown', why: NOT_ASSESSED };
  return timely(replay, found);
}

function timely(
  { assessedToTheEnd, end }: Replay,
  { status, why }: { readonly status: string; readonly why: string },
): { readonly status: string; readonly why: string } {
  if (assessedToTheEnd || end === undefined) return { status, why };
  const last = `the last assessment, at ${instantText(end.now)}, said ${status}`;
  return { status: 'unknown', why: `It was not assessed up to the end of the period; ${last}: ${why}` };
}

/** A row for each control, then one for each of its aspects. */
export function* controlRows(replay: Replay): Generator<Cell[]> {
  const assessed = replay.end === undefined ? '' : instantText(replay.end.now);
  for (const control of replay.controls) {
    const found = replay.standing.get(control.id);
    const { status, why } = statusAtEnd(replay, control.id);
    const history = replay.histories.get(control.id);
    const head = [control.id, '', control.title, control.theme, ''];
    yield [...head, status, why, assessed, ...over(history), ...answersOf(found)];
    for (const aspect of found?.aspects ?? []) {
      const end = timely(replay, aspect);
      yield [
        control.id,
        aspect.id,
        aspect.title,
        control.theme,
        aspect.basis,
        end.status,
        end.why,
        assessed,
        ...over(replay.histories.get(aspect.id)),
        aspect.checks.join(' '),
        aspect.attestations.join(' '),
      ];
    }
    if (found === undefined) yield* untested(control);
  }
}

function* untested(control: AssessedControl): Generator<Cell[]> {
  for (const { id, title } of control.aspects)
    yield [control.id, id, title, control.theme, '', 'unknown', NOT_ASSESSED, '', ...over(undefined), '', ''];
}

function over(history: StatusHistory | undefined): Cell[] {
  const seconds = STATUSES.map((status) => history?.seconds[status] ?? '');
  return [history?.first, history?.last, ...seconds, history?.assessments ?? 0];
}

function answersOf(found: ControlAssessment | undefined): Cell[] {
  const union = (lists: readonly (readonly string[])[]) => [...new Set(lists.flat())].toSorted(compareUtf8);
  const aspects = found?.aspects ?? [];
  return [
    union(aspects.map(({ checks }) => checks)).join(' '),
    union(aspects.map(({ attestations }) => attestations)).join(' '),
  ];
}

export const EXCEPTION_COLUMNS = [
  'exception',
  'check',
  'records',
  'reason',
  'risk',
  'approver',
  'approved',
  'sealed',
  'sealed_exact',
  'valid_from',
  'expires',
  'withdrawn',
] as const;

/** Every wording of an exception that stood in a configuration of the range, for the chosen checks; by name, then by time. */
export function exceptionRows({ configs }: Replay, chosen: ReadonlySet<string>): Cell[][] {
  const rows = wordings(configs, 'Exception').flatMap(({ name, config, sealedAt, exact, withdrawn }) => {
    const found = config.exceptions.find(({ exception }) => exception.metadata.name === name);
    if (found === undefined || !chosen.has(found.exception.spec.check)) return [];
    const { spec } = found.exception;
    return [
      [
        name,
        spec.check,
        Array.isArray(spec.records) ? JSON.stringify(spec.records) : 'all',
        spec.reason,
        spec.risk,
        spec.approver,
        instantText(spec.approvedAt),
        instantText(sealedAt),
        exact ? 'yes' : 'no',
        instantText(Math.max(spec.approvedAt, sealedAt)),
        instantText(spec.expires),
        withdrawn === undefined ? '' : instantText(withdrawn),
      ],
    ];
  });
  return rows;
}

export const ATTESTATION_COLUMNS = [
  'attestation',
  'aspects',
  'statement',
  'by',
  'at',
  'expires',
  'state_at_end',
  'documents',
  'sealed',
  'sealed_exact',
  'withdrawn',
  'by_known',
  'entry',
  'withdrawn_by',
  'withdrawn_why',
] as const;

/**
 * Every wording of an attestation for the chosen controls that stood in a configuration of the range; by name, then by time. Then those that were
 * given through the API, in the order of the log: what ended before the period is left out.
 */
export function attestationRows(
  { configs, config, controls, given }: Replay,
  { from, to }: Pick<Question, 'from' | 'to'>,
): Cell[][] {
  const asked = new Set(controls.flatMap(({ aspects }) => aspects.map(({ id }) => id)));
  const sealed = given
    .filter(({ endedAt }) => endedAt === undefined || endedAt >= from)
    .filter(({ aspects }) => aspects.some((aspect) => asked.has(aspect)));
  const manifests = config?.attestations ?? [];
  return [
    ...manifestRows(configs, asked, to),
    ...sealed.map((one) => givenRow(one, besideManifests([one], manifests).length > 0, to)),
  ];
}

/** `displaced`: the configuration has one of the same name at the period's end, which counts instead. */
function givenRow(one: Given, counts: boolean, to: number): Cell[] {
  const { line, endedAt, sealedAt, entry, withdrawal } = one;
  const left = endedAt !== undefined && endedAt < to;
  const stands = counts ? sealedState(one, to) : 'displaced';
  return [
    nameOf(one),
    one.aspects.join(' '),
    line?.statement,
    line?.by,
    line && instantText(line.at),
    line && instantText(line.expires),
    left ? 'withdrawn' : stands,
    line?.documents.map((document) => `${document.name} ${document.sha256}`).join('\n'),
    instantText(sealedAt),
    'yes',
    endedAt === undefined ? '' : instantText(endedAt),
    line === null ? '' : `authenticated as ${line.by}`,
    entry,
    left ? withdrawal?.by : '',
    left ? withdrawal?.reason : '',
  ];
}

function manifestRows(configs: readonly SealedConfig[], asked: ReadonlySet<string>, to: number): Cell[][] {
  return wordings(configs, 'Attestation').flatMap(({ name, config, sealedAt, exact, withdrawn }) => {
    const found = config.attestations.find(({ metadata }) => metadata.name === name);
    if (found === undefined || !found.spec.aspects.some((aspect) => asked.has(aspect))) return [];
    const { spec } = found;
    const left = withdrawn !== undefined && withdrawn < to;
    return [
      [
        name,
        spec.aspects.join(' '),
        spec.statement,
        spec.by,
        instantText(spec.at),
        instantText(spec.expires),
        left ? 'withdrawn' : attestationState(found, to),
        spec.documents.map((document) => `${document.name} ${document.sha256}`).join('\n'),
        instantText(sealedAt),
        exact ? 'yes' : 'no',
        withdrawn === undefined ? '' : instantText(withdrawn),
        'asserted in the configuration',
        '',
        '',
        '',
      ],
    ];
  });
}

interface Wording {
  readonly name: string;
  readonly config: SealedConfig;
  readonly sealedAt: number;
  /** False: it was sealed before the range, at that time at the latest. */
  readonly exact: boolean;
  /** When it was changed or taken out; undefined when it still stands. */
  readonly withdrawn: number | undefined;
}

/** Each wording of the documents of a kind, from its sealing until it is changed or taken out. */
function wordings(configs: readonly SealedConfig[], kind: string): readonly Wording[] {
  const found = configs.flatMap((config, at) =>
    [...config.documents.values()]
      .filter((document) => document.kind === kind)
      .filter(({ id, text }) => configs[at - 1]?.documents.get(id)?.text !== text)
      .map(({ id, name, text, sealedAt, beforeRange }): Wording => {
        const end = configs.find((later, place) => place > at && later.documents.get(id)?.text !== text);
        return { name, config, sealedAt, exact: !beforeRange, withdrawn: end?.entry.sealedAt };
      }),
  );
  return found.toSorted((one, other) => compareUtf8(one.name, other.name) || one.sealedAt - other.sealedAt);
}
