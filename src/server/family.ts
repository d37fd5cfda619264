type Labels = Readonly<Record<string, string>>;
export type Sample = readonly [labels: Labels, value: number];

/** A family of one scrape. Its samples are absolute: counters too start from nothing at each scrape. */
export interface Family {
  readonly type: 'gauge' | 'counter';
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly samples: readonly Sample[];
}

export function family(
  type: Family['type'],
  name: string,
  help: string,
  labels: readonly string[],
  samples: readonly Sample[],
): Family {
  return { type, name: `annexa_${name}`, help, labels, samples };
}

/** One series for each of the values, 1 for the one that holds. */
export function oneOf(labels: Labels, values: readonly string[], current: string): readonly Sample[] {
  return values.map((status) => [{ ...labels, status }, status === current ? 1 : 0]);
}

/** A sample, unless there is nothing to tell. */
export function told(labels: Labels, value: number | null): readonly Sample[] {
  return value === null ? [] : [[labels, value]];
}

/** 1 for each of the controls, to join on. */
export function controlsOf(label: string, name: string, controls: readonly string[]): readonly Sample[] {
  return controls.map((control) => [{ [label]: name, control }, 1]);
}
