/**
 * What this process wrote itself, under the type that it was written with: JSON in the state's columns, lines of sealed bodies (whose
 * digest was verified). Never for what comes from outside.
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says the type
export function own<T>(value: unknown): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place where this is said
  return value as T;
}

/** The same, of JSON text. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says the type
export function ownJson<T>(text: string): T {
  return own<T>(JSON.parse(text));
}
