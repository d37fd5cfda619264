import type { Sealed } from '../../evidence/contract.ts';

/** The digest of a statement's subject; a statement without it was not ours. */
export function subject(entry: Sealed, name: string): string {
  const found = entry.subjects.find((item) => item.name === name);
  if (found === undefined)
    throw new TypeError(`entry ${entry.index} (${entry.stream}) has no subject ${name}`);
  return found.sha256;
}
