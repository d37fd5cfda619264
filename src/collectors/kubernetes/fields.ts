import { z } from 'zod';

/** Unix seconds of a time as the API writes it. */
export const time = z.iso.datetime({ offset: true }).transform((text) => Math.floor(Date.parse(text) / 1000));

/** Whole days of a duration in Go's form, such as 720h0m0s; what it isn't is an error. */
export function daysOf(duration: string): number | undefined {
  const found = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)(?:\.\d+)?s)?$/.exec(duration);
  if (found === null || duration === '') return undefined;
  const [hours = 0, minutes = 0, seconds = 0] = found.slice(1).map((part) => Number(part ?? 0));
  return Math.floor((hours * 3600 + minutes * 60 + seconds) / 86_400);
}

/** A word of the API in ours. One that is not known here is an error: it must not be taken for a good one. */
export function wordIn<const V extends string>(words: Readonly<Record<string, V>>) {
  const known = new Map(Object.entries(words));
  return z.string().transform((word, context): V => {
    const ours = known.get(word);
    if (ours !== undefined) return ours;
    context.addIssue({ code: 'custom', message: `expected one of ${[...known.keys()].join(', ')}` });
    return z.NEVER;
  });
}
