import type { z } from 'zod';
import {
  attestationEntry,
  attestationLine,
  besideManifests,
  type SealedAttestation,
  type WithdrawalLine,
  withdrawalLine,
} from '../../controls/sealed-attestation.ts';
import type { Sealed } from '../../evidence/contract.ts';
import type { Evidence } from '../contract.ts';
import { parsed, readBody } from './bodies.ts';
import type { SealedConfig } from './configuration.ts';

/** An attestation that was given through the API. */
export interface Given extends SealedAttestation {
  /** When another took its place, or it was withdrawn; undefined: it stands. */
  readonly endedAt: number | undefined;
  /** Null: it wasn't withdrawn, or what the withdrawal said was erased. */
  readonly withdrawal: WithdrawalLine | null;
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

  /** Whether it bears on what was asked for: else its body is not here. */
  async take(entry: Sealed): Promise<boolean> {
    const { act, aspects, replaces } = parsed(attestationEntry, entry.fields, `entry ${entry.index}`);
    if (replaces !== null) await this.#end(replaces, act, entry);
    const asked = aspects.some(this.#isAsked);
    if (act === 'given' && asked)
      this.#given.set(entry.index, {
        entry: entry.index,
        sealedAt: entry.sealedAt,
        aspects,
        line: await this.#line(entry, attestationLine),
        endedAt: undefined,
        withdrawal: null,
      });
    return asked || (replaces !== null && this.#given.has(replaces));
  }

  async #end(replaces: number, act: 'given' | 'withdrawn', entry: Sealed): Promise<void> {
    const ended = this.#given.get(replaces);
    if (ended === undefined) return;
    const withdrawal = act === 'withdrawn' ? await this.#line(entry, withdrawalLine) : ended.withdrawal;
    this.#given.set(replaces, { ...ended, endedAt: ended.endedAt ?? entry.sealedAt, withdrawal });
  }

  /** Null: it was erased. */
  async #line<T>(entry: Sealed, schema: z.ZodType<T>): Promise<T | null> {
    const { records } = await readBody(this.#evidence, entry, 'attestation', schema);
    return records[0] ?? null;
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
