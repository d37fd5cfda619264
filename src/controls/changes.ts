import type { Outcome, Verdict } from './contract.ts';
import { worstOutcome } from './evaluate.ts';
import { compareUtf8 } from '../inventory/utf8.ts';

export interface VerdictChange {
  readonly check: string;
  /** `weaker`: something is let off that was not before; `stronger`: the reverse; `mixed`: both. */
  readonly direction: 'weaker' | 'stronger' | 'mixed' | 'same';
  /** Null: the check is not there. */
  readonly before: Outcome | null;
  readonly after: Outcome | null;
  /** Ids that failed or were unknown before, and now are neither; and the reverse. */
  readonly letOff: readonly string[];
  readonly caught: readonly string[];
  readonly populationBefore: number;
  readonly populationAfter: number;
}

/**
 * What a change of configuration does to a check, from its verdicts before and after on the same snapshots at the same moment. A
 * smaller population or a better outcome alone is a weakening too. One check missing: it was added, or removed.
 */
export function compareVerdicts(before: Verdict | undefined, after: Verdict | undefined): VerdictChange {
  const [was, is] = [troubled(before), troubled(after)];
  const letOff = [...was].filter((id) => !is.has(id)).toSorted(compareUtf8);
  const caught = [...is].filter((id) => !was.has(id)).toSorted(compareUtf8);
  const populationBefore = before?.counts.population ?? 0;
  const populationAfter = after?.counts.population ?? 0;
  const weaker =
    after === undefined || letOff.length > 0 || populationAfter < populationBefore || better(before, after);
  const stronger =
    before === undefined || caught.length > 0 || populationAfter > populationBefore || better(after, before);
  return {
    check: (before ?? after)?.check ?? '',
    direction: weaker ? (stronger ? 'mixed' : 'weaker') : stronger ? 'stronger' : 'same',
    before: before?.outcome ?? null,
    after: after?.outcome ?? null,
    letOff,
    caught,
    populationBefore,
    populationAfter,
  };
}

/** Several changes as one: the worst outcomes, and all that is let off and caught. Of none, nothing changed. */
export function mergeChanges(changes: readonly VerdictChange[]): VerdictChange {
  const directions = new Set(changes.map(({ direction }) => direction).filter((one) => one !== 'same'));
  const [only] = directions;
  const ids = (lists: readonly (readonly string[])[]) => [...new Set(lists.flat())].toSorted(compareUtf8);
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  return {
    check: '',
    direction: directions.size > 1 ? 'mixed' : (only ?? 'same'),
    before: worstOutcome(changes.flatMap(({ before }) => before ?? [])),
    after: worstOutcome(changes.flatMap(({ after }) => after ?? [])),
    letOff: ids(changes.map(({ letOff }) => letOff)),
    caught: ids(changes.map(({ caught }) => caught)),
    populationBefore: sum(changes.map(({ populationBefore }) => populationBefore)),
    populationAfter: sum(changes.map(({ populationAfter }) => populationAfter)),
  };
}

function troubled(verdict: Verdict | undefined): ReadonlySet<string> {
  const records = (verdict?.records ?? []).filter(
    ({ outcome }) => outcome === 'fail' || outcome === 'unknown',
  );
  return new Set(records.map((record) => record.id));
}

/** Whether the second is a better outcome than the first. */
function better(first: Verdict | undefined, second: Verdict | undefined): boolean {
  if (first === undefined || second === undefined || first.outcome === second.outcome) {
    return false;
  }
  return worstOutcome([first.outcome, second.outcome]) === first.outcome;
}
