import type { Aspect, Control } from './catalogue.ts';
import { apiVersion } from './fields.ts';

const YEAR = 365 * 86_400;

const WARNING = `#
# Systems or registers can show this: an assessor may not take anybody's word for it.
`;

export interface AttestationTemplate {
  /** `metadata.name`: the aspect's id in the form of one. */
  readonly name: string;
  readonly text: string;
}

/**
 * An Attestation manifest for an aspect, to be filled in: until each TODO is, validation names it. `now` is Unix seconds; the expiry that is
 * suggested lies a year later.
 */
export function attestationTemplate(
  control: Pick<Control, 'id' | 'title' | 'description'>,
  aspect: Aspect,
  now: number,
): AttestationTemplate {
  const name = aspect.id.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  const text = `# ${control.id} ${control.title}
# ${control.description}
#
# Aspect: ${aspect.title}
# What an assessor would look at: ${aspect.evidence}
${aspect.basis.includes('attested') ? '' : WARNING}apiVersion: ${apiVersion}
kind: Attestation
metadata: { name: ${name} }
spec:
  aspects: [${aspect.id}]
  statement: # TODO: what was done or seen, and with which result
  by: # TODO: who attests it
  at: # TODO: when it was done or seen, such as ${day(now)}
  expires: # TODO: the first day on which it no longer counts, such as ${day(now + YEAR)}
  # What it rests on, each by the SHA-256 of its bytes (sha256sum FILE): - { name: minutes.pdf, sha256: ... }
  documents: []
`;
  return { name, text };
}

function day(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}
