import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import {
  type AttestationContent,
  type AttestationLine,
  nameOf,
  type WithdrawalLine,
} from '../controls/sealed-attestation.ts';
import type { EvidenceLog, Sealed } from '../evidence/contract.ts';
import { EngineError } from './error.ts';
import { appendOne } from './run.ts';
import { givenAttestations, givenItem, type GivenAttestation } from './state/attestation.ts';
import type { StateDatabase } from './state/database.ts';
import { judged } from './state/documents.ts';
import type { AttestationItem } from './view.ts';

/** What came of a request; an error is a refusal, and nothing was sealed. `item` undefined: there is none of that name. */
export type Attested = EngineError | { readonly item: AttestationItem | undefined };

/** Seals what people attest. One request after the other, each on a state that is brought up to the log's end. Rejects when the store fails. */
export interface Attester {
  attest(content: AttestationContent, by: string): Promise<Attested>;
  withdraw(name: string, reason: string, by: string): Promise<Attested>;
}

export interface AttesterOptions {
  readonly log: EvidenceLog;
  readonly state: StateDatabase;
  readonly logger: Pick<Logger, 'info'>;
  /** Unix seconds. */
  readonly now: () => number;
  /** Digest of the configuration in force. */
  readonly config: () => string;
}

type Act =
  | { readonly act: 'given'; readonly line: AttestationLine; readonly replaces: number | null }
  | { readonly act: 'withdrawn'; readonly line: WithdrawalLine; readonly replaces: number };

/** Ids of the lines: what `annexa erase` is told. */
const PREFIX = { given: 'attestation', withdrawn: 'withdrawal' } as const;

export function createAttester({ log, state, logger, now, config }: AttesterOptions): Attester {
  /** The last one that the store refused. It may have been sealed in spite of that: asked again, it is sealed under the same run id. */
  let unsure: (Act & { readonly runId: string }) | undefined;

  async function seal(asked: Act, aspects: readonly string[]): Promise<Sealed> {
    const attempt =
      unsure !== undefined && isAgain(unsure, asked) ? unsure : { ...asked, runId: randomUUID() };
    unsure = attempt;
    const { act, line, replaces, runId } = attempt;
    const body = await log.storeBody([{ id: `${PREFIX[act]}/${line.name}`, ...line }]);
    const sealed = await appendOne(log, {
      predicate: 'attestation',
      stream: 'attestation',
      runId,
      startedAt: line.givenAt,
      finishedAt: line.givenAt,
      config: config(),
      subjects: [{ name: 'attestation', sha256: body.sha256 }],
      fields: { act, aspects, replaces, records: body.records },
    });
    unsure = undefined;
    logger.info({ event: 'attested', act, entry: sealed.index, leaf: sealed.leafHash }, 'attested');
    return sealed;
  }

  async function find(name: string): Promise<GivenAttestation | undefined> {
    return (await givenAttestations(state)).find((one) => nameOf(one) === name);
  }

  async function conflict(name: string): Promise<EngineError | undefined> {
    const { attestations } = await judged(state);
    if (!attestations.some(({ metadata }) => metadata.name === name)) return undefined;
    return new EngineError('conflict', `the configuration has an attestation ${name}: it is changed there`);
  }

  return {
    async attest(content, by) {
      const givenAt = now();
      const refusal = untimely(content, givenAt) ?? (await conflict(content.name));
      if (refusal !== undefined) return refusal;
      const line: AttestationLine = { ...content, by, givenAt };
      const before = await find(content.name);
      if (before?.withdrawn === null && isRepeated(before.line, line))
        return { item: givenItem(before, givenAt) };
      const { index, leafHash, sealedAt } = await seal(
        { act: 'given', line, replaces: before?.entry ?? null },
        line.aspects,
      );
      const given = { entry: index, leafHash, sealedAt, aspects: line.aspects, line, withdrawn: null };
      return { item: givenItem(given, Math.max(givenAt, sealedAt)) };
    },

    async withdraw(name, reason, by) {
      const givenAt = now();
      const found = await find(name);
      if (found === undefined) return (await conflict(name)) ?? { item: undefined };
      if (found.withdrawn !== null) return { item: givenItem(found, givenAt) };
      const line = { name, by, reason, givenAt };
      const { index, sealedAt } = await seal(
        { act: 'withdrawn', line, replaces: found.entry },
        found.aspects,
      );
      return { item: givenItem({ ...found, withdrawn: { entry: index, sealedAt, line } }, sealedAt) };
    },
  };
}

function untimely({ at, expires }: AttestationContent, now: number): EngineError | undefined {
  if (at > now)
    return new EngineError('invalid', 'expected a time that is not in the future', { field: 'at' });
  if (expires <= now)
    return new EngineError('invalid', 'expected a time that is not past', { field: 'expires' });
  return undefined;
}

/** The same said by the same: whenever it came. */
function isRepeated(before: object | null, line: { readonly givenAt: number }): boolean {
  return before !== null && isDeepStrictEqual({ ...before, givenAt: 0 }, { ...line, givenAt: 0 });
}

function isAgain(before: Act, asked: Act): boolean {
  return (
    before.act === asked.act && before.replaces === asked.replaces && isRepeated(before.line, asked.line)
  );
}
