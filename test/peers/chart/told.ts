import { z } from 'zod';
import { CHOSEN } from './installed.ts';

const collectors = z.object({
  items: z.array(
    z.object({
      name: z.string(),
      datasets: z.array(
        z.object({
          dataset: z.string(),
          state: z.string(),
          detail: z.string(),
          asOf: z.string().nullable(),
          records: z.int().nullable(),
        }),
      ),
    }),
  ),
});
type Dataset = z.infer<typeof collectors>['items'][number]['datasets'][number];

/** Asks the agent on a port, as a caller with a token. */
export type Ask = (path: string) => Promise<Response>;

export async function datasetsOf(ask: Ask, collector: string): Promise<readonly Dataset[]> {
  const answer = await ask('/api/v1/collectors');
  return collectors.parse(await answer.json()).items.find(({ name }) => name === collector)?.datasets ?? [];
}

/** Whether every dataset chosen is fresh, and of a time after the instant. */
export async function collectedAfter(ask: Ask, instant: number): Promise<boolean> {
  const found = await datasetsOf(ask, 'kubernetes');
  return (
    found.length === CHOSEN.length &&
    found.every(({ state, asOf }) => state === 'fresh' && Date.parse(asOf ?? '') > instant)
  );
}

const runs = z.object({
  items: z.array(
    z.object({
      startedAt: z.string(),
      datasets: z.array(z.object({ reason: z.string().nullable() })),
    }),
  ),
});

/** Why datasets were not collected, in runs that started after the instant. */
export async function failedSince(ask: Ask, instant: number): Promise<ReadonlySet<string | null>> {
  const { items } = runs.parse(await (await ask('/api/v1/runs')).json());
  const since = items.filter(({ startedAt }) => Date.parse(startedAt) >= instant);
  return new Set(since.flatMap(({ datasets }) => datasets.map(({ reason }) => reason)));
}

/** Records of each dataset chosen, as they are told. */
export async function recordsOf(ask: Ask): Promise<Readonly<Record<string, number | null>>> {
  return Object.fromEntries((await datasetsOf(ask, 'kubernetes')).map((one) => [one.dataset, one.records]));
}
