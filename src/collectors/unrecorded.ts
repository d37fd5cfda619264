import type { Provenance } from './contract.ts';

/** For calls that belong to no dataset, so that nothing of them is sealed. */
export const UNRECORDED: Provenance = {
  setAsOf() {},
  setCaller() {},
  setEndpoint() {},
  call() {},
  note() {},
};
