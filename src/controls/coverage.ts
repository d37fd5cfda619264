import { compareUtf8 } from '../inventory/utf8.ts';
import { type Absence, absenceOf } from './absence.ts';
import { type Attestation, attestationState } from './attestation.ts';
import { basisOf } from './basis.ts';
import type { Basis } from './catalogue.ts';
import type { Check } from './check.ts';
import { soaEntry, type StatementOfApplicability } from './soa.ts';
import { type AssessedControl, assessedControls } from './status.ts';

export interface CoverageInput {
  readonly checks: readonly Check[];
  /** Kinds that each check reads, by its name; one that isn't here does not compile. */
  readonly reads: ReadonlyMap<string, readonly string[]>;
  /** Kinds that something configured feeds. */
  readonly fed: ReadonlySet<string>;
  readonly absent: readonly Absence[];
  readonly attestations: readonly Attestation[];
  readonly soa: StatementOfApplicability | undefined;
  /** Unix seconds. */
  readonly now: number;
}

/** What an aspect is answered by at best; `blind`: by nothing; `excluded`: its control is, by the Statement of Applicability. */
export type CoverageState = Basis | 'excluded' | 'blind';

/** A check that would answer an aspect, and what keeps it from that. */
export interface IdleCheck {
  readonly check: string;
  /** Kinds that it reads and nothing feeds; none for a check that does not compile. */
  readonly lacks: readonly string[];
  /** Its own kind is declared absent. */
  readonly absent: boolean;
}

export interface AspectCoverage {
  readonly id: string;
  readonly title: string;
  readonly state: CoverageState;
  /** Checks that answer it, and valid attestations; by UTF-8 bytes, as the rest. */
  readonly checks: readonly string[];
  readonly attestations: readonly string[];
  readonly idle: readonly IdleCheck[];
  /** Attestations that expired, or are dated later than now. */
  readonly lapsed: readonly string[];
}

export interface ControlCoverage {
  readonly control: AssessedControl;
  /** Of its aspects the best. */
  readonly state: CoverageState;
  readonly aspects: readonly AspectCoverage[];
}

/** From what shows most to what shows nothing. */
export const coverageStates = ['live', 'recorded', 'attested', 'excluded', 'blind'] as const;

/** How each control and each of its aspects would be evidenced, whatever the evidence says. Pure. */
export function coverage(input: CoverageInput): readonly ControlCoverage[] {
  return assessedControls(input.soa).map((control) => {
    const excluded = soaEntry(input.soa, control.id)?.applicable === false;
    const aspects = control.aspects.map((aspect) => aspectCoverage(aspect, excluded, input));
    return { control, state: excluded ? 'excluded' : best(aspects.map(({ state }) => state)), aspects };
  });
}

function aspectCoverage(
  { id, title }: { readonly id: string; readonly title: string },
  excluded: boolean,
  input: CoverageInput,
): AspectCoverage {
  const checks = input.checks.filter(({ spec }) => spec.aspects.includes(id));
  const idle = checks.flatMap((check) => idleCheck(check, input) ?? []);
  const answering = checks.filter(({ metadata }) => !idle.some(({ check }) => check === metadata.name));
  const attestations = input.attestations.filter(({ spec }) => spec.aspects.includes(id));
  const valid = attestations.filter((attestation) => attestationState(attestation, input.now) === 'valid');
  const states = [...answering.map(basisOf), ...valid.map(() => 'attested' as const)];
  return {
    id,
    title,
    state: excluded ? 'excluded' : best(states),
    checks: namesOf(answering),
    attestations: namesOf(valid),
    idle: idle.toSorted((one, other) => compareUtf8(one.check, other.check)),
    lapsed: namesOf(attestations.filter((attestation) => !valid.includes(attestation))),
  };
}

/** Undefined for a check that everything it reads is fed to. */
function idleCheck({ metadata, spec }: Check, { reads, fed, absent }: CoverageInput): IdleCheck | undefined {
  const kinds = reads.get(metadata.name);
  const lacks = (kinds ?? []).filter(
    (kind) => !fed.has(kind) && (kind === spec.kind || absenceOf(absent, kind) === undefined),
  );
  if (kinds !== undefined && lacks.length === 0) return undefined;
  const isAbsent = lacks.includes(spec.kind) && absenceOf(absent, spec.kind) !== undefined;
  return { check: metadata.name, lacks, absent: isAbsent };
}

function best(states: readonly CoverageState[]): CoverageState {
  return coverageStates.find((state) => states.includes(state)) ?? 'blind';
}

function namesOf(manifests: readonly { readonly metadata: { readonly name: string } }[]): readonly string[] {
  return manifests.map(({ metadata }) => metadata.name).toSorted(compareUtf8);
}

export interface CoverageSums {
  readonly total: number;
  /** With one live aspect at least; with a live or a recorded one; with any that is answered. */
  readonly live: number;
  readonly recorded: number;
  readonly attested: number;
  /** Of which every aspect is answered. */
  readonly whole: number;
  readonly excluded: number;
  readonly blind: number;
}

/** Of controls. One that is excluded counts as that alone. */
export function coverageSums(controls: readonly ControlCoverage[]): CoverageSums {
  const among = (...states: readonly CoverageState[]) =>
    controls.filter(({ state }) => states.includes(state)).length;
  return {
    total: controls.length,
    live: among('live'),
    recorded: among('live', 'recorded'),
    attested: among('live', 'recorded', 'attested'),
    whole: controls.filter(
      ({ state, aspects }) =>
        state !== 'excluded' && aspects.length > 0 && aspects.every((aspect) => aspect.state !== 'blind'),
    ).length,
    excluded: among('excluded'),
    blind: among('blind'),
  };
}
