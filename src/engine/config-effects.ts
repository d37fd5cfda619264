import type { Config, ConfigDocument } from '../config/contract.ts';
import type { DocumentChange } from '../config/diff.ts';
import { scopeManifest } from '../config/schemas.ts';
import { type Absence, absenceOf } from '../controls/absence.ts';
import { compareVerdicts, mergeChanges, type VerdictChange } from '../controls/changes.ts';
import { type Check, checkManifest } from '../controls/check.ts';
import type { SourceState, Verdict } from '../controls/contract.ts';
import { judgeChecks } from '../controls/judge.ts';
import type { Judged } from '../controls/verdict-params.ts';
import type { Stores } from './stores.ts';

type Verdicts = ReadonlyMap<string, Verdict>;

/** One side of a change: the checks and the absences of a configuration. */
interface Side {
  readonly checks: readonly Check[];
  readonly absent: readonly Absence[];
}

/**
 * What each changed check says of the same inventory at the same moment, as it was and as it is; and, under the Scope's id, what all checks say whose kind
 * is declared absent from now on, or no longer.
 */
export async function configEffects(
  stores: Pick<Stores, 'sandbox' | 'state'>,
  before: readonly ConfigDocument[],
  changes: readonly DocumentChange[],
  after: Config,
  now: number,
  sources: readonly SourceState[],
) {
  const changed = changes.map(({ document }) => document);
  const isChanged = (name: string) => changed.includes(`Check/${name}`);
  const absent = { was: absencesIn(before), is: after.scope?.absent ?? [] };
  const moved = after.checks.filter(
    ({ metadata, spec }) =>
      !isChanged(metadata.name) &&
      (absenceOf(absent.was, spec.kind) === undefined) !== (absenceOf(absent.is, spec.kind) === undefined),
  );
  const olds = checksIn(before).filter(({ metadata }) => isChanged(metadata.name));
  const news = after.checks.filter(({ metadata }) => isChanged(metadata.name));
  const judged = (await judgedLast(stores, after.checks)).filter(
    ({ check }) => !isChanged(check.metadata.name),
  );
  const judge = async ({ checks, absent }: Side): Promise<Verdicts> => {
    // What feeds a kind that is declared absent is being taken out.
    const left = sources.filter(({ kinds }) => !kinds.some((kind) => absenceOf(absent, kind)));
    const judgement = { checks, absent, now, sources: left, judged, open: () => [] };
    const verdicts = await judgeChecks(stores.sandbox, judgement);
    return new Map(verdicts.map((verdict) => [verdict.check, verdict]));
  };
  const was = await judge({ checks: [...olds, ...moved], absent: absent.was });
  const is = await judge({ checks: [...news, ...moved], absent: absent.is });
  const effectOf = (name: string) => compareVerdicts(was.get(name), is.get(name));
  const line = (id: string, { check: _check, ...change }: VerdictChange) => ({ id, now, ...change });
  const ofChecks = changed
    .filter((id) => id.startsWith('Check/'))
    .map((id) => line(id, effectOf(id.slice('Check/'.length))));
  const ofScope = changed
    .filter((id) => id.startsWith('Scope/') && moved.length > 0)
    .map((id) => line(id, mergeChanges(moved.map(({ metadata }) => effectOf(metadata.name)))));
  return [...ofChecks, ...ofScope];
}

function checksIn(documents: readonly ConfigDocument[]): readonly Check[] {
  return documents
    .filter(({ kind }) => kind === 'Check')
    .flatMap(({ manifest }) => checkManifest.safeParse(manifest).data ?? []);
}

function absencesIn(documents: readonly ConfigDocument[]): readonly Absence[] {
  const scope = documents.find(({ kind }) => kind === 'Scope');
  return scopeManifest.safeParse(scope?.manifest).data?.spec.absent ?? [];
}

/** The checks with the outcomes of their last verdicts. */
async function judgedLast(
  { state }: Pick<Stores, 'state'>,
  checks: readonly Check[],
): Promise<readonly Judged[]> {
  const rows = await state.selectFrom('verdict').select(['check_name', 'outcome']).execute();
  const outcomes = new Map(rows.map((row) => [row.check_name, row.outcome]));
  return checks.flatMap((check) => {
    const outcome = outcomes.get(check.metadata.name);
    return outcome === undefined ? [] : [{ check, outcome }];
  });
}
