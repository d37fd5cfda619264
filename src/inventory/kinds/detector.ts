import { z } from 'zod';
import { identifier, instant, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind('detector', {
  /** `threat`: hostile behaviour; `vulnerability`: known weaknesses; `configuration`: settings and their changes; `access`: grants to outsiders. */
  type: z.enum(['threat', 'vulnerability', 'configuration', 'access']),
  /** The service's own name. */
  name: text,
  /** Empty where it lies in no one region. */
  region: text,
  /** Empty: there is none. */
  resource: text,
  /** Whether it works now. */
  enabled: z.boolean(),
  /** Whether it watches all that it could. */
  complete: z.boolean().nullable(),
  /** When it last delivered what it saw; null: it delivers nothing, or doesn't tell. */
  last_delivered_at: instant.nullable(),
  /** Whether the last delivery failed. */
  delivery_failed: z.boolean().nullable(),
  features: z.array(z.strictObject({ name: identifier, enabled: z.boolean() })),
});

/** A service that watches an account or region. One that is off is a record, too, so that its absence shows. */
export type DetectorRecord = z.infer<typeof table.schema>;

export const detector = table.kind;
