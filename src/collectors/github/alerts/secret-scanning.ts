import { z } from 'zod';
import type { LeakedSecretRecord } from '../../../inventory/kinds/leaked-secret.ts';
import { common, type GithubWorker, type Work } from '../dataset.ts';
import { databaseId, time } from '../fields.ts';
import { firstPage } from './probe.ts';

const ROUTE = 'GET /orgs/{org}/secret-scanning/alerts';

/** The secrets themselves are not asked for. */
const HIDDEN = { hide_secret: true };

const alert = z.object({
  number: z.int(),
  state: z.enum(['open', 'resolved']),
  resolution: z.string().nullish(),
  secret_type: z.string().min(1),
  created_at: time,
  resolved_at: time.nullish(),
  push_protection_bypassed: z.boolean().nullish(),
  validity: z.string().nullish(),
  repository: z.object({ id: databaseId, full_name: z.string().min(1) }),
});

type Alert = z.infer<typeof alert>;

/** Secrets that were found in the repositories. */
export const secretScanning: GithubWorker = {
  async *collect(work) {
    const parameters = { org: work.organization.login, ...HIDDEN };
    for await (const page of work.session.list(ROUTE, parameters, alert))
      for (const one of page) yield recordOf(work, one);
  },
  probes: {
    'Repository permissions: Secret scanning alerts (read)': (work) =>
      firstPage(work, ROUTE, { hide_secret: 'true' }),
  },
};

function recordOf(work: Work, told: Alert): LeakedSecretRecord {
  return {
    ...common(work, 'leaked_secret', `secret-scanning/${told.repository.id}/${told.number}`),
    repository: told.repository.full_name,
    number: told.number,
    type: told.secret_type,
    state: told.state,
    resolution: told.state === 'open' ? null : resolutionOf(told.resolution),
    first_seen_at: told.created_at,
    resolved_at: told.resolved_at ?? null,
    push_protection_bypassed: told.push_protection_bypassed ?? null,
    validity: told.validity === 'active' || told.validity === 'inactive' ? told.validity : 'unknown',
  };
}

const RESOLUTIONS = ['revoked', 'false_positive', 'wont_fix', 'used_in_tests'] as const;

function resolutionOf(word: string | null | undefined): LeakedSecretRecord['resolution'] {
  if (word === undefined || word === null) return null;
  return RESOLUTIONS.find((known) => known === word) ?? 'other';
}
