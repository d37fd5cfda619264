import {
  AccessAnalyzerClient,
  ListAnalyzersCommand,
  type ListAnalyzersResponse,
  ListFindingsCommand,
  type ListFindingsResponse,
} from '@aws-sdk/client-accessanalyzer';
import { z } from 'zod';
import type { AlertRecord } from '../../../inventory/kinds/alert.ts';
import type { DetectorRecord } from '../../../inventory/kinds/detector.ts';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import { CollectorError } from '../../error.ts';
import { type AwsWorker, common, type Work } from '../dataset.ts';
import { pages } from '../../pages.ts';
import { listed, moment, read } from '../../read.ts';

const ANALYZERS = 'access-analyzer:ListAnalyzers';
/** The older listing: the newer one tells neither whom a resource is open to nor whether that is everybody. It knows outside access alone. */
const FINDINGS = 'access-analyzer:ListFindings';
const PAGE = 100;

/** Analyzers of what outsiders may reach. The others look for access from inside and for rights that nobody uses. */
const OUTSIDE = ['ACCOUNT', 'ORGANIZATION'] as const;
const OTHERS = [
  'ACCOUNT_INTERNAL_ACCESS',
  'ORGANIZATION_INTERNAL_ACCESS',
  'ACCOUNT_UNUSED_ACCESS',
  'ORGANIZATION_UNUSED_ACCESS',
] as const;

const analyzer = z.object({
  arn: z.string().min(1),
  type: z.enum([...OUTSIDE, ...OTHERS]),
  status: z.enum(['ACTIVE', 'CREATING', 'DISABLED', 'FAILED']),
});

type Analyzer = z.infer<typeof analyzer>;

const finding = z.object({
  id: z.string().min(1),
  status: z.enum(['ACTIVE', 'ARCHIVED', 'RESOLVED']),
  principal: z.record(z.string(), z.string()).default({}),
  resource: z.string().default(''),
  resourceType: z.string().default(''),
  isPublic: z.boolean().optional(),
  createdAt: moment,
  analyzedAt: moment,
});

const STATUS = { ACTIVE: 'open', ARCHIVED: 'suppressed', RESOLVED: 'resolved' } as const;

const clientOf = ({ session }: Work) => session.client('access-analyzer', AccessAnalyzerClient);

/**
 * The region's analyzers of outside access, and what those that work have found. Calls: one a hundred analyzers, and one a hundred of what each
 * has found.
 */
async function* collectAccessAnalyzer(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const outside = (await analyzers(work)).filter(({ type }) => OUTSIDE.some((known) => known === type));
  for (const one of outside) yield detectorOf(work, one);
  if (outside.length === 0) yield detectorOf(work, undefined);
  const seen = new Set<string>();
  for (const { arn, status } of outside)
    if (status === 'ACTIVE')
      for await (const alert of alerts(work, arn)) {
        if (seen.has(alert.id)) throw new CollectorError('incomplete', `${FINDINGS}: ${alert.id} came twice`);
        seen.add(alert.id);
        yield alert;
      }
}

async function analyzers(work: Work): Promise<readonly Analyzer[]> {
  const fetch = (nextToken: string | undefined) =>
    work.session.call(ANALYZERS, (options) =>
      clientOf(work).send(new ListAnalyzersCommand({ maxResults: PAGE, nextToken }), options),
    );
  const found = new Map<string, Analyzer>();
  for await (const page of pages<ListAnalyzersResponse>(ANALYZERS, fetch, ({ nextToken }) => nextToken))
    for (const one of listed(ANALYZERS, 'analyzers', page.analyzers)) {
      const known = read(ANALYZERS, one.arn ?? 'an analyzer', analyzer, one);
      if (found.has(known.arn))
        throw new CollectorError('incomplete', `${ANALYZERS}: ${known.arn} came twice`);
      found.set(known.arn, known);
    }
  return [...found.values()];
}

/** Undefined: the region has no analyzer of outside access. */
function detectorOf(work: Work, one: Analyzer | undefined): DetectorRecord {
  const organization = one?.type === 'ORGANIZATION';
  return {
    ...common(work, 'detector', `access-analyzer/${one === undefined ? '' : one.arn.split('/').at(-1)}`),
    type: 'access',
    name: 'Access Analyzer',
    region: work.region,
    resource: one?.arn ?? '',
    enabled: one?.status === 'ACTIVE',
    complete: null,
    last_delivered_at: null,
    delivery_failed: null,
    features: [{ name: 'organisation', enabled: organization }],
  };
}

async function* alerts(work: Work, analyzerArn: string): AsyncGenerator<AlertRecord, void, undefined> {
  const fetch = (nextToken: string | undefined) =>
    work.session.call(FINDINGS, (options) =>
      clientOf(work).send(new ListFindingsCommand({ analyzerArn, maxResults: PAGE, nextToken }), options),
    );
  for await (const page of pages<ListFindingsResponse>(FINDINGS, fetch, ({ nextToken }) => nextToken))
    for (const one of listed(FINDINGS, 'findings', page.findings)) yield alertOf(work, one);
}

function alertOf(work: Work, one: NonNullable<ListFindingsResponse['findings']>[number]): AlertRecord {
  const told = read(FINDINGS, `finding ${one.id ?? ''}`, finding, one);
  return {
    ...common(work, 'alert', `access-analyzer/${told.id}`),
    type: 'access',
    name: 'ExternalAccess',
    region: work.region,
    resource: told.resource,
    resource_type: told.resourceType,
    severity: 'none',
    status: STATUS[told.status],
    first_seen_at: told.createdAt,
    last_seen_at: told.analyzedAt,
    public: told.isPublic ?? null,
    principal: Object.entries(told.principal)
      .map(([type, name]) => `${type}: ${name}`)
      .sort()
      .join(', '),
  };
}

export const accessAnalyzer: AwsWorker = {
  collect: collectAccessAnalyzer,
  probes: {
    'access-analyzer:ListAnalyzers': (work) =>
      clientOf(work).send(new ListAnalyzersCommand({ maxResults: 1 })),
    // Of an analyzer that nobody has: not found, for those who may ask.
    'access-analyzer:ListFindings': (work) =>
      clientOf(work).send(
        new ListFindingsCommand({
          analyzerArn: `arn:aws:access-analyzer:${work.region}:${work.account.id}:analyzer/annexa-preflight`,
          maxResults: 1,
        }),
      ),
  },
};
