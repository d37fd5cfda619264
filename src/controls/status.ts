import type { Attestation } from './attestation.ts';
import { catalogue, findControl, type Basis, type Control, type Theme } from './catalogue.ts';
import type { ControlStatus } from './contract.ts';
import { compareUtf8 } from '../inventory/utf8.ts';
import { besideManifests, type SealedAttestation } from './sealed-attestation.ts';
import { soaEntry, type StatementOfApplicability } from './soa.ts';
import {
  attestationTest,
  checkTest,
  sealedTest,
  worstStatus,
  type Test,
  type TestInput,
} from './test-status.ts';
import { count } from './words.ts';

export interface StatusInput extends TestInput {
  /** Of the configuration. */
  readonly attestations: readonly Attestation[];
  /** Given through the API; those that stand. */
  readonly sealed: readonly SealedAttestation[];
  readonly soa: StatementOfApplicability | undefined;
}

/** A control that is assessed: of the catalogue, or (`own`) one that only the Statement of Applicability lists. */
export type AssessedControl = Omit<Control, 'theme'> & { readonly theme: Theme | 'own' };

export interface AspectStatus {
  readonly id: string;
  readonly title: string;
  /** The weakest of its tests' (attested, recorded, live); null when nothing covers it. */
  readonly basis: Basis | null;
  readonly status: ControlStatus;
  readonly why: string;
  /** Names of the checks and of the attestations that answer it, by UTF-8 bytes. */
  readonly checks: readonly string[];
  readonly attestations: readonly string[];
}

export interface ControlAssessment {
  readonly control: AssessedControl;
  readonly status: ControlStatus;
  /** One sentence. */
  readonly why: string;
  readonly aspects: readonly AspectStatus[];
}

/** Every control to assess: Annex A, the clauses, and what else the Statement of Applicability lists. */
export function assessedControls(soa: StatementOfApplicability | undefined): readonly AssessedControl[] {
  const own = (soa?.spec.controls ?? [])
    .filter((entry) => findControl(entry.control) === undefined)
    .map((entry): AssessedControl => ({
      id: entry.control,
      title: entry.title ?? entry.control,
      theme: 'own',
      description: entry.justification,
      aspects: [],
    }));
  return [...catalogue.controls, ...catalogue.clauses, ...own];
}

/** The status of every control and aspect. Pure: the same input gives the same answer. */
export function assess(input: StatusInput): readonly ControlAssessment[] {
  const tests = testsByAspect(input);
  return assessedControls(input.soa).map((control) => {
    const aspects = control.aspects.map((aspect) => assessAspect(aspect, tests.get(aspect.id) ?? []));
    return { control, ...controlStatus(control, aspects, input.soa), aspects };
  });
}

function testsByAspect(input: StatusInput): ReadonlyMap<string, readonly Test[]> {
  const deviations = Map.groupBy(input.open, (deviation) => deviation.check);
  const answers = [
    ...input.checks.map((check) => ({
      aspects: check.spec.aspects,
      test: checkTest(check, deviations.get(check.metadata.name) ?? [], input),
    })),
    ...input.attestations.map((attestation) => ({
      aspects: attestation.spec.aspects,
      test: attestationTest(attestation, input.now),
    })),
    ...besideManifests(input.sealed, input.attestations).map((sealed) => ({
      aspects: sealed.aspects,
      test: sealedTest(sealed, input.now),
    })),
  ];
  const pairs = answers.flatMap(({ aspects, test }) => aspects.map((aspect) => ({ aspect, test })));
  return new Map(
    [...Map.groupBy(pairs, ({ aspect }) => aspect)].map(([aspect, found]) => [
      aspect,
      found.map(({ test }) => test).toSorted((a, b) => compareUtf8(a.name, b.name)),
    ]),
  );
}

function assessAspect(
  aspect: { readonly id: string; readonly title: string },
  tests: readonly Test[],
): AspectStatus {
  const status = worstStatus(tests.map((test) => test.status));
  return {
    id: aspect.id,
    title: aspect.title,
    basis: weakestBasis(tests),
    // Only the SoA may say that something does not apply.
    status: status === 'not_applicable' ? 'unknown' : status,
    why: aspectWhy(tests, status),
    checks: tests.filter((test) => test.basis !== 'attested').map((test) => test.name),
    attestations: tests.filter((test) => test.basis === 'attested').map((test) => test.name),
  };
}

function weakestBasis(tests: readonly Test[]): Basis | null {
  const found = new Set(tests.map((test) => test.basis));
  return (['attested', 'recorded', 'live'] as const).find((basis) => found.has(basis)) ?? null;
}

function aspectWhy(tests: readonly Test[], status: ControlStatus): string {
  if (tests.length === 0) {
    return 'No check and no attestation covers it.';
  }
  if (status === 'not_applicable') {
    return 'None of its checks found anything to apply to.';
  }
  const deciding = tests.filter((test) => test.status === status);
  const more = deciding.length > 1 ? ` (and ${deciding.length - 1} more)` : '';
  return `${deciding[0]?.why.replace(/\.$/, '')}${more}.`;
}

function controlStatus(
  control: AssessedControl,
  aspects: readonly AspectStatus[],
  soa: StatementOfApplicability | undefined,
): { readonly status: ControlStatus; readonly why: string } {
  const entry = soaEntry(soa, control.id);
  if (entry?.applicable === false) {
    return {
      status: 'not_applicable',
      why: `Excluded by the Statement of Applicability: ${entry.justification}`,
    };
  }
  if (aspects.length === 0) {
    return { status: 'unknown', why: 'Nothing says how it would be tested: it has no aspects.' };
  }
  const status = worstStatus(aspects.map((aspect) => aspect.status));
  if (entry?.implementation === 'planned' && (status === 'effective' || status === 'accepted')) {
    return { status: 'unknown', why: 'The Statement of Applicability says that it is only planned.' };
  }
  return { status, why: controlWhy(aspects, status) };
}

function controlWhy(aspects: readonly AspectStatus[], status: ControlStatus): string {
  if (status === 'effective') {
    return `Every test defined for its ${count(aspects.length, 'aspect')} passed.`;
  }
  const deciding = aspects.filter((aspect) => aspect.status === status);
  const first = `${deciding[0]?.id}: ${deciding[0]?.why}`;
  return deciding.length === 1
    ? first
    : `${deciding.length} of ${aspects.length} aspects are ${status}; ${first}`;
}
