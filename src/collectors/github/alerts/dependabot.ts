import { z } from 'zod';
import type { VulnerabilityRecord } from '../../../inventory/kinds/vulnerability.ts';
import { common, type GithubWorker, type Work } from '../dataset.ts';
import { databaseId, time } from '../fields.ts';
import { firstPage } from './probe.ts';

const ROUTE = 'GET /orgs/{org}/dependabot/alerts';

/** Those that are mended are left out: there may be any number of them, and nothing asks about them. */
const STATES = 'auto_dismissed,dismissed,open';

const alert = z.object({
  number: z.int(),
  state: z.enum(['auto_dismissed', 'dismissed', 'fixed', 'open']),
  created_at: time,
  dependency: z.object({ package: z.object({ name: z.string().min(1) }) }),
  security_advisory: z.object({ ghsa_id: z.string().min(1), cve_id: z.string().min(1).nullable() }),
  security_vulnerability: z.object({
    severity: z.enum(['low', 'medium', 'high', 'critical']),
    first_patched_version: z.object({}).nullable(),
  }),
  repository: z.object({ id: databaseId, full_name: z.string().min(1) }),
});

/** Known weaknesses of what the repositories depend on. */
export const dependabot: GithubWorker = {
  async *collect(work) {
    const parameters = { org: work.organization.login, state: STATES };
    for await (const page of work.session.list(ROUTE, parameters, alert))
      for (const one of page) yield recordOf(work, one);
  },
  probes: {
    'Repository permissions: Dependabot alerts (read)': (work) => firstPage(work, ROUTE, { state: 'open' }),
  },
};

const STATUS = {
  open: 'open',
  dismissed: 'suppressed',
  auto_dismissed: 'suppressed',
  fixed: 'closed',
} as const;

function recordOf(work: Work, told: Alert): VulnerabilityRecord {
  const { repository, security_advisory: advisory, security_vulnerability: weakness } = told;
  return {
    ...common(work, 'vulnerability', `dependabot/${repository.id}/${told.number}`),
    name: advisory.cve_id ?? advisory.ghsa_id,
    region: '',
    resource: repository.full_name,
    resource_type: 'dependency',
    severity: weakness.severity,
    status: STATUS[told.state],
    first_seen_at: told.created_at,
    last_seen_at: told.created_at,
    fix_available: weakness.first_patched_version !== null,
    exploit_known: null,
  };
}

type Alert = z.infer<typeof alert>;
