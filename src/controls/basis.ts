import { kinds } from '../inventory/kinds.ts';
import type { Basis } from './catalogue.ts';
import type { Check } from './check.ts';

/** Kinds whose records come from registers that the organisation keeps, not from the systems themselves. No kind comes from both. */
export const recordedKinds: ReadonlySet<string> = new Set([
  'access_review',
  'acknowledgement',
  'agreement',
  'area_owner',
  'asset',
  'badge',
  'corrective_action',
  'departure',
  'document',
  'exercise',
  'incident',
  'internal_audit',
  'maintenance_record',
  'management_review',
  'media_disposal',
  'person',
  'restore_test',
  'risk',
  'role_holder',
  'soa_control',
  'supplier',
  'threat_item',
  'training_record',
  'transfer',
]);

const kindOfTable: ReadonlyMap<string, string> = new Map(
  [...kinds.values()].flatMap(({ name, tables }) => tables.map((table) => [table.name, name])),
);

/** Tables that a condition reads beside its own: checks compile, so that each follows one of these words. */
const READ = /\b(?:from|join)\s+"?([a-z_]+)/gi;

/**
 * What a check's answer rests on. Systems that are matched against a register are live evidence, as the catalogue has it, whichever of the two
 * is looked through; registers that are held against each other are recorded.
 */
export function basisOf({ spec }: Pick<Check, 'spec'>): Exclude<Basis, 'attested'> {
  const text = `${spec.where ?? ''} ${spec.fails}`;
  const read = [...text.matchAll(READ)].flatMap(
    ([, table = '']) => kindOfTable.get(table.toLowerCase()) ?? [],
  );
  return [spec.kind, ...read].every((kind) => recordedKinds.has(kind)) ? 'recorded' : 'live';
}
