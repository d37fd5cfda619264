import {
  BatchGetAccountStatusCommand,
  type Finding as InspectorFinding,
  Inspector2Client,
  ListCoverageCommand,
  ListFindingsCommand,
} from '@aws-sdk/client-inspector2';
import { z } from 'zod';
import type { DetectorRecord } from '../../../inventory/kinds/detector.ts';
import type { ScanCoverageRecord } from '../../../inventory/kinds/scan-coverage.ts';
import type { VulnerabilityRecord } from '../../../inventory/kinds/vulnerability.ts';
import { CollectorError } from '../../error.ts';
import { type AwsWorker, common, type Work } from '../dataset.ts';
import { pages } from '../../pages.ts';
import { listed, moment, read } from '../../read.ts';
import type { Session } from '../session.ts';
import { instanceArn } from './resources.ts';

const state = z.object({ status: z.string().min(1) });
const accountSchema = z.object({
  accountId: z.string(),
  state,
  resourceState: z.object({
    ec2: state,
    ecr: state,
    lambda: state.optional(),
    lambdaCode: state.optional(),
    codeRepository: state.optional(),
  }),
});

const coveredSchema = z.object({
  accountId: z.string(),
  resourceId: z.string().min(1),
  resourceType: z.string().min(1),
  scanType: z.string().min(1),
  scanStatus: z.object({ statusCode: z.string(), reason: z.string() }).optional(),
  lastScannedAt: moment.optional(),
});

const findingSchema = z.object({
  findingArn: z.string().regex(/:finding\/.+$/),
  awsAccountId: z.string(),
  type: z.string().min(1),
  severity: z.string().min(1),
  status: z.string().min(1),
  firstObservedAt: moment,
  lastObservedAt: moment,
  fixAvailable: z.string().optional(),
  exploitAvailable: z.string().optional(),
  resources: z.array(z.object({ id: z.string().min(1), type: z.string().min(1) })).min(1),
  packageVulnerabilityDetails: z.object({ vulnerabilityId: z.string().min(1) }).optional(),
  codeVulnerabilityDetails: z.object({ detectorId: z.string().min(1) }).optional(),
  networkReachabilityDetails: z
    .object({ protocol: z.string(), openPortRange: z.object({ begin: z.int(), end: z.int() }) })
    .optional(),
});

export const inspector: AwsWorker = {
  collect,
  probes: {
    'inspector2:BatchGetAccountStatus': ({ session, account }) =>
      clientOf(session).send(new BatchGetAccountStatusCommand({ accountIds: [account.id] })),
    'inspector2:ListCoverage': ({ session }) =>
      clientOf(session).send(new ListCoverageCommand({ maxResults: 1 })),
    'inspector2:ListFindings': ({ session }) =>
      clientOf(session).send(new ListFindingsCommand({ maxResults: 1 })),
  },
};

const clientOf = (session: Session): Inspector2Client => session.client('inspector2', Inspector2Client);

type Found = DetectorRecord | ScanCoverageRecord | VulnerabilityRecord;

/** The region's scanner, what it covers, and all that it found, open, suppressed or lately closed. One that is off has nothing to tell. */
async function* collect(work: Work): AsyncGenerator<Found, void, undefined> {
  const detector = await detectorRecord(work);
  yield detector;
  if (!detector.enabled) return;
  yield* coverage(work);
  yield* vulnerabilities(work);
}

async function detectorRecord(work: Work): Promise<DetectorRecord> {
  const { session, account, region } = work;
  const operation = 'inspector2:BatchGetAccountStatus';
  const answer = await session.call(operation, (options) =>
    clientOf(session).send(new BatchGetAccountStatusCommand({ accountIds: [account.id] }), options),
  );
  const own = listed(operation, 'accounts', answer.accounts).find(
    ({ accountId }) => accountId === account.id,
  );
  if (own === undefined)
    throw new CollectorError('incomplete', `${operation}: nothing about account ${account.id}`);
  const { state: all, resourceState } = read(operation, account.id, accountSchema, own);
  const features = FEATURES.flatMap(([member, name]) => {
    const told = resourceState[member];
    return told === undefined ? [] : [{ name, enabled: told.status === 'ENABLED' }];
  });
  const enabled = all.status === 'ENABLED';
  return {
    ...common(work, 'detector', 'inspector'),
    type: 'vulnerability',
    name: 'Amazon Inspector',
    region,
    resource: enabled ? account.id : '',
    enabled,
    complete: enabled && features.every((feature) => feature.enabled),
    last_delivered_at: null,
    delivery_failed: null,
    features,
  };
}

const FEATURES = [
  ['ec2', 'machines'],
  ['ecr', 'images'],
  ['lambda', 'functions'],
  ['lambdaCode', 'function-code'],
  ['codeRepository', 'repositories'],
] as const;

