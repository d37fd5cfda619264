import { z } from 'zod';
import type { RepositoryRecord } from '../../../inventory/kinds/repository.ts';
import type { Work } from '../dataset.ts';
import { databaseId } from '../fields.ts';

const ROUTE = 'GET /orgs/{org}/repos';

const status = z
  .object({ status: z.string() })
  .transform((value) => (value.status === 'enabled' ? true : value.status === 'disabled' ? false : null))
  .nullish()
  .transform((value) => value ?? null);

const repository = z.object({
  id: databaseId,
  /** Told to administrators alone. */
  security_and_analysis: z
    .object({
      secret_scanning: status,
      secret_scanning_push_protection: status,
      advanced_security: status,
      code_security: status,
    })
    .nullish(),
});

export type Analysis = Pick<RepositoryRecord, 'secret_scanning' | 'push_protection' | 'code_security'>;

/** What the REST API alone tells of each repository, by its number. */
export async function listAnalyses({ session, organization }: Work): Promise<Map<number, Analysis>> {
  const found = new Map<number, Analysis>();
  const parameters = { org: organization.login, type: 'all', sort: 'created', direction: 'asc' };
  for await (const page of session.list(ROUTE, parameters, repository))
    for (const { id, security_and_analysis: told } of page)
      found.set(id, {
        secret_scanning: told?.secret_scanning ?? null,
        push_protection: told?.secret_scanning_push_protection ?? null,
        code_security: told?.code_security ?? told?.advanced_security ?? null,
      });
  return found;
}
