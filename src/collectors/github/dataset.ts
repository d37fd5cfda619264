import type { InventoryRecord } from '../../inventory/kind.ts';
import type { CollectorContext, DatasetSpec, Provenance } from '../contract.ts';
import type { GithubConfig } from './config.ts';
import type { Opening } from './opening.ts';
import type { Session } from './session.ts';

/**
 * A dataset of GitHub, one scope an organisation. `operations` are routes of the REST API, and `graphql:` with the connection that a query
 * reads; `permissions` are GitHub's own words for those of apps and fine-grained tokens.
 */
export interface GithubDataset extends DatasetSpec {
  /** The same permissions as an app's manifest names them. */
  readonly app: Readonly<Record<string, 'read'>>;
  readonly load: () => Promise<GithubWorker>;
}

export interface GithubWorker {
  /** Every record of the dataset in the organisation, or rejects. */
  collect(work: Work): AsyncIterable<InventoryRecord>;
  /** By permission: asks for as little as shows that it is held. Rejects when it is not. */
  readonly probes: Readonly<Record<string, (work: Work) => Promise<unknown>>>;
}

/** One dataset in one organisation. */
export interface Work {
  readonly session: Session;
  readonly organization: Opening;
  /** The scope of every record: the login, in lower case. */
  readonly scope: string;
  readonly config: GithubConfig;
  readonly context: CollectorContext;
  readonly provenance: Provenance;
}

/** What every record of a scope begins with. `native` is immutable, and like no other in the scope's dataset, of whatever kind. */
export function common<const Kind extends string>(
  { scope }: Pick<Work, 'scope'>,
  kind: Kind,
  native: string,
) {
  return { id: idOf(scope, native), kind, source: 'github', scope };
}

export function idOf(scope: string, native: string): string {
  return `github:${scope}:${native}`;
}

/** What opens every collection; an app gets its token besides. */
export const ALWAYS = [
  'POST /app/installations/{installation_id}/access_tokens',
  'graphql:organization',
] as const;
