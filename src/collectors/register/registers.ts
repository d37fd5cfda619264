import type { DatasetSpec } from '../contract.ts';
import { SHEETS_OPERATION, SHEETS_SCOPE, TOKEN_OPERATION } from './sheet/names.ts';

/** One register: its dataset, the section of the settings that says where it is, and the kind that its rows become. */
export interface RegisterSpec {
  readonly dataset: string;
  readonly section: string;
  readonly kind: string;
}

/** Every register that can be mapped. A new one is a line here. */
export const registers: readonly RegisterSpec[] = [
  { dataset: 'training', section: 'training', kind: 'training_record' },
  { dataset: 'documents', section: 'documents', kind: 'document' },
  { dataset: 'acknowledgements', section: 'acknowledgements', kind: 'acknowledgement' },
  { dataset: 'suppliers', section: 'suppliers', kind: 'supplier' },
  { dataset: 'risks', section: 'risks', kind: 'risk' },
  { dataset: 'incidents', section: 'incidents', kind: 'incident' },
  { dataset: 'access-reviews', section: 'accessReviews', kind: 'access_review' },
  { dataset: 'internal-audits', section: 'internalAudits', kind: 'internal_audit' },
  { dataset: 'area-owners', section: 'areaOwners', kind: 'area_owner' },
  { dataset: 'management-reviews', section: 'managementReviews', kind: 'management_review' },
  { dataset: 'corrective-actions', section: 'correctiveActions', kind: 'corrective_action' },
  { dataset: 'restore-tests', section: 'restoreTests', kind: 'restore_test' },
  { dataset: 'exercises', section: 'exercises', kind: 'exercise' },
  { dataset: 'assets', section: 'assets', kind: 'asset' },
  { dataset: 'role-holders', section: 'roleHolders', kind: 'role_holder' },
  { dataset: 'agreements', section: 'agreements', kind: 'agreement' },
  { dataset: 'badges', section: 'badges', kind: 'badge' },
  { dataset: 'media-disposals', section: 'mediaDisposals', kind: 'media_disposal' },
  { dataset: 'maintenance', section: 'maintenance', kind: 'maintenance_record' },
  { dataset: 'threats', section: 'threats', kind: 'threat_item' },
];

/** What people have not dated anew for a month supports nothing. */
const freshness = 31 * 86_400;

const operations = ['read', 'GET', SHEETS_OPERATION, TOKEN_OPERATION];
const permissions = ['read the register', SHEETS_SCOPE];

export const datasets: readonly DatasetSpec[] = registers.map(({ dataset, section, kind }) => ({
  name: dataset,
  kinds: [kind],
  cadence: 'every 24h',
  freshness,
  operations,
  permissions,
  minRecords: 1,
  needs: section,
}));
