import { z } from 'zod';
import { attestationFields, attestationState, endsLater, words } from './attestation.ts';
import { findAspect } from './catalogue.ts';
import { aspectId, instant, manifestName, unique } from './fields.ts';

/** Attestations that are given through the API, and sealed as `attestation/v1` (docs/adr/0036). */

/** Names of those whose text was erased, by their entry. */
const ERASED_NAME = /^entry-\d+$/;

/** The aspects of one have to fit into a statement. */
const MOST_ASPECTS = 100;

/** RFC 3339 has four digits for a year. */
const moment = instant.refine((seconds) => seconds >= 0 && seconds < 253_402_300_800, {
  error: 'expected a time from 1970 to 9999, UTC',
});

/** What is sent to attest something. Who attests is never part of it. */
export const attestationContent = z
  .strictObject({
    name: manifestName.refine((name) => !ERASED_NAME.test(name), {
      error: 'expected a name of another form than entry-17: so are those called that were erased',
    }),
    ...attestationFields,
    at: moment,
    expires: moment,
    aspects: z
      .array(
        aspectId.refine((id) => findAspect(id) !== undefined, {
          error: ({ input }) => `expected an aspect of the catalogue, found ${String(input)}`,
        }),
      )
      .min(1)
      .max(MOST_ASPECTS)
      .check(unique(String)),
  })
  .check(endsLater);

export type AttestationContent = z.output<typeof attestationContent>;

/** What is sent to withdraw one. */
export const withdrawalContent = z.strictObject({ reason: words });

/** The one line of the body of an attestation. Times are Unix seconds. */
export const attestationLine = z.object({
  name: z.string(),
  aspects: z.array(z.string()),
  statement: z.string(),
  /** Who was authenticated: `<method>:<name>`. */
  by: z.string(),
  at: z.int(),
  documents: z.array(z.object({ name: z.string(), sha256: z.string() })),
  expires: z.int(),
  givenAt: z.int(),
});

export type AttestationLine = z.output<typeof attestationLine>;

/** The one line of the body of a withdrawal. */
export const withdrawalLine = z.object({
  name: z.string(),
  by: z.string(),
  reason: z.string(),
  givenAt: z.int(),
});

export type WithdrawalLine = z.output<typeof withdrawalLine>;

/** An entry's own fields. `replaces`: the entry whose place it takes; of a withdrawal the one that counts no more. */
export const attestationEntry = z.object({
  act: z.enum(['given', 'withdrawn']),
  aspects: z.array(z.string()),
  replaces: z.int().nullable(),
});

/** One that stands, as its entry and its body say. */
export interface SealedAttestation {
  /** Log index. */
  readonly entry: number;
  /** Unix seconds: it counts from then on, however early that is which it attests. */
  readonly sealedAt: number;
  readonly aspects: readonly string[];
  /** Null: it was erased. */
  readonly line: AttestationLine | null;
}

export function nameOf({ line, entry }: Pick<SealedAttestation, 'line' | 'entry'>): string {
  return line?.name ?? `entry-${entry}`;
}

export type SealedState = ReturnType<typeof attestationState> | 'erased';

export function sealedState(
  { line, sealedAt }: Pick<SealedAttestation, 'line' | 'sealedAt'>,
  now: number,
): SealedState {
  if (line === null) return 'erased';
  return attestationState({ spec: { at: Math.max(line.at, sealedAt), expires: line.expires } }, now);
}

/** While the configuration has an attestation of the same name, that one counts. */
export function besideManifests<T extends SealedAttestation>(
  sealed: Iterable<T>,
  manifests: readonly { readonly metadata: { readonly name: string } }[],
): readonly T[] {
  const names = new Set(manifests.map(({ metadata }) => metadata.name));
  return [...sealed].filter((one) => !names.has(nameOf(one)));
}
