import { z } from 'zod';

type Labels = Readonly<Record<string, string>>;

/** A label selector of the API; one that asks for nothing takes in everything. */
export const labelSelector = z.object({
  matchLabels: z.record(z.string(), z.string()).default({}),
  matchExpressions: z
    .array(
      z.object({
        key: z.string(),
        operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
        values: z.array(z.string()).default([]),
      }),
    )
    .default([]),
});
export type LabelSelector = z.output<typeof labelSelector>;

export function takesAll({ matchLabels, matchExpressions }: LabelSelector): boolean {
  return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0;
}

/** As the API server matches: what must not be among the values may also be missing. */
export function matches({ matchLabels, matchExpressions }: LabelSelector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values }) => {
      const value = labels[key];
      if (operator === 'Exists') return value !== undefined;
      if (operator === 'DoesNotExist') return value === undefined;
      if (operator === 'In') return value !== undefined && values.includes(value);
      return value === undefined || !values.includes(value);
    })
  );
}

/** Labels as records keep them, sorted. */
export function tagsOf(labels: Labels): { readonly key: string; readonly value: string }[] {
  return Object.keys(labels)
    .sort()
    .map((key) => ({ key, value: labels[key] ?? '' }));
}
