import {
  attestationEntry,
  attestationLine,
  besideManifests,
  type SealedAttestation,
} from '../../controls/sealed-attestation.ts';
import type { Sealed } from '../../evidence/contract.ts';
import type { Evidence } from '../contract.ts';
import { parsed, readBody } from './bodies.ts';
import type { SealedConfig } from './configuration.ts';

/** An attestation that was given through the API. */
export interface Given extends SealedAttestation {
  /** When another took its place, or it was withdrawn; undefined: it stands. */
  readonly endedAt: number | undefined;
}

/** Follows the attestations of the API, as the agent does: what an entry ends counts no more from there on. */
export class AttestedLog {
  readonly #evidence: Evidence;
  readonly #isAsked: (aspect: string) => boolean;
  /** By entry. */
  readonly #given = new Map<number, Given>();

  constructor(evidence: Evidence, isAsked: (aspect: string) => boolean) {
    this.#evidence = evidence;
    this.#isAsked = isAsked;
  }

  /** The body of one that answers nothing which was asked for is not here. */
  async take(entry: Sealed): Promise<boolean> {
    const where = `entry ${entry.index}`;
    const { act, aspects, replaces } = parsed(attestationEntry, entry.fields, where);
    const ended = replaces === null ? undefined : this.#given.get(replaces);
    if (ended !== undefined)
      this.#given.set(ended.entry, { ...ended, endedAt: ended.endedAt ?? entry.sealedAt });
    const asked = aspects.some(this.#isAsked);
    if (act === 'given' && asked) {
      const { records } = await readBody(this.#evidence, entry, 'attestation', attestationLine);
      this.#given.set(entry.index, {
        entry: entry.index,
        sealedAt: entry.sealedAt,
        aspects,
        line: records[0] ?? null,
        endedAt: undefined,
      });
    }
    return ended !== undefined || asked;
  }

  /** Those that count beside the configuration's. */
  standing({ attestations }: Pick<SealedConfig, 'attestations'>): readonly Given[] {
    const standing = [...this.#given.values()].filter(({ endedAt }) => endedAt === undefined);
    return besideManifests(standing, attestations);
  }

  /** All of them, in the order of the log. */
  all(): readonly Given[] {
    return [...this.#given.values()];
  }
}
