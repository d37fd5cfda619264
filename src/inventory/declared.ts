import type { DatabaseSync } from 'node:sqlite';
import { type OwnerMap, storeDeclared } from './owner.ts';
import { storeRoles } from './soa-owner.ts';

/** What the Scope manifest says that columns are computed from. */
export interface Declarations {
  readonly owners: OwnerMap;
  /** Native ids of the sources in scope: accounts, organisations, files. */
  readonly scopes: readonly string[];
  /** Record ids of people, by the role that controls name as their owner. */
  readonly roles?: Readonly<Record<string, string>>;
}

export const nothingDeclared: Declarations = { owners: { identities: {}, services: {} }, scopes: [] };

/** As a Scope manifest has it. */
export function declarationsOf(
  scope:
    | {
        readonly owners: OwnerMap & Pick<Declarations, 'roles'>;
        readonly sources: readonly { readonly scopes: readonly string[] }[];
      }
    | undefined,
): Declarations {
  if (scope === undefined) return nothingDeclared;
  const { identities, services, roles = {} } = scope.owners;
  return { owners: { identities, services }, scopes: scope.sources.flatMap(({ scopes }) => scopes), roles };
}

/** Replaces what is declared. Columns that rest on it are computed apart. */
export function storeDeclarations(db: DatabaseSync, { owners, scopes, roles = {} }: Declarations): void {
  storeDeclared(db, owners);
  storeRoles(db, roles);
  db.exec('DELETE FROM _declared_scope');
  const insert = db.prepare('INSERT OR IGNORE INTO _declared_scope VALUES (?)');
  for (const scope of scopes) insert.run(scope);
}

/** Computes `organization_account.declared`, of one source's accounts or of all. */
export function computeDeclared(db: DatabaseSync, source: number | null): void {
  db.prepare(
    `UPDATE organization_account SET declared = EXISTS (SELECT 1 FROM _declared_scope AS d WHERE d.id = account)
      WHERE :source IS NULL OR _source = :source`,
  ).run({ source });
}
