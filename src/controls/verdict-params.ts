import type { CheckQuery } from '../inventory/query-contract.ts';
import { compareUtf8 } from '../inventory/utf8.ts';
import type { Check } from './check.ts';
import type { Outcome } from './contract.ts';

/** A check with the outcome of its verdict. */
export interface Judged {
  readonly check: Check;
  readonly outcome: Outcome;
}

const outcomeOf = { 'failing-controls': 'fail', 'undecided-controls': 'unknown' } as const;

/** Whether a parameter is made of the verdicts on the other checks: then it is judged after them, and only when all of them are. */
export function readsVerdicts({ spec }: Check): boolean {
  return Object.values(spec.params).some((param) => 'from' in param);
}

/**
 * The values of a check's parameters that are made of verdicts: `<control> <check>` for each check that fails (or is unknown) and answers
 * an aspect of the control. Checks that read verdicts themselves don't count.
 */
export function verdictParams({ spec }: Check, judged: readonly Judged[]): CheckQuery['params'] {
  const found = Object.entries(spec.params).flatMap(([name, param]) =>
    'from' in param ? [[name, pairs(judged, outcomeOf[param.from])] as const] : [],
  );
  return Object.fromEntries(found);
}

function pairs(judged: readonly Judged[], outcome: Outcome): readonly string[] {
  const found = judged
    .filter((item) => item.outcome === outcome && !readsVerdicts(item.check))
    .flatMap(({ check: { metadata, spec } }) =>
      spec.aspects.map((aspect) => `${aspect.slice(0, aspect.indexOf('/'))} ${metadata.name}`),
    );
  return [...new Set(found)].toSorted(compareUtf8);
}
