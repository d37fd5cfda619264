import { attestationState, type Attestation } from './attestation.ts';
import { basisOf } from './basis.ts';
import type { Basis } from './catalogue.ts';
import type { Check } from './check.ts';
import type { ControlStatus, Verdict } from './contract.ts';
import { isOverdue, type OpenDeviation } from './deviations.ts';
import { acceptedBy, type Exception, type SealedException } from './exception.ts';
import { nameOf, type SealedAttestation, sealedState } from './sealed-attestation.ts';
import { compareUtf8 } from '../inventory/utf8.ts';
import { count, instantText } from './words.ts';

export interface TestInput {
  readonly checks: readonly Check[];
  /** The newest verdict of each check, by its name. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
  /** Every deviation that stands open after those verdicts. */
  readonly open: readonly OpenDeviation[];
  readonly exceptions: readonly SealedException[];
  /** Unix seconds. */
  readonly now: number;
}

/** The outcome of one check or attestation, as it counts towards an aspect. */
export interface Test {
  readonly name: string;
  readonly basis: Basis;
  readonly status: ControlStatus;
  readonly why: string;
}

/** Worst last (docs/adr/0010). `not_applicable` says nothing about how the rest fares. */
const rank: Readonly<Record<ControlStatus, number>> = {
  not_applicable: 0,
  effective: 1,
  accepted: 2,
  correcting: 3,
  unknown: 4,
  ineffective: 5,
};

/** The worst of statuses: ineffective, unknown, correcting, accepted, effective, not_applicable. Of none, `unknown`. */
export function worstStatus(statuses: readonly ControlStatus[]): ControlStatus {
  return statuses.length === 0
    ? 'unknown'
    : statuses.reduce((worst, next) => (rank[next] > rank[worst] ? next : worst));
}

/**
 * A check counts by its open deviations (past the deadline, within it, accepted) and by what could not be examined. A deviation past
 * its deadline stays a failure while its evidence is missing: breaking the collection must not lift a control.
 */
export function checkTest(check: Check, open: readonly OpenDeviation[], input: TestInput): Test {
  const name = check.metadata.name;
  const verdict = input.verdicts.get(name);
  const basis = basisOf(check);
  if (verdict === undefined && open.length === 0) {
    return { name, basis, status: 'unknown', why: `${name} has not been evaluated yet.` };
  }
  const exceptions = input.exceptions.filter(({ exception }) => exception.spec.check === name);
  const judged = open.map((deviation) => ({
    deviation,
    exception: acceptedBy(exceptions, deviation, input.now),
  }));
  const status = worstStatus([
    ...judged.map(({ deviation, exception }) => deviationStatus(deviation, exception, input.now)),
    ...(verdict === undefined ? ['unknown' as const] : verdictStatuses(verdict, open, input)),
  ]);
  return { name, basis, status, why: checkWhy(name, status, judged, verdict, input.now) };
}

function deviationStatus(
  deviation: OpenDeviation,
  exception: Exception | undefined,
  now: number,
): ControlStatus {
  if (exception !== undefined) {
    return 'accepted';
  }
  return isOverdue(deviation, now) ? 'ineffective' : 'correcting';
}

/** What a verdict says beside its open deviations. A failure that has no deviation has no deadline either: it is overdue. */
function verdictStatuses(
  verdict: Verdict,
  open: readonly OpenDeviation[],
  input: TestInput,
): readonly ControlStatus[] {
  const known = new Set(open.map((deviation) => deviation.record));
  const loose = verdict.records
    .filter((record) => record.outcome === 'fail' && !known.has(record.id))
    .map((record): ControlStatus => {
      const deviation = { check: verdict.check, record: record.id };
      return acceptedBy(input.exceptions, deviation, input.now) === undefined ? 'ineffective' : 'accepted';
    });
  const failsWhole = [verdict, ...verdict.scopes].some(
    (part) => part.outcome === 'fail' && part.counts.failing === 0,
  );
  const unknown = [verdict, ...verdict.scopes].some(
    (part) => part.outcome === 'unknown' || part.counts.unknown > 0,
  );
  const rest = verdict.outcome === 'not_applicable' ? 'not_applicable' : 'effective';
  return [...loose, failsWhole ? 'ineffective' : unknown ? 'unknown' : rest];
}

function checkWhy(
  name: string,
  status: ControlStatus,
  judged: readonly { readonly deviation: OpenDeviation; readonly exception: Exception | undefined }[],
  verdict: Verdict | undefined,
  now: number,
): string {
  const loose = judged.filter(({ exception }) => exception === undefined).map(({ deviation }) => deviation);
  const late = loose.filter((deviation) => isOverdue(deviation, now));
  if (status === 'ineffective' && late.length > 0) {
    return `${name}: ${count(late.length, 'deviation')} past the deadline.`;
  }
  if (status === 'correcting') {
    const due = Math.min(...loose.map((deviation) => deviation.dueAt));
    return `${name}: ${count(loose.length, 'deviation')}, all within their deadlines, the next at ${instantText(due)}.`;
  }
  if (status === 'accepted') {
    const names = new Set(judged.flatMap(({ exception }) => exception?.metadata.name ?? []));
    return `${name}: ${count(judged.length, 'deviation')}, all accepted by ${[...names].toSorted(compareUtf8).join(', ')}.`;
  }
  return `${name}: ${verdict?.why ?? 'not evaluated yet.'}`;
}

/** An attestation counts from its own date until it expires; one that expired is a failure. */
export function attestationTest(attestation: Attestation, now: number): Test {
  const { name } = attestation.metadata;
  const { spec } = attestation;
  return attestedTest(name, attestationState(attestation, now), spec, 'asserted in the configuration');
}

/** One that was given through the API; of one that was erased nothing is known any more, until it is withdrawn. */
export function sealedTest(sealed: SealedAttestation, now: number): Test {
  const name = nameOf(sealed);
  const state = sealedState(sealed, now);
  if (sealed.line === null || state === 'erased') {
    const why = `${name}: the attestation was erased on request, and counts no more.`;
    return { name, basis: 'attested', status: 'unknown', why };
  }
  return attestedTest(name, state, sealed.line, 'authenticated');
}

function attestedTest(
  name: string,
  state: ReturnType<typeof attestationState>,
  { by, at, expires }: Pick<Attestation['spec'], 'by' | 'at' | 'expires'>,
  known: string,
): Test {
  const basis = 'attested';
  switch (state) {
    case 'valid': {
      const why = `${name}: attested by ${by} (${known}) at ${instantText(at)}, until ${instantText(expires)}.`;
      return { name, basis, status: 'effective', why };
    }
    case 'expired': {
      const why = `${name}: the attestation expired at ${instantText(expires)}.`;
      return { name, basis, status: 'ineffective', why };
    }
    default:
      return { name, basis, status: 'unknown', why: `${name}: the attestation is dated in the future.` };
  }
}
