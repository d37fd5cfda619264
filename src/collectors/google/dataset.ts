import type { InventoryRecord } from '../../inventory/kind.ts';
import type { DatasetSpec } from '../contract.ts';
import type { GoogleConfig } from './config.ts';
import type { Session } from './session.ts';

/**
 * A dataset of Google Workspace. What is told of it is data, so that permissions and documents can be made without the SDK; `load` brings the
 * code. `operations` are the ids of Google's API descriptions; `permissions` are OAuth scopes, which domain-wide delegation grants.
 */
export interface GoogleDataset extends DatasetSpec {
  /** What the subject's administrator role must allow, in the Admin console's words. */
  readonly privileges: readonly string[];
  readonly load: () => Promise<GoogleWorker>;
}

export interface GoogleWorker {
  /** Every record of the dataset, or rejects. */
  collect(work: Work): AsyncIterable<InventoryRecord>;
  /** By permission: calls what it permits for as little as it can give. */
  readonly probes: Readonly<Record<string, (work: Work) => Promise<unknown>>>;
}

/** One dataset of the customer. */
export interface Work {
  readonly session: Session;
  readonly config: GoogleConfig;
}

/** What every record begins with. `native` is immutable, and like no other in the customer. */
export function common<const Kind extends string>(
  { config: { scope } }: Pick<Work, 'config'>,
  kind: Kind,
  native: string,
) {
  return { id: recordId(scope, native), kind, source: 'google', scope };
}

export function recordId(scope: string, native: string): string {
  return `google:${scope}:${native}`;
}

/** An OAuth scope of the Directory API. */
export function directoryScope(name: string): string {
  return `https://www.googleapis.com/auth/admin.directory.${name}`;
}

/** To see that the subject belongs to the customer that is configured. */
export const CUSTOMER = directoryScope('customer.readonly');