/** The account's own: an administrator of many is shown theirs, too, and each is collected in its own scope. */
async function* coverage(work: Work): AsyncGenerator<ScanCoverageRecord, void, undefined> {
  const { session, account } = work;
  const operation = 'inspector2:ListCoverage';
  const fetch = (nextToken: string | undefined) =>
    session.call(operation, (options) =>
      clientOf(session).send(
        new ListCoverageCommand({
          filterCriteria: { accountId: [{ comparison: 'EQUALS', value: account.id }] },
          maxResults: 200,
          nextToken,
        }),
        options,
      ),
    );
  for await (const page of pages(operation, fetch, ({ nextToken }) => nextToken))
    for (const covered of listed(operation, 'coveredResources', page.coveredResources)) {
      const known = read(operation, covered.resourceId ?? 'a resource', coveredSchema, covered);
      own(operation, known.accountId, work);
      // It is gone, and its coverage is about to go.
      if (known.scanStatus?.reason !== 'RESOURCE_TERMINATED') yield coverageRecord(work, known);
    }
}

function own(operation: string, owner: string, { account }: Work): void {
  if (owner !== account.id)
    throw new CollectorError('malformed', `${operation}: of account ${owner}, which was not asked for`);
}

function coverageRecord(work: Work, covered: z.output<typeof coveredSchema>): ScanCoverageRecord {
  const { resourceId, resourceType, scanType, scanStatus } = covered;
  const active = scanStatus?.statusCode === 'ACTIVE';
  return {
    ...common(work, 'scan_coverage', `${resourceId}/${scanType}`),
    resource: resourceName(resourceId, work),
    name: resourceId.replace(/^.*\//, ''),
    resource_type: resourceType,
    region: work.region,
    // A repository isn't scanned itself: its images are, and have entries of their own.
    scan_type: resourceType === 'AWS_ECR_REPOSITORY' ? 'other' : (SCANS.get(scanType) ?? 'other'),
    active,
    stopped: STOPPED.has(scanStatus?.reason ?? ''),
    cause: active ? '' : (scanStatus?.reason ?? 'untold'),
    last_scanned_at: covered.lastScannedAt ?? null,
  };
}

const SCANS: ReadonlyMap<string, ScanCoverageRecord['scan_type']> = new Map([
  ['PACKAGE', 'package'],
  ['NETWORK', 'network'],
  ['CODE', 'code'],
]);
const STOPPED: ReadonlySet<string> = new Set(['EC2_INSTANCE_STOPPED', 'RESOURCE_STOPPED']);

/** Machines are told by their id, all else by its ARN. */
const resourceName = (id: string, work: Work): string =>
  /^i-[0-9a-f]+$/.test(id) ? instanceArn(id, work) : id;

async function* vulnerabilities(work: Work): AsyncGenerator<VulnerabilityRecord, void, undefined> {
  const { session, account } = work;
  const operation = 'inspector2:ListFindings';
  const fetch = (nextToken: string | undefined) =>
    session.call(operation, (options) =>
      clientOf(session).send(
        new ListFindingsCommand({
          filterCriteria: { awsAccountId: [{ comparison: 'EQUALS', value: account.id }] },
          maxResults: 100,
          nextToken,
        }),
        options,
      ),
    );
  for await (const page of pages(operation, fetch, ({ nextToken }) => nextToken))
    for (const finding of listed(operation, 'findings', page.findings))
      yield vulnerabilityRecord(work, operation, finding);
}

function vulnerabilityRecord(work: Work, operation: string, finding: InspectorFinding): VulnerabilityRecord {
  const known = read(operation, finding.findingArn ?? 'a finding', findingSchema, finding);
  own(operation, known.awsAccountId, work);
  const [resource] = known.resources;
  return {
    ...common(work, 'vulnerability', known.findingArn.replace(/^.*:finding\//, '')),
    name: nameOf(known),
    region: work.region,
    resource: resourceName(resource?.id ?? '', work),
    resource_type: resource?.type ?? '',
    severity: SEVERITIES.get(known.severity) ?? 'untriaged',
    status: STATUSES.get(known.status) ?? 'open',
    first_seen_at: known.firstObservedAt,
    last_seen_at: known.lastObservedAt,
    fix_available: FIXES.get(known.fixAvailable ?? '') ?? null,
    exploit_known: EXPLOITS.get(known.exploitAvailable ?? '') ?? null,
  };
}

/** A CVE, a rule for code, or what can be reached. */
function nameOf(finding: z.output<typeof findingSchema>): string {
  const network = finding.networkReachabilityDetails;
  if (network !== undefined) {
    const { begin, end } = network.openPortRange;
    return `reachable ${network.protocol} ${begin}-${end}`;
  }
  const { packageVulnerabilityDetails: inPackage, codeVulnerabilityDetails: inCode, type } = finding;
  return inPackage?.vulnerabilityId ?? inCode?.detectorId ?? type;
}

const SEVERITIES: ReadonlyMap<string, VulnerabilityRecord['severity']> = new Map([
  ['CRITICAL', 'critical'],
  ['HIGH', 'high'],
  ['MEDIUM', 'medium'],
  ['LOW', 'low'],
  ['INFORMATIONAL', 'none'],
  ['UNTRIAGED', 'untriaged'],
]);
const STATUSES: ReadonlyMap<string, VulnerabilityRecord['status']> = new Map([
  ['ACTIVE', 'open'],
  ['SUPPRESSED', 'suppressed'],
  ['CLOSED', 'closed'],
]);
/** Partly: some of the packages concerned can be mended. */
const FIXES: ReadonlyMap<string, boolean> = new Map([
  ['YES', true],
  ['PARTIAL', true],
  ['NO', false],
]);
const EXPLOITS: ReadonlyMap<string, boolean> = new Map([
  ['YES', true],
  ['NO', false],
]);
