/**
 * The value under the type that whoever made it gave it: rows of our own SQL over STRICT tables, messages of our own child process.
 * Never for what comes from outside.
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says the type
export function typed<T>(value: unknown): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place where this is said
  return value as T;
}
