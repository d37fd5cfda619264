import { z } from 'zod';
import type { Kind } from '../../inventory/kind.ts';
import { kinds } from '../../inventory/kinds.ts';
import { typed } from '../../inventory/typed.ts';
import { dateFormat, isAllowedUrl, timeZone } from '../exports/config.ts';
import { secretRef } from '../secret-ref.ts';
import { registers } from './registers.ts';
import { type Section, sectionSchema } from './section.ts';

const google = z.strictObject({
  /** A service account's key, as JSON; absent: Application Default Credentials. */
  credentials: secretRef.optional(),
  /** Another endpoint than Google's own, for tokens too; marked as such in the evidence. */
  endpoint: z.string().refine(isAllowedUrl, 'expected an https URL').optional(),
  /** Of one call, the first included. */
  maxAttempts: z.int().min(1).max(10).default(4),
});

export type GoogleConfig = z.output<typeof google>;

const own = {
  /** Part of every record's id. */
  scope: z.string().regex(/^[A-Za-z0-9._-]{1,128}$/, 'expected 1 to 128 letters, digits, ".", "_" and "-"'),
  title: z.string().min(1).max(128).optional(),
  dateFormat: dateFormat.default('YYYY-MM-DD'),
  /** In which days begin and end. */
  timeZone: timeZone.default('UTC'),
  google: google.prefault({}),
};

const shape = z.strictObject(own);

/** What holds for every register; `sectionOf` has what is said of one. */
export type RegisterConfig = z.output<typeof shape>;

/** The section of a Collector manifest whose plugin is `register`. */
export const registerConfig: z.ZodType<RegisterConfig> = z
  .strictObject({
    ...own,
    ...Object.fromEntries(registers.map(({ section, kind }) => [section, schemaOf(kind)])),
  })
  .refine((settings) => registers.some(({ section }) => Reflect.get(settings, section) !== undefined), {
    error: `expected one register at least: ${registers.map(({ section }) => section).join(', ')}`,
  });

/** Made for the registers that are configured alone. */
function schemaOf(name: string): z.ZodOptional<z.ZodType<Section>> {
  return z.lazy(() => sectionSchema(kindOf(name))).optional();
}

export function kindOf(name: string): Kind {
  const kind = kinds.get(name);
  if (kind === undefined) throw new TypeError(`no kind ${name}`);
  return kind;
}

/** The section of a register; undefined when it isn't configured. */
export function sectionOf(config: RegisterConfig, name: string): Section | undefined {
  return typed<Readonly<Record<string, Section | undefined>>>(config)[name];
}
