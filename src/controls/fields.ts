import { z } from 'zod';

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** The one version that manifests have. */
export const apiVersion = 'annexa.dev/v1alpha1';

/** Text that a person reads: at least one character that isn't white space. */
export const text = z.string().regex(/\S/, 'expected text, found none');

/** The name of a manifest: lower-case letters, digits and `-`, at most 63 (a DNS label, as in Kubernetes). */
export const manifestName = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
    'expected 1 to 63 lower-case letters, digits and "-", with a letter or a digit first and last',
  );

/** `<control>/<aspect>`, such as `A.5.18/removal`. Whether it exists, the catalogue says. */
export const aspectId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9.-]*\/[a-z0-9][a-z0-9-]*$/, 'expected an aspect such as A.5.18/removal');

/** The seconds of a length of time such as `90d`, already known to be well formed. */
export function seconds(value: string): number {
  return Number(value.slice(0, -1)) * (unitSeconds[value.slice(-1)] ?? Number.NaN);
}

/** A length of time such as `30m`, `24h` or `90d`; read as seconds. */
export const duration = z
  .string()
  .regex(/^[1-9][0-9]{0,6}[smhdw]$/, 'expected a duration such as 30m, 24h or 90d')
  .transform(seconds);

/** An RFC 3339 date, which means its first moment in UTC, or a date-time with its offset; read as Unix seconds (a fraction is cut off). */
export const instant = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })], {
    error: 'expected a date such as 2026-01-31, or a date-time with its offset such as 2026-01-31T09:00:00Z',
  })
  .transform((value) => Math.floor(Date.parse(value) / 1000));

const metadata = z.strictObject({
  name: manifestName,
  annotations: z.record(z.string(), z.string()).optional(),
});

/** A manifest of the kind: `{ apiVersion, kind, metadata, spec }`, no other fields. */
export function manifest<K extends string, S extends z.ZodType>(kind: K, spec: S) {
  return z.strictObject({
    apiVersion: z.literal(apiVersion),
    kind: z.literal(kind),
    metadata,
    spec,
  });
}

/** Refuses the second of two equal values, naming it. */
export function unique<T>(key: (item: T) => string) {
  return (context: z.core.ParsePayload<T[]>): void => {
    const seen = new Set<string>();
    for (const [index, item] of context.value.entries()) {
      const value = key(item);
      if (seen.has(value)) {
        context.issues.push({
          code: 'custom',
          input: item,
          path: [index],
          message: `${value} is listed twice`,
        });
      }
      seen.add(value);
    }
  };
}
