import { z } from 'zod';
import { findControl } from './catalogue.ts';
import { instant, manifest, text, unique } from './fields.ts';

/** The id of a control in Annex A (`A.5.18`), a clause (`9.2`), or the organisation's own (`ACME-3`). */
const controlId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9.-]*$/, 'expected a control such as A.5.18, or an id of your own');

const included = z.strictObject({
  control: controlId,
  applicable: z.literal(true),
  /** Why it is included: clause 6.1.3 d asks for that too. */
  justification: text,
  implementation: z.enum(['implemented', 'partial', 'planned']),
  owner: text.optional(),
  /** For a control that is not in Annex A. */
  title: text.optional(),
});

const excluded = z.strictObject({
  control: controlId.refine((id) => findControl(id)?.theme !== 'clause', {
    message: 'clauses 4 to 10 are requirements: expected a control of Annex A or one of your own',
  }),
  applicable: z.literal(false),
  /** Why it is excluded. */
  justification: text,
  owner: text.optional(),
  title: text.optional(),
});

/** The `StatementOfApplicability` manifest (clause 6.1.3 d). */
export const soaManifest = manifest(
  'StatementOfApplicability',
  z.strictObject({
    version: text,
    approver: text,
    /** Unix seconds. */
    approvedAt: instant,
    controls: z
      .array(z.discriminatedUnion('applicable', [included, excluded]))
      .min(1)
      .check(unique((entry) => entry.control)),
  }),
);

export type StatementOfApplicability = z.output<typeof soaManifest>;
export type SoaEntry = StatementOfApplicability['spec']['controls'][number];

/** The entry of a control; undefined when the statement does not list it, or when there is none. */
export function soaEntry(soa: StatementOfApplicability | undefined, control: string): SoaEntry | undefined {
  return soa?.spec.controls.find((entry) => entry.control === control);
}
