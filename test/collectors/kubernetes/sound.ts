import { type Estate, estate } from './estate.ts';

/** The planted cluster in order: nothing that a check would find, as far as the API server can tell. `now`: Unix seconds. */
export function soundEstate(now: number): Estate {
  void now;
  return estate();
}
