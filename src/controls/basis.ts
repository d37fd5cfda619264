import type { Basis } from './catalogue.ts';
import type { Check } from './check.ts';
import { SOA_KIND } from './soa-records.ts';

/** Kinds whose records come from registers that the organisation keeps, not from the systems themselves. No kind comes from both. */
export const recordedKinds: ReadonlySet<string> = new Set(['departure', 'person', SOA_KIND]);

/**
 * What a check's answer rests on: where its own records come from. Systems that are matched against a register are live evidence, as the
 * catalogue has it; a register that is matched against systems is not.
 */
export function basisOf({ spec }: Check): Exclude<Basis, 'attested'> {
  return recordedKinds.has(spec.kind) ? 'recorded' : 'live';
}
