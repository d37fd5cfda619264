import { z } from 'zod';
import { aspectId, instant, manifest, text, unique } from './fields.ts';

/** Half a surrogate pair can't be sealed. */
export const words = text.refine((value) => value.isWellFormed(), {
  error: 'expected Unicode text, found half a surrogate pair',
});

/** What somebody attests, however it reaches the agent. */
export const attestationFields = {
  aspects: z.array(aspectId).min(1).check(unique(String)),
  /** What was done or seen, and with which result. */
  statement: words,
  /** When it was done or seen, Unix seconds. */
  at: instant,
  documents: z
    .array(
      z.strictObject({
        name: words,
        /** Of the document's bytes. */
        sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits'),
      }),
    )
    .default([])
    .check(unique((document) => document.name)),
  /** Unix seconds: the first moment at which it no longer counts. */
  expires: instant,
};

/** Refuses one that expires before what it is about. */
export function endsLater(
  context: z.core.ParsePayload<{ readonly at: number; readonly expires: number }>,
): void {
  const { at, expires } = context.value;
  if (expires > at) return;
  context.issues.push({
    code: 'custom',
    input: expires,
    path: ['expires'],
    message: 'expected a time after at',
  });
}

/**
 * The `Attestation` manifest: manual evidence for aspects of controls. `by` is only asserted in the configuration, and reports say so; one that
 * is given through the API is by whom the agent knows (sealed-attestation.ts).
 */
export const attestationManifest = manifest(
  'Attestation',
  z.strictObject({ ...attestationFields, by: text }).check(endsLater),
);

export type Attestation = z.output<typeof attestationManifest>;

/** How an attestation stands at the moment: one dated later than now does not count yet. */
export function attestationState(
  { spec }: { readonly spec: Pick<Attestation['spec'], 'at' | 'expires'> },
  now: number,
): 'valid' | 'expired' | 'not_yet' {
  if (now >= spec.expires) {
    return 'expired';
  }
  return now < spec.at ? 'not_yet' : 'valid';
}
