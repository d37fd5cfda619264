import { type Attestation, attestationManifest } from '../../controls/attestation.ts';
import { type Check, checkManifest } from '../../controls/check.ts';
import { exceptionManifest, type SealedException } from '../../controls/exception.ts';
import { DEFAULT_EVALUATE_EVERY, evaluateEvery } from '../../controls/period.ts';
import { soaManifest, type StatementOfApplicability } from '../../controls/soa.ts';
import type { Kysely } from 'kysely';
import { besideManifests, type SealedAttestation } from '../../controls/sealed-attestation.ts';
import { givenAttestations } from './attestation.ts';
import type { StateDatabase, StateTables } from './database.ts';

/** The sealed configuration, as far as judgement needs it, and what was attested beside it. */
export interface Judged {
  readonly checks: ReadonlyMap<string, Check>;
  readonly soa: StatementOfApplicability | undefined;
  readonly exceptions: readonly SealedException[];
  readonly attestations: readonly Attestation[];
  /** Given through the API, and standing beside those of the configuration. */
  readonly sealed: readonly SealedAttestation[];
}

/** Outside of a transaction it is read once a revision: parsing some hundred manifests takes longer than all else of an answer. */
export function judged(state: StateDatabase | Kysely<StateTables>): Promise<Judged> {
  return 'remembered' in state ? state.remembered(readJudged) : readJudged(state);
}

/** Reads what was sealed last: the sealed text decides, not the files that it came from. */
async function readJudged(state: Kysely<StateTables>): Promise<Judged> {
  const rows = await state.selectFrom('document').selectAll().orderBy('id').execute();
  const of = (kind: string) => rows.filter((row) => row.kind === kind);
  const manifest = (row: { manifest_json: string }): unknown => JSON.parse(row.manifest_json);
  const soa = of('StatementOfApplicability').at(0);
  const attestations = of('Attestation').map((row) => attestationManifest.parse(manifest(row)));
  const given = await givenAttestations(state);
  return {
    checks: new Map(of('Check').map((row) => [row.name, checkManifest.parse(manifest(row))])),
    soa: soa === undefined ? undefined : soaManifest.parse(manifest(soa)),
    exceptions: of('Exception').map((row) => ({
      exception: exceptionManifest.parse(manifest(row)),
      sealedAt: row.sealed_at,
    })),
    attestations,
    sealed: besideManifests(
      given.filter(({ withdrawn }) => withdrawn === null),
      attestations,
    ),
  };
}

/** Seconds between full assessments, by the Agent manifest that was sealed last. */
export async function assessEvery(state: Kysely<StateTables>): Promise<number> {
  const row = await state
    .selectFrom('document')
    .select('manifest_json')
    .where('kind', '=', 'Agent')
    .executeTakeFirst();
  return row === undefined ? DEFAULT_EVALUATE_EVERY : evaluateEvery.parse(JSON.parse(row.manifest_json));
}
