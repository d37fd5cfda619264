import { z } from 'zod';

/** How the evidence of a source stood at an assessment, as it says; `id` is the source's key. */
export const sourceSchema = z.object({
  id: z.string(),
  collector: z.string(),
  dataset: z.string(),
  scope: z.string(),
  kinds: z.array(z.string()),
  state: z.enum(['fresh', 'stale', 'missing']),
  asOf: z.int().nullable(),
  body: z.string().nullable(),
  index: z.int().nullable(),
  detail: z.string(),
});

export type Source = z.output<typeof sourceSchema>;
