import type { Kysely, Transaction } from 'kysely';
import type { z } from 'zod';
import { attestationState, type Attestation } from '../../controls/attestation.ts';
import {
  attestationEntry,
  attestationLine,
  nameOf,
  type SealedAttestation,
  sealedState,
  type WithdrawalLine,
  withdrawalLine,
} from '../../controls/sealed-attestation.ts';
import type { Sealed } from '../../evidence/contract.ts';
import type { EvidenceReader } from '../../evidence/view.ts';
import { ownJson } from '../own.ts';
import type { AttestationDetail, AttestationItem } from '../view.ts';
import type { StateTables } from './database.ts';
import { subject } from './subject.ts';

/** One that was given through the API and whose place no other has taken, with its withdrawal. */
export interface GivenAttestation extends SealedAttestation {
  readonly leafHash: string;
  readonly withdrawn: {
    readonly entry: number;
    readonly sealedAt: number;
    /** Null: it was erased. */
    readonly line: WithdrawalLine | null;
  } | null;
}

/** Takes over an attestation, or a withdrawal, and ends the one that it names. */
export async function attestationApplied(
  work: Transaction<StateTables>,
  log: EvidenceReader,
  entry: Sealed,
): Promise<void> {
  const { act, aspects, replaces } = attestationEntry.parse(entry.fields);
  if (act === 'withdrawn') {
    const line = await onlyLine(log, entry, withdrawalLine);
    await work
      .updateTable('attestation')
      .set({
        withdrawn_at: entry.sealedAt,
        withdrawal: entry.index,
        withdrawal_json: line && JSON.stringify(line),
      })
      .where('entry', '=', replaces)
      .execute();
    return;
  }
  const line = await onlyLine(log, entry, attestationLine);
  if (replaces !== null) await work.deleteFrom('attestation').where('entry', '=', replaces).execute();
  await work
    .insertInto('attestation')
    .values({
      entry: entry.index,
      leaf_hash: entry.leafHash,
      sealed_at: entry.sealedAt,
      aspects_json: JSON.stringify(aspects),
      line_json: line && JSON.stringify(line),
      withdrawn_at: null,
      withdrawal: null,
      withdrawal_json: null,
    })
    .execute();
}

/** Null: it was erased. */
async function onlyLine<T>(log: EvidenceReader, entry: Sealed, schema: z.ZodType<T>): Promise<T | null> {
  let found: T | null = null;
  for await (const line of (await log.lines(subject(entry, 'attestation'), entry.index)) ?? [])
    if ('record' in line) found = schema.parse(line.record);
  return found;
}

/** Those that no other has replaced, the withdrawn ones too; in the order of the log. */
export async function givenAttestations(state: Kysely<StateTables>): Promise<readonly GivenAttestation[]> {
  const rows = await state.selectFrom('attestation').selectAll().orderBy('entry').execute();
  return rows.map((row) => ({
    entry: row.entry,
    leafHash: row.leaf_hash,
    sealedAt: row.sealed_at,
    aspects: ownJson<string[]>(row.aspects_json),
    line: row.line_json === null ? null : attestationLine.parse(JSON.parse(row.line_json)),
    withdrawn:
      row.withdrawal === null || row.withdrawn_at === null
        ? null
        : {
            entry: row.withdrawal,
            sealedAt: row.withdrawn_at,
            line: row.withdrawal_json === null ? null : withdrawalLine.parse(JSON.parse(row.withdrawal_json)),
          },
  }));
}

/** As it stands at a moment. */
export function givenItem(given: GivenAttestation, now: number): AttestationItem {
  const { line, withdrawn } = given;
  const state = withdrawn === null ? sealedState(given, now) : 'withdrawn';
  return {
    name: nameOf(given),
    source: 'api',
    aspects: given.aspects,
    by: line?.by ?? null,
    at: line?.at ?? null,
    expiresAt: line?.expires ?? null,
    valid: state === 'valid',
    state,
    sealedAt: given.sealedAt,
    evidence: given.entry,
    leafHash: given.leafHash,
    withdrawn: withdrawn && {
      at: withdrawn.sealedAt,
      by: withdrawn.line?.by ?? null,
      reason: withdrawn.line?.reason ?? null,
      evidence: withdrawn.entry,
    },
  };
}

export function givenDetail(given: GivenAttestation, now: number): AttestationDetail {
  const { line } = given;
  return {
    ...givenItem(given, now),
    statement: line?.statement ?? null,
    documents: line?.documents ?? [],
  };
}

export function manifestDetail(attestation: Attestation, now: number): AttestationDetail {
  const { metadata, spec } = attestation;
  const state = attestationState(attestation, now);
  return {
    name: metadata.name,
    source: 'configuration',
    aspects: spec.aspects,
    by: spec.by,
    at: spec.at,
    expiresAt: spec.expires,
    valid: state === 'valid',
    state,
    sealedAt: null,
    evidence: null,
    leafHash: null,
    withdrawn: null,
    statement: spec.statement,
    documents: spec.documents,
  };
}
