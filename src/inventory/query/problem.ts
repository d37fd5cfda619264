import { InventoryError } from '../error.ts';

/** The parts of a check that are SQL. */
export type Place = 'where' | 'fails' | 'reason';

/** A check that can't be used: which, where, what is wrong and what was expected. */
export function invalid(check: string, place: Place | 'params' | 'kind', problem: string): InventoryError {
  return new InventoryError('query-invalid', `check ${check}, ${place}: ${problem}`);
}
