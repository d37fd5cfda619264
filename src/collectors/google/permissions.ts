import type { GoogleDataset } from './dataset.ts';

type Declared = Pick<GoogleDataset, 'permissions' | 'privileges'>;

const sorted = (names: readonly string[]): readonly string[] => [...new Set(names)].sort();

/** The OAuth scopes as the Admin console takes them for domain-wide delegation: one line, separated by commas. */
export function scopesText(datasets: readonly Declared[]): string {
  return `${sorted(datasets.flatMap(({ permissions }) => permissions)).join(',')}\n`;
}

/** What the subject's administrator role must allow, in the Admin console's words: one a line. */
export function privilegesText(datasets: readonly Declared[]): string {
  return `${sorted(datasets.flatMap(({ privileges }) => privileges)).join('\n')}\n`;
}
