import { z } from 'zod';
import { aspectId, instant, manifest, text, unique } from './fields.ts';

/**
 * The `Attestation` manifest: manual evidence for aspects of controls. Until access control exists, `by` is only asserted in the
 * configuration, and reports say so.
 */
export const attestationManifest = manifest(
  'Attestation',
  z
    .strictObject({
      aspects: z.array(aspectId).min(1).check(unique(String)),
      /** What was done or seen, and with which result. */
      statement: text,
      by: text,
      /** When it was done or seen, Unix seconds. */
      at: instant,
      documents: z
        .array(
          z.strictObject({
            name: text,
            /** Of the document's bytes. */
            sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits'),
          }),
        )
        .default([])
        .check(unique((document) => document.name)),
      /** Unix seconds: the first moment at which it no longer counts. */
      expires: instant,
    })
    .refine((spec) => spec.expires > spec.at, { path: ['expires'], message: 'expected a time after at' }),
);

export type Attestation = z.output<typeof attestationManifest>;

/** How an attestation stands at the moment: one dated later than now does not count yet. */
export function attestationState(attestation: Attestation, now: number): 'valid' | 'expired' | 'not_yet' {
  if (now >= attestation.spec.expires) {
    return 'expired';
  }
  return now < attestation.spec.at ? 'not_yet' : 'valid';
}
