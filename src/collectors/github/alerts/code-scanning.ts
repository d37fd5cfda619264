import { z } from 'zod';
import type { VulnerabilityRecord } from '../../../inventory/kinds/vulnerability.ts';
import { common, type GithubWorker, type Work } from '../dataset.ts';
import { databaseId, time } from '../fields.ts';
import { firstPage } from './probe.ts';

const ROUTE = 'GET /orgs/{org}/code-scanning/alerts';

/** One listing each: GitHub takes one state. Those that are mended are left out. */
const STATES = ['open', 'dismissed'] as const;

const rated = z.enum(['low', 'medium', 'high', 'critical']);

const alert = z.object({
  number: z.int(),
  state: z.enum(STATES),
  created_at: time,
  rule: z.object({
    id: z.string().min(1),
    severity: z.enum(['none', 'note', 'warning', 'error']).nullish(),
    /** Absent: it isn't about security. */
    security_severity_level: rated.nullish(),
  }),
  repository: z.object({ id: databaseId, full_name: z.string().min(1) }),
});

type Alert = z.infer<typeof alert>;

/** What scanners of the code found and nobody has mended. */
export const codeScanning: GithubWorker = {
  async *collect(work) {
    // An alert that is dismissed while the pages are read is told of once.
    const seen = new Set<string>();
    for (const state of STATES)
      for await (const page of work.session.list(ROUTE, { org: work.organization.login, state }, alert))
        for (const one of page) {
          const key = `${one.repository.id}/${one.number}`;
          if (seen.has(key)) continue;
          seen.add(key);
          yield recordOf(work, one, key);
        }
  },
  probes: {
    'Repository permissions: Code scanning alerts (read)': (work) =>
      firstPage(work, ROUTE, { state: 'open' }),
  },
};

function recordOf(work: Work, told: Alert, key: string): VulnerabilityRecord {
  return {
    ...common(work, 'vulnerability', `code-scanning/${key}`),
    name: told.rule.id,
    region: '',
    resource: told.repository.full_name,
    resource_type: 'source_code',
    severity: severityOf(told.rule),
    status: told.state === 'open' ? 'open' : 'suppressed',
    first_seen_at: told.created_at,
    last_seen_at: told.created_at,
    fix_available: null,
    exploit_known: null,
  };
}

/** A scanner that rates no security says how sure it is instead; one that says neither has yet to be looked at. */
const UNRATED = { none: 'none', note: 'low', warning: 'medium', error: 'high' } as const;

function severityOf({
  severity,
  security_severity_level: rating,
}: Alert['rule']): VulnerabilityRecord['severity'] {
  if (rating !== undefined && rating !== null) return rating;
  return severity === undefined || severity === null ? 'untriaged' : UNRATED[severity];
}
